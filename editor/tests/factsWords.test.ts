import { describe, expect, it } from 'vitest';
import type { Fact } from '../src/api/facts';
import { correction, denial, endings, factWords, holders, originWords, quoteAt, titled } from '../src/story/factsWords';

const fact = (change: Partial<Fact>): Fact => ({
  entity: 'ruth', name: 'RUTH', attribute: 'holds', value: 'map', confidence: 0.7, reader: 'RULES', author: null,
  evidence: { sceneId: 'scn_1', start: 0, end: 4, text: 'Ruth' }, validFrom: { sceneId: 'scn_1', at: 0 }, ...change,
});
const BY_HAND = { reader: 'PERSON', author: 'Ada' } as const;

describe('E-108: what holds here, in words, with who says so', () => {
  it('says each fact as a person would', () => {
    const said = [
      ['holds', 'map', 'has in hand: map'],
      ['wears', 'red coat', 'wears: red coat'],
      ['hurt', 'left arm', 'is hurt: left arm'],
      ['well', '', 'is well again'],
      ['alive', 'no', 'is dead'],
      ['alive', 'yes', 'is alive'],
      ['time_of_day', 'night', 'Hour: night'],
    ] as const;
    for (const [attribute, value, words] of said) expect(factWords({ attribute, value })).toBe(words);
  });

  it('tells read, set and seen apart', () => {
    expect(originWords(fact({}))).toBe('read, 70 % sure');
    expect(originWords(fact({ reader: 'LLM', confidence: 0.45 }))).toBe('read by the language model, 45 % sure');
    expect(originWords(fact({ ...BY_HAND, confidence: 1 }))).toBe('set by Ada');
    expect(originWords(fact({ reader: 'OBSERVER', confidence: 0.9 }))).toBe('seen in the film, 90 % sure');
  });

  it('puts them under whom they are about, read and set side by side, and leaves out what it has no words for', () => {
    const list = holders([
      fact({}),
      fact({ entity: 'scn_1', name: '', attribute: 'time_of_day', value: 'night' }),
      fact({ entity: 'scn_1', name: '', attribute: 'prop', value: 'lamp' }),
      fact({ attribute: 'present', value: 'scn_1' }),
      fact({ entity: 'caleb', name: 'caleb', attribute: 'alive', value: 'no', ...BY_HAND }),
      fact({ attribute: 'wears', value: 'red coat' }),
    ]);
    expect(list.map(({ name, facts }) => [name, facts.map((each) => each.attribute)])).toEqual([
      ['Caleb', ['alive']],
      ['Ruth', ['holds', 'wears']],
      ['', ['time_of_day']],
    ]);
    expect(titled('MARY-JANE O’NEILL')).toBe('Mary-Jane O’neill');
    expect(titled('McCoy')).toBe('McCoy');
    const set = { entity: 'ruth', attribute: 'lacks', value: 'map', quote: '', by: 'Ada' };
    expect(endings([set, { ...set, attribute: 'holds' }])).toEqual([set]);
  });
});

describe('E-109: a fact begins at words, and is corrected or taken back', () => {
  const script = 'INT. BARN - DAY\n\nRuth waits. She lifts the map. Rain.\n\nRUTH\nCome.\n\nShe waits.\n\nRUTH\nCome.\n';
  const at = (words: string, nth = 0): number => {
    let found = script.indexOf(words);
    for (let left = nth; left > 0; left -= 1) found = script.indexOf(words, found + 1);
    return found;
  };

  it('takes the selection, else the sentence at the caret, else the line above', () => {
    expect(quoteAt(script, at('lifts'), at('lifts') + 13)).toBe('lifts the map');
    expect(quoteAt(script, at('lifts'), at('lifts'))).toBe('She lifts the map.');
    expect(quoteAt(script, at('Rain') + 5, at('Rain') + 5)).toBe('Rain.');
    expect(quoteAt(script, at('Rain') + 6, at('Rain') + 6)).toBe('Rain.');
    expect(quoteAt(script, 0, 0)).toBe('INT. BARN - DAY');
    expect(quoteAt('', 0, 0)).toBe('');
    expect(quoteAt('\n\n', 2, 2)).toBe('');
  });

  it('grows words that stand there twice until their first place is the one meant', () => {
    const second = at('Come.', 1);
    const quote = quoteAt(script, second + 2, second + 2);
    expect(script.indexOf(quote) + quote.length).toBe(second + 'Come.'.length);
    expect(quoteAt(script, at('Come.') + 1, at('Come.') + 1)).toBe('Come.');
    expect(quoteAt('x'.repeat(2000), 3, 3)).toHaveLength(500);
  });

  it('ends what does not end by itself, before it says what holds instead', () => {
    const said = { sceneId: 'scn_2', entity: 'Ruth', attribute: 'holds', value: 'lamp', quote: 'Rain.' };
    expect(correction(null, said)).toEqual([said]);
    expect(correction(fact({}), said)).toEqual([{ ...said, entity: 'ruth', attribute: 'lacks', value: 'map' }, said]);
    const back = { sceneId: 'scn_1', entity: 'ruth', attribute: 'holds', value: 'map', holds: false };
    expect(correction(fact(BY_HAND), said)).toEqual([back, said]);
    const coat = { ...said, attribute: 'wears', value: 'blue coat' };
    expect(correction(fact({ attribute: 'wears', value: 'red coat' }), coat)).toEqual([coat]);
  });

  it('denies what was read and takes back what was set; where a fact has no contrary it offers none', () => {
    expect(denial(fact(BY_HAND), 'scn_2', 'Rain.')).toEqual([
      { sceneId: 'scn_1', entity: 'ruth', attribute: 'holds', value: 'map', holds: false },
    ]);
    const here = { sceneId: 'scn_2', entity: 'ruth', quote: 'Rain.' };
    expect(denial(fact({}), 'scn_2', 'Rain.')).toEqual([{ ...here, attribute: 'lacks', value: 'map' }]);
    expect(denial(fact({ attribute: 'hurt', value: 'arm' }), 'scn_2', 'Rain.')).toEqual([{ ...here, attribute: 'well', value: 'arm' }]);
    expect(denial(fact({ attribute: 'alive', value: 'no' }), 'scn_2', 'Rain.')).toEqual([{ ...here, attribute: 'alive', value: 'yes' }]);
    expect(denial(fact({ attribute: 'knows', value: 'the truth' }), 'scn_2', 'Rain.')).toBeNull();
  });
});
