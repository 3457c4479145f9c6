/**
 * Builds the CodeMirror view of one scene, bound to its live document.
 *
 * Invariant: undo takes back only what this person did, and survives leaving the scene and coming back.
 */
import { defaultKeymap } from '@codemirror/commands';
import { lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import * as Y from 'yjs';
import type { Room } from '../collab/room';
import { caretNames } from './carets';
import { screenplayPage } from './page';
import { remarks } from './remarks';
import { type Known, suggestions } from './suggest';

const UNDO = new WeakMap<Room, Y.UndoManager>();
const writable = new Compartment();

const EMPTY_PAGE = 'INT. SOMEWHERE - DAY\n\nWhat do we see first?';

function undoFor(room: Room): Y.UndoManager {
  const known = UNDO.get(room);
  if (known !== undefined) return known;
  const made = new Y.UndoManager(room.doc.getText('script'));
  UNDO.set(room, made);
  return made;
}

export interface PageEvents {
  generate: () => void;
  /** The text changed, by anyone. */
  changed: () => void;
  comment: (from: number, to: number) => void;
  /** The caret came into, or left, commented words. */
  reached: (thread: string | null) => void;
  /** Names to offer, as they are known now. */
  known: () => Known;
}

export function openPage(parent: HTMLElement, room: Room, locked: boolean, events: PageEvents): EditorView {
  const text = room.doc.getText('script');
  return new EditorView({
    parent,
    state: EditorState.create({ doc: text.toString(), extensions: pageExtensions(room, text, locked, events) }),
  });
}

export function setLocked(view: EditorView, locked: boolean): void {
  view.dispatch({ effects: writable.reconfigure(EditorState.readOnly.of(locked)) });
}

function pageExtensions(room: Room, text: Y.Text, locked: boolean, events: PageEvents): Extension[] {
  const generate = (): boolean => {
    events.generate();
    return true;
  };
  return [
    Prec.highest(keymap.of([{ key: 'Mod-Enter', run: generate }])),
    keymap.of([...yUndoManagerKeymap, ...searchKeymap, ...lintKeymap, ...defaultKeymap]),
    caretNames(room.awareness),
    yCollab(text, room.awareness, { undoManager: undoFor(room) }),
    writable.of(EditorState.readOnly.of(locked)),
    screenplayPage,
    suggestions(events.known),
    remarks({ comment: events.comment, reached: events.reached }),
    lintGutter(),
    search({ top: true }),
    highlightSelectionMatches(),
    placeholder(EMPTY_PAGE),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) events.changed();
    }),
    EditorView.lineWrapping,
    EditorView.perLineTextDirection.of(true),
    EditorView.contentAttributes.of({
      'aria-label': 'Script of this scene',
      'data-testid': 'editor',
      spellcheck: 'true',
      tabindex: '0', // an audit does not know that editable text takes the focus, and so scrolls by keys
      autocapitalize: 'sentences',
    }),
    EditorView.theme({}, { dark: true }),
  ];
}
