/**
 * Turns offsets in Unicode code points (the server's) into UTF-16 offsets (the browser's) and back.
 *
 * Invariant: a result never lies inside a surrogate pair; an offset past the end means the end.
 */

export function toUtf16(text: string, codePoints: number): number {
  let offset = 0;
  for (let left = codePoints; left > 0 && offset < text.length; left -= 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}

export function toCodePoints(text: string, utf16: number): number {
  let count = 0;
  for (let offset = 0; offset < Math.min(utf16, text.length); count += 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return count;
}

export interface Span {
  from: number;
  to: number;
}

/**
 * Where the quoted words stand now, as UTF-16 offsets; null when they are gone.
 * A finding is a little older than the text, so words that moved are looked for, nearest first.
 */
export function locate(text: string, start: number, end: number, quoted: string): Span | null {
  const from = toUtf16(text, start);
  const to = toUtf16(text, end);
  if (!quoted || text.slice(from, to) === quoted) return from < to ? { from, to } : null;
  const before = text.lastIndexOf(quoted, from);
  const after = text.indexOf(quoted, from);
  if (before < 0 && after < 0) return null;
  const nearest = after < 0 || (before >= 0 && from - before <= after - from) ? before : after;
  return { from: nearest, to: nearest + quoted.length };
}
