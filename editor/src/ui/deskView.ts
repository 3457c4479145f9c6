/** The CodeMirror view that is open now, for panes that point into the text. */
import type { EditorView } from '@codemirror/view';
import { signal } from '@preact/signals';

export const desk = signal<EditorView | null>(null);
