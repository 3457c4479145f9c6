import { describe, expect, it } from 'vitest';
import type { Author, Sitting, TextRun } from '../src/api/past';
import { barHeight, beforeSitting, coloursOf, countWords, linesOf, momentWords, pointAt, pointsOf } from '../src/story/pastPoints';

const ADA: Author = { id: 'owner', name: 'Ada' };
const BO: Author = { id: 'owner', name: 'Bo' };
const SERVER: Author = { id: '@server', name: 'StoryForge' };

const sitting = (from: number, to: number, edits: number, author = ADA): Sitting => ({
  fromSequence: String(from),
  sequence: String(to),
  startedAt: '2026-11-28T10:00:00Z',
  endedAt: '2026-11-28T10:05:00Z',
  authors: [{ author, added: 10, removed: 0, edits }],
});

const run = (kind: TextRun['kind'], text: string, author = ADA): TextRun => ({
  kind,
  text,
  author,
  at: '2026-11-28T10:00:00Z',
  writtenBy: author,
});

describe('E-40: a slider stands on every sitting and walks through it', () => {
  it('starts at the empty page and ends at the newest commit, in order', () => {
    const points = pointsOf([sitting(5, 5, 1), sitting(9, 200, 60, BO)]);
    expect(points[0]).toEqual({ sequence: 4, sitting: -1, end: true });
    expect(points[1]).toEqual({ sequence: 5, sitting: 0, end: true });
    expect(points.at(-1)).toEqual({ sequence: 200, sitting: 1, end: true });
    expect(points).toHaveLength(14);
    const order = points.map((point) => point.sequence);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(pointsOf([])).toEqual([{ sequence: 0, sitting: -1, end: true }]);
  });

  it('compares a point with how the page stood before its sitting', () => {
    const points = pointsOf([sitting(5, 5, 1), sitting(9, 20, 3), sitting(30, 30, 1)]);
    expect(beforeSitting(points, points.length - 1)).toBe(points.length - 2);
    expect(beforeSitting(points, 3)).toBe(1);
    expect(beforeSitting(points, 0)).toBe(0);
  });

  it('stops at every named version exactly, however much was written around it', () => {
    const points = pointsOf([sitting(5, 5, 1), sitting(9, 900, 800)], [347]);
    expect(points[pointAt(points, 347)]?.sequence).toBe(347);
    expect(pointsOf([sitting(5, 5, 1)], [5, 7]).map((point) => point.sequence)).toEqual([4, 5]);
  });

  it('finds the point of a named version', () => {
    const points = pointsOf([sitting(5, 5, 1), sitting(9, 20, 3)]);
    expect(points[pointAt(points, 7)]?.sequence).toBe(5);
    expect(points[pointAt(points, 999)]?.sequence).toBe(20);
    expect(pointAt(points, 0)).toBe(0);
  });
});

describe('E-41: a person has one colour in bars, legend and page', () => {
  it('takes the colour they have on the desk, and never the same for two', () => {
    const here = new Map([['Ada', '#7cc4f0']]);
    const colours = coloursOf([SERVER, ADA, BO, ADA, { id: 'owner', name: 'Cy' }, { id: 'owner', name: 'Di' }], here);
    expect(colours.get('Ada')).toBe('#7cc4f0');
    expect(new Set(colours.values()).size).toBe(5);
  });

  it('draws more work taller, and little work visible', () => {
    expect(barHeight(1000, 1000)).toBe(1);
    expect(barHeight(1, 1000)).toBeGreaterThanOrEqual(0.12);
    expect(barHeight(0, 1000)).toBe(0);
    expect(barHeight(10, 1000)).toBeLessThan(barHeight(100, 1000));
  });
});

describe('E-42: changes read as lines of the page', () => {
  it('keeps removed words where they stood', () => {
    const lines = linesOf([
      run('KEPT', 'INT. KITCHEN - '),
      run('REMOVED', 'DAY', BO),
      run('ADDED', 'NIGHT\n\nIt is late.', BO),
      run('KEPT', '\n'),
    ]);
    expect(lines.map((line) => line.map((piece) => `${piece.kind[0]}:${piece.text}`))).toEqual([
      ['K:INT. KITCHEN - ', 'R:DAY', 'A:NIGHT'],
      [],
      ['A:It is late.'],
      [],
    ]);
  });

  it('says how much in words', () => {
    expect(countWords(120, 30)).toBe('+120 −30');
    expect(countWords(0, 3)).toBe('−3');
    expect(countWords(0, 0)).toBe('no change');
  });

  it('says when in words', () => {
    const now = new Date(2026, 10, 28, 15, 0);
    expect(momentWords(new Date(2026, 10, 28, 9, 5).toISOString(), now)).toBe('today 09:05');
    expect(momentWords(new Date(2026, 10, 27, 23, 59).toISOString(), now)).toBe('yesterday 23:59');
    expect(momentWords(new Date(2026, 10, 3, 14, 3).toISOString(), now)).toMatch(/3.*14:03/u);
    expect(momentWords(null, now)).toBe('before the first word');
  });
});
