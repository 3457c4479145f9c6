/** Asks for a new scene heading; the answer is written into the script itself. */
import type { Story } from '../story/story';
import { renaming } from './commands';
import { Sheet } from './Sheet';

function close(): void {
  renaming.value = null;
}

export function RenameScene({ story }: { story: Story }) {
  const heading = renaming.value;
  if (heading === null) return null;
  return (
    <Sheet title="Scene heading" onClose={close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          story.renameScene(String(new FormData(event.currentTarget).get('heading') ?? ''));
          close();
        }}
      >
        <label class="field">
          <span>Where and when</span>
          <input name="heading" defaultValue={heading} autocomplete="off" data-testid="scene-heading" dir="auto" />
        </label>
        <div class="form-end">
          <button type="button" class="quiet" onClick={close}>
            Leave it
          </button>
          <button type="submit" class="primary">
            Change
          </button>
        </div>
      </form>
    </Sheet>
  );
}
