/** Words of a person that could not be saved, because their document was begun anew: shown until they are dealt with. */
import { signal } from '@preact/signals';
import type { Draft, Drafts } from '../collab/drafts';
import { say } from '../story/toasts';

const dismissed = signal(0);

export function DraftNotice({ drafts }: { drafts: Drafts }) {
  void dismissed.value;
  const [draft] = drafts.all();
  if (draft === undefined) return null;
  return (
    <div class="banner draft" role="alert" data-testid="draft">
      <p>This document was begun anew on the server. What you had not saved yet is kept here: copy what you need.</p>
      <textarea readOnly aria-label="Text that was not saved" rows={4} value={draft.text} />
      <button type="button" onClick={() => void copy(draft)}>
        Copy
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          drafts.drop(draft.id);
          dismissed.value += 1;
        }}
      >
        Dismiss
      </button>
    </div>
  );
}

async function copy(draft: Draft): Promise<void> {
  try {
    await navigator.clipboard.writeText(draft.text);
    say('Copied');
  } catch {
    say('Select the text and copy it: this browser does not let the page do it.');
  }
}
