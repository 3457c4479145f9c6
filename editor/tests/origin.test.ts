import { describe, expect, it } from 'vitest';
import type { Origin } from '../src/api/cache';
import { judgedWords, originWords } from '../src/story/originWords';

const told = (change: Partial<Origin>): Origin => ({
  level: 'L2', sure: 0.97, why: [], ofSceneId: 'scn_2', ofAnotherProject: false, judged: null, shownFirst: false, ...change,
});
const numberOf = (id: string): number | null => (id === 'scn_2' ? 2 : null);
const words = (verdict: string, change: Partial<Origin> = {}): string => originWords(verdict, told(change), 'scn_1', numberOf);

describe('E-95: a take says where it comes from and how sure', () => {
  it('names whose film it is, and how it was asked for', () => {
    expect(words('hit')).toBe('The film of scene 2, asked for in other words · sure 97 %');
    expect(words('hit', { level: 'L1', sure: 1 })).toBe('The film of scene 2, made by the same recipe · sure 100 %');
    expect(words('hit', { ofSceneId: 'scn_1' })).toContain('The film of this scene');
    expect(words('hit', { ofSceneId: 'scn_9' })).toContain('a scene that is gone');
    expect(words('hit', { ofSceneId: null, ofAnotherProject: true })).toContain('The film of another project');
    expect(words('hit', { level: 'L4', sure: 1, ofSceneId: null })).toBe('Made ahead, for just these words · sure 100 %');
    expect(words('hit', { level: 'L9', sure: null, ofSceneId: null })).toBe('The film of an earlier take, given by the cache');
  });

  it('never rounds up to certainty, and never calls a beginning the same film', () => {
    expect(words('hit', { sure: 0.9999 })).toContain('sure 99 %');
    expect(words('hit', { sure: 0.57 })).toContain('sure 57 %');
    expect(words('warm')).toBe('Begun from a frame of scene 2: not the same film');
    expect(words('miss')).toBe('');
  });

  it('says what follows from a word', () => {
    expect(new Set([null, true, false].map(judgedWords)).size).toBe(3);
    expect(judgedWords(null)).toContain('The take stays');
  });
});
