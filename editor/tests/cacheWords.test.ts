import { describe, expect, it } from 'vitest';
import type { CacheReport, Judged, LevelReport } from '../src/api/cacheReport';
import { barsOf, barWords, boundWords, LEVELS, money, percent, rateWords, summary, typedBound, wrongWords } from '../src/story/cacheWords';

const NOBODY: Judged = { judged: 0, wrong: 0, wrongRate: null, wrongLow: null, wrongHigh: null };
const level = (name: string, asked: number, hits: number): LevelReport => ({
  ...NOBODY, level: name, asked, hits, hitRate: asked ? hits / asked : null, savedUsd: 0,
});
const report = (change: Partial<CacheReport>): CacheReport => ({
  ...NOBODY, takes: 12, complete: true, hits: 6, hitRate: 0.5, savedUsd: 1.2, spentUsd: 1.2, savedShare: 0.5,
  levels: [level('L1', 12, 3), level('L2', 9, 3)], targets: { l1HitRate: 0.4, hitRate: 0.6, savedShare: 0.5 },
  installedBoundPer10000: 50, ...change,
});

describe('E-120: the cache report says what was reused, beside what was planned', () => {
  it('stands beside the three targets and says which are reached', () => {
    const bars = barsOf(report({}));
    expect(bars.map((bar) => [bar.id, bar.share, bar.target, bar.reached])).toEqual([
      ['l1', 0.25, 0.4, false], ['all', 0.5, 0.6, false], ['money', 0.5, 0.5, true],
    ]);
    expect(bars.map(barWords)).toEqual(['25 %; planned 40 %', '50 %; planned 60 %', '50 %; planned 50 %, reached']);
  });

  it('says in plain words that nothing was asked, and never a rate of nothing', () => {
    const none = report({ takes: 0, hits: 0, hitRate: null, savedUsd: 0, spentUsd: 0, savedShare: null, levels: [level('L1', 0, 0)] });
    expect(summary(none)).toContain('No film of this project has asked the cache yet');
    expect(barsOf(none).map(barWords)).toEqual(
      ['not asked yet; planned 40 %', 'not asked yet; planned 60 %', 'no prices; planned 50 %'],
    );
    expect(rateWords(level('L4', 0, 0))).toBe('not asked');
    expect(wrongWords(NOBODY)).toBe('nobody spoke');
  });

  it('sums up films and money, and says what is not counted or has no price', () => {
    expect(summary(report({}))).toBe('6 of 12 films came from the cache. $1.20 of $2.40 was not spent.');
    expect(summary(report({ takes: 2000, complete: false }))).toContain('6 of the newest 2,000 films');
    expect(summary(report({ takes: 1, hits: 0, savedShare: null }))).toBe(
      'None of 1 film came from the cache. Nothing here had a price, so no money was saved or spent.',
    );
  });

  it('never reaches a target by rounding, nor writes money away', () => {
    expect([0, 0.39999, 0.4, 0.5996, 0.999999, 1].map(percent)).toEqual(['0 %', '39.9 %', '40 %', '59.9 %', '99.9 %', '100 %']);
    expect([0, 0.00001, 0.0042, 0.5, 12].map(money)).toEqual(['$0', 'under $0.0001', '$0.0042', '$0.50', '$12.00']);
  });

  it('says how often people found it wrong, and how much is known of that', () => {
    const spoken: Judged = { judged: 32, wrong: 1, wrongRate: 1 / 32, wrongLow: 0.0055, wrongHigh: 0.157 };
    expect(wrongWords(spoken)).toBe('3.2 % of 32 judged (0.5 % to 15.7 %)');
  });

  it('has words for every level there is', () => {
    expect(Object.keys(LEVELS)).toEqual(['L1', 'L2', 'L3', 'L4', 'warm']);
  });
});

describe('E-121: the owner sets how wrong a reused film may be', () => {
  it('reads whole numbers alone, and leaves their limits to the server', () => {
    expect([' 50 ', '0', '-5', '9999'].map(typedBound)).toEqual([50, 0, -5, 9999]);
    expect(['', 'many', '0.5', '1e3', '5 %'].map(typedBound)).toEqual([null, null, null, null, null]);
  });

  it('says the bound as a share too', () => {
    expect([1, 50, 200].map(boundWords)).toEqual(['1 in 10,000 (0.01 %)', '50 in 10,000 (0.5 %)', '200 in 10,000 (2 %)']);
  });
});
