/** A brain of the project's own: the chosen one's definition as text, changed and kept under an id of its own. */
import { useId, useState } from 'preact/hooks';
import type { Brain } from '../api/types';
import { begun } from '../story/ownBrain';
import type { Story } from '../story/story';

const DEFINITION_CHARS_MAX = 16_000;

export function OwnBrain({ story, brain }: { story: Story; brain: Brain }) {
  const [text, setText] = useState(() => begun(brain));
  const [problem, setProblem] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const id = useId();
  const send = async (): Promise<void> => {
    setSending(true);
    setProblem(await story.defineBrain(text));
    setSending(false);
  };
  return (
    <details class="continue" data-testid="own-brain">
      <summary>{brain.own ? 'Change this brain' : 'Make a brain of your own from this one'}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <label class="field">
          <span>Its words, shots, colours and pace. A new id makes a new brain; the same id, its next version.</span>
          <textarea
            rows={8}
            maxLength={DEFINITION_CHARS_MAX}
            spellcheck={false}
            aria-describedby={problem === null ? undefined : id}
            aria-invalid={problem !== null}
            data-testid="own-brain-text"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {problem !== null && (
          <p id={id} role="alert" class="field-errors" data-testid="own-brain-problem">
            {problem}
          </p>
        )}
        <button type="submit" class="small primary" data-testid="own-brain-save" disabled={sending || text.trim() === ''}>
          Keep this brain
        </button>
      </form>
    </details>
  );
}
