import { describe, expect, it } from 'vitest';
import type { Radius, Repair } from '../src/api/radius';
import { costWords, filmsOf, radiusWords, reasonsWords, repairWords } from '../src/story/radiusWords';

const radius = (over: Partial<Radius>): Radius => ({ scenes: [], panels: 0, costs: [], workS: 0, ...over });
const scene = { sceneId: 's', heading: 'INT. A', reasons: ['its words'], panels: 4, cost: 1, unit: 'usd', workS: 20 };
const repair = (over: Partial<Repair>): Repair => ({
  id: 'rep_1',
  jobs: [{ id: 'a' }, { id: 'b' }],
  done: 0,
  failed: 0,
  held: 0,
  waiting: 0,
  notRepaired: [],
  cancelled: false,
  over: false,
  ...over,
});

describe('E-103: what is out of date, and what it costs', () => {
  it('says why, in words', () => {
    expect(reasonsWords(['its words'])).toBe('its words');
    expect(reasonsWords(['its words', 'its hour', 'who is in it'])).toBe('its words, its hour and who is in it');
  });

  it('sums films, frames, money and time', () => {
    expect(radiusWords(radius({}))).toBe('Every film is what would be made of its scene today.');
    const one = radius({ scenes: [scene], panels: 4, costs: [{ amount: 1.5, unit: 'usd' }], workS: 20 });
    expect(radiusWords(one)).toBe('1 film with 4 frames would be made otherwise today: 1.5 usd, about 20 s of rendering.');
    expect(costWords([{ amount: 0, unit: 'usd' }], 0)).toBe('nothing to pay');
    expect(costWords([], 300)).toBe('nothing to pay, about 5 min of rendering');
  });
});

describe('E-104: an order of films is followed to its end', () => {
  it('says how far it is, and who is waited for', () => {
    expect(repairWords(repair({ done: 1, held: 1 }))).toBe('1 of 2 films made again, 1 held for you');
    expect(repairWords(repair({ done: 1, waiting: 3 }))).toBe('1 of 5 films made again');
    expect(filmsOf(repair({ waiting: 3 }))).toBe(5);
    const off = repair({ done: 1, failed: 1, cancelled: true, over: true, notRepaired: [{ sceneId: 's', message: 'empty' }] });
    expect(repairWords(off)).toBe('1 of 2 films made again, 1 not made, 1 cannot be filmed, called off');
  });
});
