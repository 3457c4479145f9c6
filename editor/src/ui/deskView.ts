/** The CodeMirror view that is open now, for panes that point into the text. */
import type { EditorView } from '@codemirror/view';
import { signal } from '@preact/signals';

export const desk = signal<EditorView | null>(null);

/** Findings of the open scene whose words have changed since; the server has not looked again yet. */
export const outdated = signal<ReadonlySet<string>>(new Set());
