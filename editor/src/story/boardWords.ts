/**
 * Says in words and rows what a board is: which frames belong to which shot, what was decided, how long is left.
 *
 * Invariant: pure functions of the job; the key shot is the one whose frames the server lists first.
 */
import type { Job, Panel } from '../api/types';
import { awaitsPick, isOver } from './jobWords';

export interface BoardRow {
  shot: number;
  words: string;
  note: string;
  frames: Panel[];
  earlier: Panel[];
  pickedId: string | null;
}

/** The shot that stands for the scene. */
export const keyShot = (job: Job): number => job.panels[0]?.shot ?? 0;

/** Every shot in story order; older jobs know only their key shot. */
export function rowsOf(job: Job): BoardRow[] {
  const shots = job.shots.length > 0 ? job.shots : [{ shot: keyShot(job), words: '', note: '', pickedPanelId: null }];
  return shots.map(({ shot, words, note, pickedPanelId }) => ({
    shot,
    words,
    note,
    frames: job.panels.filter((panel) => panel.shot === shot),
    earlier: job.earlierPanels.filter((panel) => panel.shot === shot),
    pickedId: pickedPanelId,
  }));
}

export const keyRow = (job: Job): BoardRow | undefined => rowsOf(job).find((row) => row.shot === keyShot(job));

/** The frame that a digit means: of the key shot, as numbered on the board. */
export const frameByDigit = (job: Job, digit: string): Panel | undefined => keyRow(job)?.frames[Number(digit) - 1];

/** The shot's size and place out of its prompt, short enough for a row's head. */
export function shotWords(row: BoardRow): string {
  const [head = '', rest = ''] = row.words.split('. ', 2);
  const camera = head.split(',')[0]?.trim() ?? '';
  const what = rest.split(',')[0]?.trim() ?? '';
  return [camera, what].filter(Boolean).join(' · ');
}

/** Picked, voted for by most, or the first: what the film would begin with now. */
export function leading(row: BoardRow): Panel | undefined {
  const [first, ...others] = row.frames;
  if (first === undefined) return undefined;
  const picked = [...row.frames, ...row.earlier].find((panel) => panel.id === row.pickedId);
  return picked ?? others.reduce((best, panel) => (panel.votes > best.votes ? panel : best), first);
}

/**
 * What the screen shows while a take is made: the film as far as it is, else the picked frame, dimmed; while people
 * choose, the frame they look at.
 */
export function pictureOf(job: Job | null, look: string | null): { url: string; words: string; dim: boolean } | null {
  if (job === null || isOver(job.state)) return null;
  if (job.previewUrl !== null) return { url: job.previewUrl, words: 'The film so far', dim: false };
  const looked = [...job.panels, ...job.earlierPanels].find((panel) => panel.id === look);
  const picked = awaitsPick(job) ? undefined : job.panels.find((panel) => panel.picked);
  const frame = picked ?? looked ?? job.panels[0];
  if (frame === undefined) return null;
  return picked === undefined
    ? { url: frame.imageUrl, words: 'A frame of the board', dim: false }
    : { url: frame.imageUrl, words: 'The picked frame, being rendered', dim: true };
}

export function decidedWords(job: Job): string {
  const rows = rowsOf(job);
  const decided = rows.filter((row) => row.pickedId !== null).length;
  if (decided === 0) return `${rows.length} shots to decide`;
  return `${decided} of ${rows.length} shots decided`;
}

export function voteWords(names: readonly string[]): string {
  if (names.length === 0) return 'no votes';
  return `${names.length} ${names.length === 1 ? 'vote' : 'votes'}: ${names.join(', ')}`;
}

/** "23 h", "4 min", "25 s": rounded up, so that it never says nothing is left while something is. */
export function leftWords(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.ceil(seconds / 60)} min`;
  return seconds < 36 * 3600 ? `${Math.ceil(seconds / 3600)} h` : `${Math.ceil(seconds / 86_400)} days`;
}

/** Until the words above change next. */
export const tickMs = (leftMs: number): number => (leftMs < 90_000 ? 1000 : leftMs < 90 * 60_000 ? 15_000 : 300_000);
