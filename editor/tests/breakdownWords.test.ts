import { describe, expect, it } from 'vitest';
import type { SheetScene } from '../src/api/breakdown';
import { itemWords, pagesWords, setWords, sheetSummary, sinceWords, skyWords } from '../src/story/breakdownWords';

const scene = (change: Partial<SheetScene>): SheetScene => ({
  sceneId: 'scn_1', number: '1', setting: 'INT', place: 'KITCHEN', timeOfDay: 'night', storyDay: 'N1', light: [], eighths: 5, pages: '5/8',
  cast: [{ number: 1, name: 'RUTH' }], props: [], wardrobe: [], looks: [], vehicles: [], weather: null, season: null, synopsis: '', ...change,
});

describe('E-105: the breakdown reads as a sheet does', () => {
  it('counts pages in eighths', () => {
    expect([0, 1, 8, 19].map(pagesWords)).toEqual(['0', '1/8', '1', '2 3/8']);
  });

  it('sums up scenes, pages, days and people; dreams are on no day', () => {
    const scenes = [scene({}), scene({ storyDay: 'D2', eighths: 6 }), scene({ storyDay: null, cast: [{ number: 2, name: 'BEN' }] })];
    expect(sheetSummary(scenes)).toBe('3 scenes on 2 pages, 2 story days, 2 people.');
    expect(sheetSummary([scene({})])).toBe('1 scene on 5/8 pages, 1 story day, 1 person.');
    expect(sheetSummary([])).toContain('no scene yet');
  });

  it('says whose a thing is and since when', () => {
    expect(itemWords({ who: 'RUTH', words: 'red dress', since: '12' })).toBe('RUTH: red dress');
    expect(itemWords({ who: null, words: 'lamp', since: null })).toBe('lamp');
    expect(sinceWords({ who: 'RUTH', words: 'red dress', since: '12' })).toBe('since 12');
    expect(sinceWords({ who: null, words: 'lamp', since: null })).toBe('');
    expect(setWords(scene({}))).toBe('INT · KITCHEN · night');
    expect(skyWords(scene({ weather: 'rain', season: 'winter' }))).toBe('rain, winter');
    expect(skyWords(scene({}))).toBe('');
  });
});
