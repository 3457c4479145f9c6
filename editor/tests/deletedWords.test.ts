import { describe, expect, it } from 'vitest';
import { means, toType, untilWords } from '../src/story/deletedWords';

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
