/** Instead of the desk of a project that was deleted: who did it, the way back, and the desk again once it is restored. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Gone, goneOf, isGone, restoreProject } from '../api/deletion';
import { project, wordsFor } from '../api/operations';
import { byWhomWords, wayBackWords } from '../story/deletedWords';
import { navigate } from '../story/router';
import type { Story } from '../story/story';

/** Between two looks whether it is back. Shorter: a room full of people asks the server all the time, for nothing. */
const LOOK_MS = 3000;

export function DeletedPage({ story }: { story: Story }) {
  const told = useSignal<Gone | null>(null);
  const problem = useSignal('');
  const busy = useSignal(false);
  const look = async (): Promise<void> => {
    try {
      if ((await project(story.id)) !== null) story.comeBack();
    } catch (cause) {
      if (isGone(cause)) told.value = goneOf(cause); // else the server is away: the next look tells
    }
  };
  useEffect(() => {
    void look();
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [story]);
  const restore = async (): Promise<void> => {
    problem.value = '';
    busy.value = true;
    try {
      await restoreProject(story.id);
      await look();
    } catch (cause) {
      problem.value = wordsFor(cause);
    } finally {
      busy.value = false;
    }
  };
  const gone = told.value;
  const mayRestore = gone !== null && gone.byYou && gone.restorableUntil !== null;
  return (
    <main class="alone" data-testid="deleted-page">
      <img src="/mark.svg" alt="" width="56" height="56" />
      <h1>This project was deleted.</h1>
      <p role="status">
        {gone === null ? 'Asking who deleted it, and whether there is a way back…' : `${byWhomWords(gone)} ${wayBackWords(gone, Date.now())}`}
      </p>
      {story.rooms.durable ? null : (
        <p>What you typed last had not reached the server. It is kept in this page, and goes there if the project comes back.</p>
      )}
      <p class="field-errors" role="alert">
        {problem.value}
      </p>
      <div class="alone-ways">
        {mayRestore && (
          <button type="button" class="quiet" disabled={busy.value} onClick={() => void restore()} data-testid="restore">
            Restore it
          </button>
        )}
        <button type="button" class="primary" onClick={() => navigate('/')}>
          All projects
        </button>
      </div>
    </main>
  );
}
