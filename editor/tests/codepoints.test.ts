import { describe, expect, it } from 'vitest';
import { locate, toCodePoints, toUtf16 } from '../src/script/codepoints';

describe('E-10: offsets of the server are code points, those of the browser UTF-16', () => {
  const text = 'é🎬 ليلى أبجد 👩‍🚀 end';

  it('agrees with the spread of the string at every position', () => {
    const points = [...text];
    for (let count = 0; count <= points.length; count += 1) {
      const utf16 = points.slice(0, count).join('').length;
      expect(toUtf16(text, count)).toBe(utf16);
      expect(toCodePoints(text, utf16)).toBe(count);
    }
  });

  it('clamps past the end', () => {
    expect(toUtf16('ab', 9)).toBe(2);
    expect(toCodePoints('ab', 9)).toBe(2);
  });
});

describe('E-11: a finding follows its words', () => {
  it('finds them where the server said, after emoji', () => {
    const text = '🎬🎬 MARA enters';
    expect(locate(text, 3, 7, 'MARA')).toEqual({ from: 5, to: 9 });
  });

  it('finds them nearby when the text above has grown', () => {
    expect(locate('new line\nMARA enters. MARA leaves.', 0, 4, 'MARA')).toEqual({ from: 9, to: 13 });
    expect(locate('MARA, then MARA', 9, 13, 'MARA')).toEqual({ from: 11, to: 15 });
  });

  it('says null when the words are gone', () => {
    expect(locate('nobody here', 0, 4, 'MARA')).toBeNull();
    expect(locate('', 0, 0, '')).toBeNull();
  });
});
