import { describe, expect, it } from 'vitest';
import type { Correction, Gate, Issue } from '../src/api/gate';
import { changeWords, correctWords, errorsOf, mayCorrect, typeWords, warningsOf } from '../src/story/heldWords';

const issue = (change: Partial<Issue>): Issue => ({
  id: 'fnd_1', type: 'timeline_error', severity: 'ERROR', description: 'It says day.', location: 'line 1: DAY', suggestion: null,
  evidence: [], waived: false, corrected: false, reasons: ['dream'], ...change,
});
const change = (over: Partial<Correction>): Correction => ({
  findingId: 'fnd_1', start: 0, end: 3, before: 'DAY', after: 'NIGHT', made: false, ...over,
});
const gate = (over: Partial<Gate>): Gate => ({ issues: [], corrections: [], held: { reason: 'Held.', fixed: false }, ...over });

describe('E-100: a held film says what a person may do', () => {
  it('asks only about contradictions nobody waived', () => {
    const all = gate({ issues: [issue({}), issue({ id: 'b', waived: true }), issue({ id: 'c', severity: 'WARNING' })] });
    expect(errorsOf(all).map((each) => each.id)).toEqual(['fnd_1']);
    expect(warningsOf(all).map((each) => each.id)).toEqual(['c']);
    expect(typeWords('timeline_error')).toBe('Timeline error');
  });

  it('offers the correction where there is one, and the script where people put it right', () => {
    expect(mayCorrect(gate({}))).toBe(false);
    expect(mayCorrect(gate({ corrections: [change({})] }))).toBe(true);
    const fixed = gate({ held: { reason: 'Held.', fixed: true } });
    expect([mayCorrect(fixed), correctWords(fixed)]).toEqual([true, 'Film the script as it reads now']);
  });

  it('says each change in words, for who does not see colours', () => {
    expect(changeWords(change({}))).toBe('“DAY” becomes “NIGHT”');
    expect(changeWords(change({ before: '' }))).toBe('adds “NIGHT”');
    expect(changeWords(change({ after: '', made: true }))).toBe('removes “DAY”, in the prompt already');
  });
});
