import { expect, it } from 'vitest';
import { suggestionsFor } from '../src/script/suggest';

const known = { cast: ['MARA', 'MARIANA', 'ليلى'], places: ['KITCHEN', 'HARBOUR WALL'] };

it('E-17: names are offered where a cue may stand, and nowhere else', () => {
  expect(suggestionsFor('MA', true, known)).toEqual({ from: 0, options: ['MARA', 'MARIANA'] });
  expect(suggestionsFor('@ل', true, known)).toEqual({ from: 1, options: ['ليلى'] });
  expect(suggestionsFor('MARA', true, known)).toBeNull();
  expect(suggestionsFor('X', true, known)).toBeNull();
  expect(suggestionsFor('MA', false, known)).toBeNull();
  expect(suggestionsFor('Mara walks', true, known)).toBeNull();
  expect(suggestionsFor('', true, known)).toBeNull();
});

it('E-18: a heading is offered its places, then times of day', () => {
  expect(suggestionsFor('INT. KI', true, known)).toEqual({ from: 5, options: ['KITCHEN'] });
  expect(suggestionsFor('int/ext ', true, known)).toEqual({ from: 8, options: known.places });
  const time = suggestionsFor('EXT. HARBOUR WALL - NI', true, known);
  expect(time?.from).toBe(20);
  expect(time?.options).toEqual(['NIGHT']);
  expect(suggestionsFor('EXT. HARBOUR WALL - NIGHT', true, known)).toBeNull();
});
