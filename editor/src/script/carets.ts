/**
 * Shows a colleague's name above the caret for a moment whenever that caret moves, then lets the line below it be read.
 *
 * Invariant: only the look of carets that y-codemirror.next has drawn is touched; no text, no decoration.
 */
import { EditorView, ViewPlugin } from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';

const NAME_SHOWN_MS = 4000;

interface AwarenessChange {
  added: number[];
  updated: number[];
}

class CaretNames {
  private readonly shown = new WeakMap<Element, Animation>();

  constructor(
    private readonly view: EditorView,
    private readonly awareness: Awareness,
  ) {
    awareness.on('change', this.onChange);
  }

  destroy(): void {
    this.awareness.off('change', this.onChange);
  }

  private readonly onChange = ({ added, updated }: AwarenessChange): void => {
    const moved = new Set<string>();
    for (const client of [...added, ...updated]) {
      const user = this.awareness.getStates().get(client)?.['user'] as { name?: string } | undefined;
      if (client !== this.awareness.clientID && user?.name !== undefined) moved.add(user.name);
    }
    // Carets are drawn by the transaction that this very change triggers; look for them once it has been.
    if (moved.size > 0) requestAnimationFrame(() => this.reveal(moved));
  };

  private reveal(names: ReadonlySet<string>): void {
    for (const label of this.view.dom.querySelectorAll('.cm-ySelectionInfo')) {
      if (!names.has(label.textContent ?? '')) continue;
      this.shown.get(label)?.cancel();
      const fade = [{ opacity: 1 }, { opacity: 1, offset: 0.85 }, { opacity: 0 }];
      this.shown.set(label, label.animate(fade, NAME_SHOWN_MS));
    }
  }
}

export const caretNames = (awareness: Awareness) => ViewPlugin.define((view) => new CaretNames(view, awareness));
