/** A sheet of what is asked when it opens: a ghost while it comes, words and a way to ask again when it did not. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { wordsFor } from '../api/operations';
import { Sheet } from './Sheet';

interface FrameProps<T> {
  title: string;
  class?: string;
  /** What it does meanwhile, for those who do not see the ghost. */
  coming: string;
  ask: () => Promise<T>;
  onClose: () => void;
  children: (told: T, again: () => Promise<void>) => ComponentChildren;
  /** Beside "Done", once there is something. */
  end?: (told: T) => ComponentChildren;
}

/** Render it only while the sheet is open: what it told goes with it, and the next opening asks anew. */
export function SheetFrame<T>({ title, class: extra, coming, ask, onClose, children, end }: FrameProps<T>) {
  const found = useSignal<{ told: T } | null>(null);
  const problem = useSignal('');
  const again = async (): Promise<void> => {
    problem.value = '';
    try {
      found.value = { told: await ask() };
    } catch (cause) {
      problem.value = wordsFor(cause);
    }
  };
  useEffect(() => void again(), []);
  return (
    <Sheet title={title} onClose={onClose} {...(extra !== undefined && { class: extra })}>
      {found.value === null && problem.value === '' && <span class="ghost sheet-ghost" role="status" aria-label={coming} />}
      {problem.value !== '' && (
        <p class="field-errors" role="alert">
          {problem.value}{' '}
          <button type="button" class="quiet small" onClick={() => void again()}>
            Try again
          </button>
        </p>
      )}
      {found.value !== null && children(found.value.told, again)}
      <div class="form-end">
        {found.value !== null && end?.(found.value.told)}
        <button type="button" class="quiet" onClick={onClose}>
          Done
        </button>
      </div>
    </Sheet>
  );
}
