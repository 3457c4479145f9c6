/**
 * Shows comments on the page: a soft line under the words of each thread, and a button beside a selection.
 *
 * Invariant: marks move with the text while people type (CodeMirror maps them) and are set anew when the threads have
 * been read again; nothing here writes the text.
 */
import { type EditorState, type Extension, StateEffect, StateField, type Transaction } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, showTooltip, type Tooltip } from '@codemirror/view';
import type { Thread } from '../story/threads';

type Marked = Pick<Thread, 'id' | 'span' | 'resolved'>;

export interface RemarkEvents {
  /** The words that are selected now shall be commented. */
  comment: (from: number, to: number) => void;
  /** The caret stands in the words of this thread; null: of none. */
  reached: (thread: string | null) => void;
}

const setThreads = StateEffect.define<{ threads: readonly Marked[]; active: string | null }>();

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (shown, transaction) => {
    const fresh = latest(transaction);
    if (fresh === null) return shown.map(transaction.changes);
    const length = transaction.state.doc.length;
    const ranges = fresh.threads.flatMap(({ id, span, resolved }) => {
      if (span === null || resolved !== null || span.to > length) return [];
      const active = id === fresh.active ? ' remark-active' : '';
      return [Decoration.mark({ class: `remark${active}`, attributes: { 'data-thread': id } }).range(span.from, span.to)];
    });
    return Decoration.set(ranges, true);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function latest(transaction: Transaction): { threads: readonly Marked[]; active: string | null } | null {
  let found = null;
  for (const effect of transaction.effects) if (effect.is(setThreads)) found = effect.value;
  return found;
}

export function showThreads(view: EditorView, threads: readonly Marked[], active: string | null): void {
  view.dispatch({ effects: setThreads.of({ threads, active }) });
}

/** Brings the words of a thread into view and selects them. */
export function revealThread(view: EditorView, thread: Thread): boolean {
  if (thread.span === null) return false;
  const { from, to } = thread.span;
  view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
  view.focus();
  return true;
}

function selectionButton(state: EditorState, comment: RemarkEvents['comment']): Tooltip | null {
  const { from, to } = state.selection.main;
  if (from === to || !state.sliceDoc(from, to).trim()) return null;
  return {
    pos: to,
    above: false,
    create: () => {
      const dom = document.createElement('button');
      dom.type = 'button';
      dom.className = 'remark-button';
      dom.textContent = 'Comment';
      dom.dataset['testid'] = 'comment-selection';
      dom.addEventListener('mousedown', (event) => event.preventDefault()); // the selection stays
      dom.addEventListener('click', () => comment(from, to));
      return { dom };
    },
  };
}

export function remarks(events: RemarkEvents): Extension {
  const button = StateField.define<Tooltip | null>({
    create: (state) => selectionButton(state, events.comment),
    update: (shown, { docChanged, selection, state }) =>
      docChanged || selection !== undefined ? selectionButton(state, events.comment) : shown,
    provide: (field) => showTooltip.from(field),
  });
  const comment = (view: EditorView): boolean => {
    const { from, to } = view.state.selection.main;
    if (from === to) return false;
    events.comment(from, to);
    return true;
  };
  return [
    marks,
    button,
    keymap.of([{ key: 'Mod-Alt-m', run: comment }]),
    EditorView.updateListener.of((update) => {
      if (update.selectionSet) events.reached(threadAt(update.state));
    }),
  ];
}

function threadAt(state: EditorState): string | null {
  const { head } = state.selection.main;
  let found: string | null = null;
  state.field(marks).between(head, head, (_from, _to, mark) => {
    const attributes = mark.spec.attributes as Record<string, string> | undefined;
    found = attributes?.['data-thread'] ?? null;
  });
  return found;
}
