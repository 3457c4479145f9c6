/**
 * Owns sets of clock ranges per Yjs client id; the arithmetic under the save light.
 *
 * Invariant: the ranges of one client are sorted, non-empty and never touch each other.
 */

interface Range {
  start: number;
  end: number;
}

export class ClockRanges {
  private readonly byClient = new Map<number, Range[]>();

  get empty(): boolean {
    return this.byClient.size === 0;
  }

  /** Adds `[start, end)` of a client. */
  add(client: number, start: number, end: number): void {
    if (end <= start) return;
    const merged: Range = { start, end };
    const kept: Range[] = [];
    for (const range of this.byClient.get(client) ?? []) {
      if (range.end < merged.start || range.start > merged.end) {
        kept.push(range);
      } else {
        merged.start = Math.min(merged.start, range.start);
        merged.end = Math.max(merged.end, range.end);
      }
    }
    kept.push(merged);
    this.byClient.set(
      client,
      kept.sort((a, b) => a.start - b.start),
    );
  }

  /** Takes `[start, end)` of a client away; what was never there is ignored. */
  subtract(client: number, start: number, end: number): void {
    const ranges = this.byClient.get(client);
    if (ranges === undefined || end <= start) return;
    const left: Range[] = [];
    for (const range of ranges) {
      if (range.start < start) left.push({ start: range.start, end: Math.min(range.end, start) });
      if (range.end > end) left.push({ start: Math.max(range.start, end), end: range.end });
    }
    if (left.length === 0) this.byClient.delete(client);
    else this.byClient.set(client, left);
  }

  /** The ranges of one client, for tests and diagnostics. */
  of(client: number): readonly Readonly<Range>[] {
    return this.byClient.get(client) ?? [];
  }
}
