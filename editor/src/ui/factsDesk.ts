/** What the sheet of facts is about and does: the caret's moment, the fact being said, and saying it. */
import { batch, signal } from '@preact/signals';
import { type Fact, type Holding, type Said, setFact } from '../api/facts';
import { wordsFor } from '../api/operations';
import { identity } from '../collab/people';
import { toCodePoints } from '../script/codepoints';
import { quoteAt } from '../story/factsWords';
import type { Story } from '../story/story';
import { desk } from './deskView';

export interface Moment {
  sceneId: string;
  /** Code points of the script. */
  at: number;
  quote: string;
}

export interface Draft {
  /** The fact that is corrected; null: a new one. */
  was: Fact | null;
  entity: string;
  attribute: string;
  value: string;
}

export type Again = () => Promise<void>;

export const EMPTY: Draft = { was: null, entity: '', attribute: 'holds', value: '' };
export const draft = signal<Draft>(EMPTY);
export const problem = signal('');
export const told = signal('');
export const busy = signal(false);

export interface Part {
  story: Story;
  at: Moment;
  holding: Holding;
  again: Again;
}

/** Where the caret is, and the words a fact would begin at. */
export function moment(story: Story): Moment | null {
  const sceneId = story.sceneId.peek();
  const state = desk.peek()?.state;
  if (sceneId === null) return null;
  if (state === undefined) return { sceneId, at: 0, quote: '' };
  const { from, to } = state.selection.main;
  const script = state.doc.toString();
  return { sceneId, at: toCodePoints(script, to), quote: quoteAt(script, from, to) };
}

export async function say(words: string, sayings: readonly Said[], again: Again): Promise<void> {
  problem.value = '';
  busy.value = true;
  try {
    for (const each of sayings) await setFact(each, identity.peek().name);
    await again();
    batch(() => {
      told.value = words;
      draft.value = { ...EMPTY, attribute: draft.peek().attribute };
    });
  } catch (cause) {
    problem.value = wordsFor(cause);
  } finally {
    busy.value = false;
  }
}
