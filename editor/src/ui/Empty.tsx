/** A page with one sentence and a way back. */
import { navigate } from '../story/router';

export function Empty({ title, text }: { title: string; text: string }) {
  return (
    <main class="alone">
      <img src="/mark.svg" alt="" width="56" height="56" />
      <h1>{title}</h1>
      <p>{text}</p>
      <div class="alone-ways">
        <button type="button" class="quiet" onClick={() => location.reload()}>
          Try again
        </button>
        <button type="button" class="primary" onClick={() => navigate('/')}>
          All projects
        </button>
      </div>
    </main>
  );
}
