/**
 * Offers names while writing: the cast where a cue may stand, known places after INT. or EXT., times of day at the end.
 *
 * Invariant: it only offers; nothing is inserted without Enter, Tab or a click, and Escape puts it away.
 */
import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import type { Extension } from '@codemirror/state';

export interface Known {
  cast: readonly string[];
  places: readonly string[];
}

const TIMES = ['DAY', 'NIGHT', 'DAWN', 'DUSK', 'MORNING', 'EVENING', 'CONTINUOUS', 'LATER'];

/** What may complete the line up to the cursor, and from which column; null when nothing fits here. */
export function suggestionsFor(
  line: string,
  blankAbove: boolean,
  known: Known,
): { from: number; options: string[] } | null {
  const heading = /^(?:\s*(?:int\.?\/ext|i\/e|int|ext|est)[. ]\s*)(.*)$/iu.exec(line);
  if (heading !== null) {
    const rest = heading[1] ?? '';
    const time = /\s-\s+(\p{L}*)$/u.exec(rest);
    return time === null ? startingWith(rest, line, known.places) : startingWith(time[1] ?? '', line, TIMES);
  }
  // A cue: capitals at the start of a line below a blank one. One letter is enough; none would be in the way.
  const cue = /^@?([\p{Lu}\p{Lo}][\p{Lu}\p{Lo}\p{N} .'’-]*)$/u.exec(line);
  if (cue === null || !blankAbove) return null;
  return startingWith(cue[1] ?? '', line, known.cast);
}

/** A word that is already whole is left alone: Enter after "MARA" must be a new line and never "MARIANA". */
function startingWith(typed: string, line: string, names: readonly string[]): { from: number; options: string[] } | null {
  const start = typed.toLocaleUpperCase();
  const options = names.filter((name) => name.toLocaleUpperCase().startsWith(start));
  const whole = options.some((name) => name.length === typed.length);
  return whole || options.length === 0 ? null : { from: line.length - typed.length, options };
}

export function suggestions(known: () => Known): Extension {
  const source = (context: CompletionContext): CompletionResult | null => {
    const line = context.state.doc.lineAt(context.pos);
    const above = line.number > 1 ? context.state.doc.line(line.number - 1).text : '';
    const before = line.text.slice(0, context.pos - line.from);
    const found = suggestionsFor(before, above.trim() === '', known());
    if (found === null) return null;
    const options: Completion[] = found.options.map((label) => ({ label }));
    // Asked again after every letter: our own rule decides what fits, not the library's fuzzy one.
    return { from: line.from + found.from, options, filter: false };
  };
  return autocompletion({ override: [source], icons: false, maxRenderedOptions: 12 });
}
