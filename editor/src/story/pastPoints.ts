/**
 * Turns sittings into the points a slider can stand on, and names them in words.
 *
 * Invariant: points are in order of their sequences, the first is the empty page before anybody wrote, the last is the
 * newest commit; a person has one colour in bars, legend and page.
 */
import { colourFor, COLOURS } from '../collab/people';
import type { Author, Sitting, TextRun } from '../api/past';

export interface Point {
  sequence: number;
  /** Index of its sitting; -1 for the empty page. */
  sitting: number;
  /** Whether it is where a sitting ended. */
  end: boolean;
}

/** Stops inside one sitting: enough to watch it grow, few enough to step through with arrow keys. */
const STOPS_MAX = 12;

/** `named`: sequences that somebody gave a name; each is a stop of its own, or one could not come back to it exactly. */
export function pointsOf(sittings: readonly Sitting[], named: readonly number[] = []): Point[] {
  const points: Point[] = [{ sequence: Math.max(0, Number(sittings[0]?.fromSequence ?? 1) - 1), sitting: -1, end: true }];
  for (const [index, sitting] of sittings.entries()) {
    const from = Number(sitting.fromSequence);
    const to = Number(sitting.sequence);
    const edits = sitting.authors.reduce((sum, part) => sum + part.edits, 0);
    const stops = Math.max(1, Math.min(STOPS_MAX, edits, to - from + 1));
    const sequences = new Set([to, ...named.filter((sequence) => sequence >= from && sequence <= to)]);
    for (let stop = 0; stop < stops - 1; stop += 1) sequences.add(Math.round(from + ((to - from) * stop) / (stops - 1)));
    for (const sequence of [...sequences].sort((a, b) => a - b)) {
      points.push({ sequence, sitting: index, end: sequence === to });
    }
  }
  return points;
}

/** The point that stands for a sequence: the last one up to it. */
export function pointAt(points: readonly Point[], sequence: number): number {
  let found = 0;
  for (const [index, point] of points.entries()) if (point.sequence <= sequence) found = index;
  return found;
}

/** Where to compare a point with unless somebody says otherwise: how the page stood before its sitting began. */
export function beforeSitting(points: readonly Point[], at: number): number {
  const sitting = points[at]?.sitting ?? -1;
  return Math.max(
    0,
    points.findIndex((point) => point.sitting === sitting) - 1,
  );
}

/** Who imports and makes scenes: nobody's own words. */
export const SERVER = '@server';
const SERVER_COLOUR = '#8d887c';

/** Who is who: colours by name, as avatars have them; of two that would be alike the later one takes a free colour. */
export function coloursOf(authors: Iterable<Author>, here: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  const colours = new Map<string, string>();
  for (const author of authors) {
    if (colours.has(author.name)) continue;
    const wished = author.id === SERVER ? SERVER_COLOUR : (here.get(author.name) ?? colourFor(author.name));
    const taken = new Set(colours.values());
    const free = COLOURS.find((colour) => !taken.has(colour));
    colours.set(author.name, taken.has(wished) ? (free ?? wished) : wished);
  }
  return colours;
}

/** The share of a bar, 0–1: work is counted in characters, and ten times as much looks about twice as tall. */
export function barHeight(characters: number, most: number): number {
  if (characters <= 0 || most <= 0) return 0;
  return Math.max(0.12, Math.log1p(characters) / Math.log1p(most));
}

export function countWords(added: number, removed: number): string {
  if (added === 0 && removed === 0) return 'no change';
  const parts = [added > 0 ? `+${added}` : '', removed > 0 ? `−${removed}` : ''];
  return parts.filter(Boolean).join(' ');
}

const DAY_MS = 86_400_000;

const day = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** "today 14:03", "yesterday 09:12", "Mon 3 Nov 2025, 14:03", in the reader's own clock. */
export function momentWords(iso: string | null, now: Date = new Date()): string {
  if (iso === null) return 'before the first word';
  const at = new Date(iso);
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
  const days = Math.round((day(now) - day(at)) / DAY_MS);
  if (days === 0) return `today ${time}`;
  if (days === 1) return `yesterday ${time}`;
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return `${at.toLocaleDateString([], { weekday: 'short', day: 'numeric', month: 'short', ...year })}, ${time}`;
}

export interface Piece {
  kind: TextRun['kind'];
  text: string;
  run: TextRun;
}

/** The runs as lines of the page, removed words included where they stood. */
export function linesOf(runs: readonly TextRun[]): Piece[][] {
  const lines: Piece[][] = [[]];
  for (const run of runs) {
    for (const [index, text] of run.text.split('\n').entries()) {
      if (index > 0) lines.push([]);
      if (text !== '') lines.at(-1)?.push({ kind: run.kind, text, run });
    }
  }
  return lines;
}
