import { describe, expect, it } from 'vitest';
import { eighths, glance, headingLine, lineKinds } from '../src/script/fountain';

const kinds = (text: string) => lineKinds(text.split('\n'));

describe('E-12: the page knows what each line is', () => {
  it('reads a plain scene', () => {
    const text = 'INT. KITCHEN - NIGHT\n\nRain.\n\nMARA (V.O.)\n(low)\nYou came.\n\nCUT TO:\n\nEXT. ROAD - DAY';
    expect(kinds(text)).toEqual([
      'heading', 'empty', 'action', 'empty', 'character', 'parenthetical', 'dialogue', 'empty', 'transition', 'empty', 'heading',
    ]);
  });

  it('honours forced marks', () => {
    expect(kinds('.SNIPER SCOPE POV')).toEqual(['heading']);
    expect(kinds('...and then')).toEqual(['action']);
    expect(kinds('@McCLANE\nYippie')).toEqual(['character', 'dialogue']);
    expect(kinds('!SCANNING THE AISLES\nnext')).toEqual(['action', 'action']);
    expect(kinds('> FADE OUT.')).toEqual(['transition']);
    expect(kinds('> THE END <')).toEqual(['centred']);
    expect(kinds('# Act One')).toEqual(['section']);
    expect(kinds('= She learns the truth')).toEqual(['synopsis']);
    expect(kinds('===')).toEqual(['break']);
    expect(kinds('~la la la')).toEqual(['lyric']);
    expect(kinds('[[check this]]')).toEqual(['note']);
  });

  it('needs a line after a cue and a blank before it', () => {
    expect(kinds('MARA')).toEqual(['action']);
    expect(kinds('Rain.\nMARA\nHello')).toEqual(['action', 'action', 'action']);
    expect(kinds('MARA ^\nHello')).toEqual(['character', 'dialogue']);
  });

  it('reads names in any script: Cyrillic and Greek have case, Arabic takes @', () => {
    expect(kinds('МАРИЯ\nПривет')).toEqual(['character', 'dialogue']);
    expect(kinds('ÉLOÏSE\nBonjour')).toEqual(['character', 'dialogue']);
    expect(kinds('@ليلى\nمرحبا')).toEqual(['character', 'dialogue']);
    expect(kinds('ليلى\nمرحبا')).toEqual(['action', 'action']);
  });

  it('keeps a boneyard out of the story, over several lines', () => {
    expect(kinds('/* old\nINT. X - DAY\n*/\nRain.')).toEqual(['note', 'note', 'note', 'action']);
    expect(kinds('/* gone */\n\nRain.')).toEqual(['note', 'empty', 'action']);
  });

  it('carries a speech over a blank line of two spaces', () => {
    expect(kinds('MARA\nOne.\n  \nTwo.')).toEqual(['character', 'dialogue', 'dialogue', 'dialogue']);
  });

  it('takes heading forms of the trade, in either case', () => {
    for (const line of ['INT. A', 'ext. a', 'INT./EXT. CAR', 'int/ext car', 'I/E CAR', 'EST. CITY', 'INT HOUSE']) {
      expect(kinds(line)).toEqual(['heading']);
    }
    expect(kinds('INTERNAL AFFAIRS')).toEqual(['action']);
  });
});

it('E-13: a dropped file is counted before it is sent', () => {
  expect(glance('INT. A - DAY\r\n\r\nMARA\r\nHi.\r\n\r\nMARA (O.S.)\r\nHo.\r\n\r\n@ليلى\r\nمرحبا')).toEqual({
    scenes: 1,
    characters: 2,
    pages: 1,
  });
});

it('E-14: the heading of a scene is found where it stands', () => {
  expect(headingLine('[[note]]\n\nINT. A - DAY\n\nRain.')).toEqual({ text: 'INT. A - DAY', from: 10, to: 22 });
  expect(headingLine('Rain.')).toBeNull();
});

it('E-16: a scene is measured in eighths of a page, notes left out', () => {
  expect(eighths('INT. A - DAY')).toBe(1);
  expect(eighths(Array.from({ length: 55 }, () => 'Rain.').join('\n'))).toBe(8);
  expect(eighths(Array.from({ length: 14 }, () => 'x'.repeat(120)).join('\n'))).toBe(4);
  expect(eighths('Rain.\n/* ' + 'old\n'.repeat(200) + '*/')).toBe(1);
});
