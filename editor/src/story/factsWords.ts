/**
 * Says in words what holds in the story, finds the words a fact begins at, and what a correction has to say.
 *
 * Pure functions of what the server tells and of the script. Invariant: a quotation stands in the script as it is, and
 * the first place it stands at is the one meant.
 */
import type { Fact, Said, SetFact } from '../api/facts';

/** What people may set, in the order of the list; `value` is asked for where it says something. */
export const ATTRIBUTES: readonly { id: string; words: string; value: '' | 'what' | 'life' }[] = [
  { id: 'holds', words: 'has in hand', value: 'what' },
  { id: 'lacks', words: 'no longer has', value: 'what' },
  { id: 'wears', words: 'wears', value: 'what' },
  { id: 'hurt', words: 'is hurt', value: 'what' },
  { id: 'well', words: 'is well again', value: 'what' },
  { id: 'at', words: 'is at', value: 'what' },
  { id: 'knows', words: 'knows', value: 'what' },
  { id: 'alive', words: 'is alive or dead', value: 'life' },
];

/** Of what a scene tells of itself, what the list shows. */
const OF_SCENES: Readonly<Record<string, string>> = {
  place: 'Place',
  time_of_day: 'Hour',
  story_day: 'Story day',
  light: 'Light in the film',
};

export function factWords({ attribute, value }: Pick<Fact, 'attribute' | 'value'>): string {
  if (attribute === 'alive') return value === 'no' ? 'is dead' : 'is alive';
  if (attribute === 'hurt' || attribute === 'well') {
    return [attribute === 'hurt' ? 'is hurt' : 'is well again', value].filter(Boolean).join(': ');
  }
  const known = ATTRIBUTES.find((each) => each.id === attribute)?.words ?? OF_SCENES[attribute];
  return `${known ?? attribute}: ${value}`;
}

/** Who says so, and how sure that is. */
export function originWords({ reader, author, confidence }: Fact): string {
  const sure = `${Math.round(confidence * 100)} % sure`;
  if (reader === 'PERSON') return `set by ${author ?? 'somebody'}`;
  if (reader === 'OBSERVER') return `seen in the film, ${sure}`;
  if (reader === 'LLM') return `read by the language model, ${sure}`;
  return `read, ${sure}`;
}

export interface Holder {
  entity: string;
  name: string;
  facts: Fact[];
}

/** By whom it is about, people by name and the scene itself last; what the list has no words for is left out. */
export function holders(facts: readonly Fact[]): Holder[] {
  const found = new Map<string, Holder>();
  for (const fact of facts) {
    const ofScene = fact.name === '';
    if (ofScene ? !(fact.attribute in OF_SCENES) : !ATTRIBUTES.some((each) => each.id === fact.attribute)) continue;
    const holder = found.get(fact.entity) ?? { entity: fact.entity, name: ofScene ? '' : titled(fact.name), facts: [] };
    holder.facts.push(fact);
    found.set(fact.entity, holder);
  }
  const last = '\uffff';
  return [...found.values()].toSorted((one, other) => (one.name || last).localeCompare(other.name || last));
}

/** A name as a sentence writes it: CALEB and caleb are Caleb. */
export function titled(name: string): string {
  if (name !== name.toLocaleUpperCase() && name !== name.toLocaleLowerCase()) return name;
  return name.toLocaleLowerCase().replace(/(?<![\p{L}\p{M}'’])\p{L}/gu, (letter) => letter.toLocaleUpperCase());
}

/** Set in this scene and ending something ("no longer has"), so that it is in no list of what holds. */
export const endings = (set: readonly SetFact[]): SetFact[] =>
  set.filter(({ attribute }) => attribute === 'lacks' || attribute === 'well');

const SENTENCE_END = /[.!?…]["'”’)]*(?=\s|$)/gu;
/** What the server takes; a longer sentence is quoted by its beginning. */
export const QUOTE_CHARS_MAX = 500;

/**
 * The words a fact begins at: what is selected, else the sentence at the caret, else, on an empty line, the one above.
 * Words that stand in the script twice take what is around them, as far as the page of it fits.
 */
export function quoteAt(script: string, from: number, to: number): string {
  const selected = script.slice(from, to).trim();
  const start = selected === '' ? sentenceAt(script, from) : { from: script.indexOf(selected, from), to: script.indexOf(selected, from) + selected.length };
  return unique(script, start.from, start.to).slice(0, QUOTE_CHARS_MAX);
}

function sentenceAt(script: string, caret: number): { from: number; to: number } {
  let line = lineAt(script, caret);
  while (line.from > 0 && script.slice(line.from, line.to).trim() === '') line = lineAt(script, line.from - 1);
  const text = script.slice(line.from, line.to);
  if (text === text.toLocaleUpperCase()) return trimmed(script, line.from, line.to); // a heading or a cue: its points end nothing
  const at = Math.min(caret, line.to) - line.from;
  let begins = 0;
  for (const end of text.matchAll(SENTENCE_END)) {
    const after = end.index + end[0].length;
    if (after >= at) return trimmed(script, line.from + begins, line.from + after);
    begins = after;
  }
  const rest = trimmed(script, line.from + begins, line.to);
  return rest.from < rest.to || begins === 0 ? rest : sentenceAt(script, line.from + begins);
}

function lineAt(script: string, at: number): { from: number; to: number } {
  const end = script.indexOf('\n', at);
  return { from: at === 0 ? 0 : script.lastIndexOf('\n', at - 1) + 1, to: end < 0 ? script.length : end };
}

function trimmed(script: string, from: number, to: number): { from: number; to: number } {
  const text = script.slice(from, to);
  const begins = from + text.length - text.trimStart().length;
  return { from: begins, to: begins + text.trim().length };
}

/** Grown to the left line by line until its first place is this one. */
function unique(script: string, from: number, to: number): string {
  let begins = from;
  while (begins > 0 && script.indexOf(script.slice(begins, to)) < begins && to - begins < QUOTE_CHARS_MAX) {
    begins = lineAt(script, begins - 1).from;
  }
  return script.slice(begins, to);
}

/** What a person says in place of a fact: it ends what does not end by itself, and says what holds instead. */
export function correction(was: Fact | null, said: Said): Said[] {
  if (was === null) return [said];
  const same = was.attribute === said.attribute && was.value === said.value && was.entity === said.entity;
  return same ? [said] : [...ended(was, said), said];
}

/** That a fact does not hold: what a person set is taken back, what was read is contradicted; null: it has no contrary. */
export function denial(fact: Fact, sceneId: string, quote: string): Said[] | null {
  const own = takenBack(fact);
  if (own !== null) return [own];
  const said = { sceneId, entity: fact.entity, quote };
  if (fact.attribute === 'holds') return [{ ...said, attribute: 'lacks', value: fact.value }];
  if (fact.attribute === 'hurt') return [{ ...said, attribute: 'well', value: fact.value }];
  if (fact.attribute === 'alive') return [{ ...said, attribute: 'alive', value: fact.value === 'no' ? 'yes' : 'no' }];
  return null;
}

function takenBack(fact: Fact): Said | null {
  if (fact.reader !== 'PERSON' || fact.validFrom === null) return null;
  const { entity, attribute, value } = fact;
  return { sceneId: fact.validFrom.sceneId, entity, attribute, value, holds: false };
}

function ended(was: Fact, said: Said): Said[] {
  const own = takenBack(was);
  if (own !== null) return [own];
  if (was.attribute !== 'holds' && was.attribute !== 'hurt') return [];
  return denial(was, said.sceneId, said.quote ?? '') ?? [];
}
