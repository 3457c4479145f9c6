/** Says in words who somebody is and how a place is. Pure functions of what the server tells. */
import type { Appearance, Level, SetVoice, StoryPerson, StoryPlace, Told, Visit } from '../api/whoAndWhere';

const many = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;

export function summary(people: readonly StoryPerson[], places: readonly StoryPlace[]): string {
  if (people.length === 0 && places.length === 0) return 'Nobody is in this story yet, and it plays nowhere: this fills as the script does.';
  return `${many(people.length, 'person', 'people')} in ${many(places.length, 'place')}.`;
}

/** `34`, `in the 40s` for a decade, `36 (2 years on)` where years were counted. */
export function ageWords(age: Appearance['age']): string {
  if (age === null) return '';
  const years = age.low === age.high ? String(age.low) : age.high - age.low === 9 && age.low % 10 === 0 ? `${age.low}s` : `${age.low}–${age.high}`;
  const since = age.counted > 0 && age.counted < age.low ? ` (${many(age.counted, 'year')} on)` : '';
  return `${years}${since}`;
}

export const voiceWords = ({ timbre, accent, pace }: Pick<SetVoice, 'timbre' | 'accent' | 'pace'>): string =>
  [timbre, accent && `${accent} accent`, pace && `${pace} pace`].filter(Boolean).join(', ');

export function toldVoiceWords(told: readonly Told[]): string {
  return told
    .map(({ attribute, value }) => (attribute === 'accent' ? `${value} accent` : attribute === 'pace' ? `${value} pace` : value))
    .join(', ');
}

const LEVELS: Record<Level, string> = {
  daylight: 'daylight',
  twilight: 'twilight',
  night: 'night',
  lit: 'lights on',
  dim: 'dim',
  candle: 'by flames',
  dark: 'dark',
  unknown: 'not told',
};

export const levelWords = (level: Level): string => LEVELS[level];

/** `scene 3: night, then lights on (from scene 2)`: the strip, for who does not see it. */
export function lightWords(visit: Visit): string {
  const beats = visit.light.map(({ level, since }) => levelWords(level) + (since === null ? '' : ` (from scene ${since})`));
  return `Scene ${visit.number}: ${beats.join(', then ') || 'not told'}`;
}

export const relationWords = ({ thing, relation, other }: { thing: string; relation: string; other: string }): string => {
  const words = relation.replace(/_/gu, ' ');
  return `${thing} ${relation === 'left_of' || relation === 'right_of' ? words.replace(' of', ' of the') : `${words} the`} ${other}`;
};

/** What lies there at the end of the last scene that tells of it. */
export const lyingNow = (place: StoryPlace): Visit['lies'] => place.visits.at(-1)?.lies ?? [];

export const lyingWords = ({ thing, where, since }: Visit['lies'][number]): string =>
  `${thing}${where === '' ? '' : `, ${where.replace(/^(\S+) (?!the )/u, '$1 the ')}`} · since ${since}`;

export function likenessWords(picture: NonNullable<Visit['picture']>): string {
  if (picture.likeness === null) return '';
  const percent = Math.round(Math.max(0, picture.likeness) * 100);
  return picture.far ? `Unlike the other ${many(picture.compared, 'film')} of this place (${percent} %)` : `${percent} % like the others`;
}

export interface SceneWords {
  sceneId: string;
  number: string;
  words: string;
}

/** What each scene says of them, an age only where it is another; scenes that say nothing are left out. */
export function tellingScenes(person: StoryPerson): SceneWords[] {
  let last = '';
  const told = person.appearances.map(({ sceneId, number, age, expressions, voice }) => {
    const years = ageWords(age);
    const fresh = years === last ? '' : years;
    last = years === '' ? last : years;
    const said = new Set([...expressions, ...voice].map((each) => each.value));
    return { sceneId, number, words: [fresh, ...said].filter(Boolean).join(' · ') };
  });
  return told.filter((each) => each.words !== '');
}
