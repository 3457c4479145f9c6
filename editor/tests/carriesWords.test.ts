import { describe, expect, it } from 'vitest';
import type { CarriedNote } from '../src/api/carries';
import { carriesSummary, sectionsOf, switched } from '../src/story/carriesWords';

const note = (section: string, words: string, leftOut = false): CarriedNote => ({ section, words, sceneId: 'scn_1', leftOut });
const NOTES = [note('clothes', 'RUTH still wears: red coat'), note('hands', 'RUTH still has the lantern'), note('hands', 'TOM still has the map')];

describe('C-126: what a scene carries reads by section, and each may be left out', () => {
  it('keeps the order of the prompt, and names what it does not know as it is told', () => {
    expect(sectionsOf([...NOTES, note('tides', 'high water')]).map(({ name, notes }) => [name, notes.length])).toEqual([
      ['Clothes', 1], ['In hand', 2], ['tides', 1],
    ]);
  });

  it('switches one section and leaves the others as they are', () => {
    const sections = sectionsOf([...NOTES, note('shot', 'goes on', true)]);
    expect(switched(sections, 'hands')).toEqual(['hands', 'shot']);
    expect(switched(sections, 'shot')).toEqual([]);
  });

  it('sums up in words', () => {
    expect(carriesSummary({ notes: [], shot: null })).toContain('Nothing comes into this scene');
    expect(carriesSummary({ notes: NOTES.slice(0, 1), shot: null })).toBe('The next film of this scene is told 1 thing it does not say itself.');
    expect(carriesSummary({ notes: [...NOTES, note('shot', 'goes on', true)], shot: null })).toContain('3 things it does not say itself; 1 is left out.');
  });
});
