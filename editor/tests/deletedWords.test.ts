import { describe, expect, it } from 'vitest';
import { goneOf, isGone } from '../src/api/deletion';
import { ApiError } from '../src/api/graphql';
import { byWhomWords, means, toType, untilWords, wayBackWords } from '../src/story/deletedWords';

describe('E-122: a project is deleted by who types its title', () => {
  it('takes the title as a person writes it, and nothing else', () => {
    expect(['The Last Ferry', ' the  last ferry ', 'THE LAST FERRY'].map((typed) => means(typed, 'The Last Ferry'))).toEqual([true, true, true]);
    expect(['', 'The Last', 'The Last Ferry 2'].map((typed) => means(typed, 'The Last Ferry'))).toEqual([false, false, false]);
    expect(means('Cafe\u0301', 'Café')).toBe(true);
  });

  it('never takes an empty field for a title', () => {
    expect(toType('  ')).toBe('delete');
    expect([means('', ''), means('', '  '), means('Delete', '')]).toEqual([false, false, true]);
  });

  it('says until when it can be restored', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(untilWords('2026-01-04T00:00:00Z', now)).toContain('can be restored until');
    expect([untilWords('2025-12-31T00:00:00Z', now), untilWords('?', now)]).toEqual(['It is being erased.', 'It is being erased.']);
  });
});

describe('E-127: who has a deleted project open is told who did it, and the way back', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const gone = { title: 'Ferry', deletedAt: '2025-12-31T10:00:00+00:00', restorableUntil: '2026-01-03T10:00:00+00:00', byYou: false };

  it('tells the owner and everybody else in their own words', () => {
    expect(byWhomWords(gone)).toMatch(/^Its owner deleted it on .*2025/u);
    expect(byWhomWords({ ...gone, byYou: true })).toMatch(/^You deleted it on /u);
    expect(wayBackWords(gone, now)).toMatch(/^Its owner can restore it until .* comes back by itself\.$/u);
    expect(wayBackWords({ ...gone, byYou: true }, now)).toMatch(/^It can be restored until /u);
  });

  it('promises no way back that is not there', () => {
    for (const restorableUntil of [null, '?', '2025-12-31T23:00:00Z']) {
      expect(wayBackWords({ ...gone, restorableUntil }, now)).toBe('It is being erased; there is no way back.');
    }
    expect(byWhomWords({ ...gone, deletedAt: null })).toBe('Its owner deleted it.');
  });

  it('takes from the refusal what is there, and nothing else', () => {
    const refusal = new ApiError('gone', 'PROJECT_DELETED', false, { code: 'PROJECT_DELETED', byYou: true, title: 'Ferry', deletedAt: 5 });
    expect(isGone(refusal)).toBe(true);
    expect(goneOf(refusal)).toEqual({ title: 'Ferry', deletedAt: null, restorableUntil: null, byYou: true });
    expect([isGone(new ApiError('?', 'NOT_FOUND', false)), isGone(new Error('x'))]).toEqual([false, false]);
  });
});
