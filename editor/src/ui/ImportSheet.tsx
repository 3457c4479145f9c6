/** Shows an import under way: what was counted, how far it is, and what the server objects to, beside the field. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { sentence } from '../api/operations';
import { current, hovering, type Import, importAgain, importFile } from './importing';
import { Sheet } from './Sheet';

export function ImportSheet() {
  const attempt = current.value;
  return (
    <>
      {hovering.value && (
        <div class="drop-veil" aria-hidden="true">
          <p>Let go to read the screenplay</p>
        </div>
      )}
      {attempt !== null && <Attempt attempt={attempt} />}
    </>
  );
}

const typed = signal('');

function Attempt({ attempt }: { attempt: Import }) {
  const { pages, scenes, characters } = attempt.counted;
  const sending = attempt.step === 'sending';
  const close = (): void => {
    if (!sending) current.value = null;
  };
  const title = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!sending) title.current?.select();
  }, [sending]);
  const aboutTitle = attempt.errors.filter((error) => error.path.at(-1) === 'title');
  const others = attempt.errors.filter((error) => !aboutTitle.includes(error));
  return (
    <Sheet title={sending ? 'Reading the screenplay' : 'The screenplay was not taken in'} onClose={close}>
      <form
        class="form"
        data-testid="import-sheet"
        onSubmit={(event) => {
          event.preventDefault();
          void importAgain(typed.peek() || attempt.title);
        }}
      >
        <label class="field">
          <span>Title</span>
          <input
            ref={title}
            defaultValue={attempt.title}
            disabled={sending}
            aria-invalid={aboutTitle.length > 0}
            aria-describedby="import-title-errors"
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
          <span class="field-errors" id="import-title-errors">
            {aboutTitle.map((error) => sentence(error.message)).join(' ')}
          </span>
        </label>
        <p class="import-count">
          {scenes} {scenes === 1 ? 'scene' : 'scenes'} · {characters} speaking · about {pages}{' '}
          {pages === 1 ? 'page' : 'pages'}
        </p>
        {others.length > 0 && (
          <ul class="field-errors" role="alert">
            {others.map((error) => (
              <li key={error.message}>{sentence(error.message)}</li>
            ))}
          </ul>
        )}
        {sending ? (
          <div class="sweep" role="progressbar" aria-label="Importing" />
        ) : (
          <div class="form-end">
            <button type="button" class="quiet" onClick={close}>
              Leave it
            </button>
            <button type="submit" class="primary">
              Try again
            </button>
          </div>
        )}
      </form>
    </Sheet>
  );
}

/** The file input every page offers; one look, one test hook. */
export function ImportButton({ label, look }: { label: string; look: 'primary' | 'quiet' }) {
  return (
    <label class={`${look} file-button`}>
      {label}
      <input
        type="file"
        class="unseen"
        accept=".fountain,.spmd,.txt,text/plain"
        data-testid="import-input"
        onChange={(event) => {
          const input = event.currentTarget;
          const file = input.files?.[0];
          if (file !== undefined) void importFile(file);
          input.value = '';
        }}
      />
    </label>
  );
}
