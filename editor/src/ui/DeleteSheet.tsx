/** Deletes the open project, once its title was typed: the only step that many people lose work by gets the only such question. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { deleteProject } from '../api/deletion';
import { wordsFor } from '../api/operations';
import { means, toType, untilWords } from '../story/deletedWords';
import { navigate } from '../story/router';
import type { Story } from '../story/story';
import { say } from '../story/toasts';
import { deleting } from './sharing';
import { Sheet } from './Sheet';

const typed = signal('');
const problem = signal('');
const busy = signal(false);

const close = (): void => {
  deleting.value = false;
};

async function remove(story: Story): Promise<void> {
  problem.value = '';
  busy.value = true;
  try {
    const { title, erasedAt } = await deleteProject(story.id);
    close();
    navigate('/');
    say(`“${title}” is deleted. ${untilWords(erasedAt, Date.now())}`);
  } catch (cause) {
    problem.value = wordsFor(cause);
  } finally {
    busy.value = false;
  }
}

export function DeleteSheet({ story }: { story: Story }) {
  const open = deleting.value;
  useEffect(() => {
    typed.value = '';
    problem.value = '';
  }, [open, story]);
  if (!open) return null;
  const title = story.title.value;
  const sure = means(typed.value, title);
  return (
    <Sheet title="Delete this project" class="delete-sheet" onClose={close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (sure && !busy.value) void remove(story);
        }}
      >
        <p id="delete-what">
          Everybody who has it open is sent away, its running jobs end, and its links open nothing. For a few days you can restore it from
          the list of projects; then script, films and history are erased for good.
        </p>
        <label class="field">
          <span>
            Type <strong dir="auto">{toType(title)}</strong> to delete it
          </span>
          <input
            name="title"
            autocomplete="off"
            dir="auto"
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
            aria-describedby="delete-what delete-problem"
            data-testid="delete-title"
          />
        </label>
        <p class="field-errors" id="delete-problem" role="alert">
          {problem.value}
        </p>
        <div class="form-end">
          <button type="button" class="quiet" onClick={close}>
            Keep it
          </button>
          <button type="submit" class="primary" disabled={!sure || busy.value} data-testid="delete-confirm">
            Delete the project
          </button>
        </div>
      </form>
    </Sheet>
  );
}
