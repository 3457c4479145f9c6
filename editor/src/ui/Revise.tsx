/** Has the frames of one shot drawn anew: with words for them, or as another seed has it. */
import { useId, useState } from 'preact/hooks';
import type { BoardRow } from '../story/boardWords';
import type { Generation } from '../story/generation';

const NOTE_CHARS_MAX = 600;

export function Revise({ row, label, generation }: { row: BoardRow; label: string; generation: Generation }) {
  const [open, setOpen] = useState(false);
  const [note, setNote] = useState(row.note);
  const id = useId();
  const busy = generation.busy.value;
  const send = (words: string): void => {
    setOpen(false);
    void generation.revise(row.shot, words);
  };
  if (!open) {
    return (
      <button type="button" class="quiet small" data-testid="revise" aria-label={`Draw anew: ${label}`} disabled={busy} onClick={() => setOpen(true)}>
        Draw anew
      </button>
    );
  }
  return (
    <form
      class="revise"
      onSubmit={(event) => {
        event.preventDefault();
        send(note.trim());
      }}
    >
      <label for={id}>What should change in {label}?</label>
      <input
        id={id}
        ref={(input) => input?.focus()}
        type="text"
        maxLength={NOTE_CHARS_MAX}
        placeholder="closer, at night, and let it rain"
        data-testid="revise-note"
        value={note}
        onInput={(event) => setNote(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          setOpen(false);
        }}
      />
      <div class="revise-ways">
        <button type="submit" class="small primary" data-testid="revise-send" disabled={busy || note.trim() === ''}>
          Draw with these words
        </button>
        <button type="button" class="quiet small" data-testid="revise-seed" disabled={busy} onClick={() => send('')}>
          Another seed
        </button>
        <button type="button" class="quiet small" onClick={() => setOpen(false)}>
          Leave it
        </button>
      </div>
    </form>
  );
}
