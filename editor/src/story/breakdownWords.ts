/** Says in words what a breakdown sheet holds. Pure functions of what the server tells. */
import type { SheetItem, SheetScene } from '../api/breakdown';

const EIGHTHS_PER_PAGE = 8;

/** `2 3/8`, as sheets count pages. */
export function pagesWords(eighths: number): string {
  const whole = Math.floor(eighths / EIGHTHS_PER_PAGE);
  const rest = eighths % EIGHTHS_PER_PAGE;
  return [whole > 0 ? String(whole) : '', rest > 0 ? `${rest}/8` : ''].filter(Boolean).join(' ') || '0';
}

export function sheetSummary(scenes: readonly SheetScene[]): string {
  if (scenes.length === 0) return 'There is no scene yet: the breakdown fills as the script does.';
  const days = new Set(scenes.map((scene) => scene.storyDay?.slice(1)).filter(Boolean)).size;
  const people = new Set(scenes.flatMap((scene) => scene.cast.map((each) => each.name))).size;
  const pages = pagesWords(scenes.reduce((sum, scene) => sum + scene.eighths, 0));
  return `${many(scenes.length, 'scene')} on ${pages} pages, ${many(days, 'story day')}, ${many(people, 'person', 'people')}.`;
}

const many = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;

export const itemWords = ({ who, words }: SheetItem): string => (who === null ? words : `${who}: ${words}`);

export const sinceWords = ({ since }: SheetItem): string => (since === null ? '' : `since ${since}`);

/** What a scene is: inside or outside, where, when. */
export const setWords = ({ setting, place, timeOfDay }: SheetScene): string =>
  [setting, place, timeOfDay].filter(Boolean).join(' · ');

export const skyWords = ({ weather, season }: SheetScene): string => [weather, season].filter(Boolean).join(', ');
