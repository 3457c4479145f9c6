import { expect, test } from 'vitest';
import type { Brain } from '../src/api/types';
import { begun } from '../src/story/ownBrain';

const horror: Brain = {
  id: 'horror',
  name: 'Horror',
  specialty: 'fear',
  palette: ['#000000'],
  own: false,
  definition: JSON.stringify({ id: 'horror', version: 1, name: 'Horror', look: { palette: ['#000000'] } }),
};

test('E-93: a brain made from one that ships has an id and a name of its own, and everything else of it', () => {
  expect(JSON.parse(begun(horror))).toEqual({ id: 'my-horror', version: 1, name: 'My Horror', look: { palette: ['#000000'] } });
});

test('E-93: a brain of the project is changed under its id, word for word', () => {
  const own = { ...horror, own: true };
  expect(begun(own)).toBe(own.definition);
});
