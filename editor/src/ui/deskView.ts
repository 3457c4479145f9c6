/** The CodeMirror view that is open now, for panes that point into the text. */
import type { EditorView } from '@codemirror/view';
import { signal } from '@preact/signals';
import type { Held } from '../story/threads';

export const desk = signal<EditorView | null>(null);

/** Findings of the open scene whose words have changed since; the server has not looked again yet. */
export const outdated = signal<ReadonlySet<string>>(new Set());

/** The thread that is looked at: its words are lit on the page, its card in the margin. */
export const activeThread = signal<string | null>(null);

/** Words about to be commented; the composer is open while there are some. */
export const held = signal<Held | null>(null);

/** What may be said of the take that is shown, while it is one that the cache gave; `another` and `draw` wait for a
 * running job, and `draw` is there where no frame was drawn. */
export const reused = signal<{ refuse: () => void; another: (() => void) | null; draw: (() => void) | null } | null>(null);
