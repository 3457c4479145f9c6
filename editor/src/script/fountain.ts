/**
 * Says what each line of a Fountain screenplay is, for the look of the page only; the server's parser is the authority.
 *
 * Invariant: one kind per line, a pure function of the text. Rules: the Fountain syntax, https://fountain.io/syntax.
 */

export type LineKind =
  | 'heading'
  | 'action'
  | 'character'
  | 'parenthetical'
  | 'dialogue'
  | 'lyric'
  | 'transition'
  | 'centred'
  | 'section'
  | 'synopsis'
  | 'note'
  | 'break'
  | 'empty';

const LINES_PER_PAGE = 55;
const HEADING = /^(?:int|ext|est|int\.?\/ext|i\/e)[. ]/iu;
const TRANSITION = /^[^\p{Ll}]*\bTO:$/u;
const CUE_EXTENSION = /\s*\([^)]*\)\s*$/u;

const isBlank = (line: string | undefined): boolean => line === undefined || line.trim() === '';

/** Upper case means: has a letter that could be lower case, and none that is. Scripts without case use `@`. */
function isUpper(text: string): boolean {
  return /\p{Lu}/u.test(text) && !/\p{Ll}/u.test(text);
}

function isCue(line: string): boolean {
  let name = line.replace(/\s*\^\s*$/u, '');
  while (CUE_EXTENSION.test(name)) name = name.replace(CUE_EXTENSION, '');
  return isUpper(name.trim());
}

/** Kinds that a mark at the start of the line decides by itself. */
function marked(line: string): LineKind | null {
  if (/^={3,}\s*$/u.test(line)) return 'break';
  const first = line[0];
  if (first === '!') return 'action';
  if (first === '@') return 'character';
  if (first === '~') return 'lyric';
  if (first === '#') return 'section';
  if (first === '=') return 'synopsis';
  if (first === '>') return line.trimEnd().endsWith('<') ? 'centred' : 'transition';
  if (first === '.' && line[1] !== '.' && !isBlank(line[1])) return 'heading';
  return null;
}

function inSpeech(previous: LineKind, line: string): LineKind | null {
  if (previous !== 'character' && previous !== 'parenthetical' && previous !== 'dialogue') return null;
  return /^\s*\(.*\)\s*$/u.test(line) ? 'parenthetical' : 'dialogue';
}

function classify(line: string, previous: LineKind, before: string | undefined, after: string | undefined): LineKind {
  // Two spaces alone keep a speech going across a blank line.
  if (isBlank(line)) return line.length >= 2 && inSpeech(previous, line) !== null ? 'dialogue' : 'empty';
  const speech = inSpeech(previous, line);
  if (speech !== null) return speech;
  const trimmed = line.trim();
  const mark = marked(trimmed);
  if (mark !== null) return mark;
  if (/^\[\[.*\]\]$/u.test(trimmed)) return 'note';
  if (!isBlank(before)) return 'action';
  if (HEADING.test(trimmed)) return 'heading';
  if (TRANSITION.test(trimmed) && isBlank(after)) return 'transition';
  if (!isBlank(after) && isCue(trimmed)) return 'character';
  return 'action';
}

export function lineKinds(lines: readonly string[]): LineKind[] {
  const kinds: LineKind[] = [];
  let boneyard = false;
  let previous: LineKind = 'empty';
  for (const [index, line] of lines.entries()) {
    const opens = line.includes('/*');
    const kind: LineKind =
      boneyard || opens ? 'note' : classify(line, previous, lines[index - 1], lines[index + 1]);
    if (boneyard || opens) boneyard = line.lastIndexOf('*/') < line.lastIndexOf('/*') || (boneyard && !line.includes('*/'));
    kinds.push(kind);
    previous = kind;
  }
  return kinds;
}

/** Characters that fit on a line of the page, by kind; what is not listed has the width of action. */
const LINE_CHARS: Partial<Record<LineKind, number>> = { dialogue: 35, lyric: 35, parenthetical: 25, character: 38 };
const ACTION_CHARS = 60;

/** The length of a scene in eighths of a page, as a schedule counts it; never less than one. */
export function eighths(text: string): number {
  const lines = text.trimEnd().split('\n');
  const kinds = lineKinds(lines);
  let rows = 0;
  for (const [index, line] of lines.entries()) {
    const kind = kinds[index] ?? 'action';
    if (kind === 'note' || kind === 'section' || kind === 'synopsis') continue;
    rows += Math.max(1, Math.ceil([...line].length / (LINE_CHARS[kind] ?? ACTION_CHARS)));
  }
  return Math.max(1, Math.round((rows / LINES_PER_PAGE) * 8));
}

export interface Glance {
  scenes: number;
  characters: number;
  /** About 55 lines to a page, as the trade counts. */
  pages: number;
}

/** What a dropped file holds, at a glance, before the server has read it. */
export function glance(text: string): Glance {
  const lines = text.split(/\r\n|\r|\n/u);
  const kinds = lineKinds(lines);
  const names = new Set<string>();
  for (const [index, kind] of kinds.entries()) {
    if (kind !== 'character') continue;
    names.add((lines[index] ?? '').replace(/^\s*@|\^\s*$/gu, '').replace(/\(.*$/u, '').trim());
  }
  const scenes = kinds.filter((kind) => kind === 'heading').length;
  return { scenes, characters: names.size, pages: Math.max(1, Math.round(lines.length / LINES_PER_PAGE)) };
}

/** The scene's own heading line and where it stands in the text (UTF-16); null when the scene has none yet. */
export function headingLine(text: string): { text: string; from: number; to: number } | null {
  const lines = text.split('\n');
  const index = lineKinds(lines).indexOf('heading');
  if (index < 0) return null;
  const from = lines.slice(0, index).reduce((sum, line) => sum + line.length + 1, 0);
  const line = lines[index] ?? '';
  return { text: line, from, to: from + line.length };
}
