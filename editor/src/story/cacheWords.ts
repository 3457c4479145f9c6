/**
 * Says in words and measures what the cache did. Pure functions of what the server counted.
 *
 * Invariants: of nothing there is no rate, and never a zero for it; no target is reached by rounding, and nothing wrong
 * is rounded away.
 */
import type { CacheReport, Judged, LevelReport } from '../api/cacheReport';

/** One bar of the picture: a share of 1 (null: of nothing) beside the share that was planned. */
export interface Bar {
  id: string;
  label: string;
  share: number | null;
  target: number;
  /** What is missing where there is no share. */
  none: string;
  reached: boolean;
}

export const LEVELS: Readonly<Record<string, { name: string; what: string }>> = {
  L1: { name: 'The same recipe', what: 'the very same words, model and settings' },
  L2: { name: 'In other words', what: 'the same scene, worded otherwise' },
  L3: { name: 'Parts', what: 'words or frames taken over into a new film' },
  L4: { name: 'Made ahead', what: 'made before anybody asked; it saves time, no money' },
  warm: { name: 'Begun from another', what: 'a neighbour lent its seed or frame; a new film' },
};

const bar = (id: string, label: string, share: number | null, target: number, none = 'not asked yet'): Bar => ({
  id, label, share, target, none, reached: share !== null && share >= target,
});

export function barsOf({ levels, hitRate, savedShare, targets }: CacheReport): Bar[] {
  return [
    bar('l1', 'By the same recipe', levels.find((each) => each.level === 'L1')?.hitRate ?? null, targets.l1HitRate),
    bar('all', 'From the cache in all', hitRate, targets.hitRate),
    bar('money', 'Of the money', savedShare, targets.savedShare, 'no prices'),
  ];
}

/** What the report comes to, before any number of it. */
export function summary(report: CacheReport): string {
  if (report.takes === 0) {
    return 'No film of this project has asked the cache yet. Once scenes are generated, this says what was reused and what that saved.';
  }
  const films = `${report.hits === 0 ? 'None' : report.hits} of ${report.complete ? '' : 'the newest '}${count(report.takes, 'film')} came from the cache`;
  if (report.savedShare === null) return `${films}. Nothing here had a price, so no money was saved or spent.`;
  return `${films}. ${money(report.savedUsd)} of ${money(report.savedUsd + report.spentUsd)} was not spent.`;
}

/** Whoever speaks of a film speaks sooner of a wrong one: the interval says how much is known. */
export function wrongWords({ judged, wrongRate, wrongLow, wrongHigh }: Judged): string {
  if (wrongRate === null || wrongLow === null || wrongHigh === null) return 'nobody spoke';
  return `${percentUp(wrongRate)} of ${judged} judged (${percent(wrongLow)} to ${percentUp(wrongHigh)})`;
}

export const rateWords = ({ asked, hitRate }: Pick<LevelReport, 'asked' | 'hitRate'>): string =>
  asked === 0 || hitRate === null ? 'not asked' : percent(hitRate);

export const barWords = ({ share, target, none, reached }: Bar): string =>
  `${share === null ? none : percent(share)}; planned ${percent(target)}${reached ? ', reached' : ''}`;

/** To a tenth, downwards: 59.96 % is not the 60 % that was planned. */
export const percent = (share: number): string => tenthsWords(Math.floor(share * 1000 + ALMOST));

/** To a tenth, upwards: what went wrong is not made less by rounding. */
const percentUp = (share: number): string => tenthsWords(Math.ceil(share * 1000 - ALMOST));

const ALMOST = 1e-6;
const tenthsWords = (tenths: number): string => `${tenths % 10 === 0 ? tenths / 10 : (tenths / 10).toFixed(1)} %`;

/** A film can cost a hundredth of a cent: what is not nothing is never written as $0.00. */
export function money(usd: number): string {
  if (usd === 0) return '$0';
  if (usd >= 0.01) return `$${usd.toFixed(2)}`;
  return usd >= 0.0001 ? `$${usd.toFixed(4)}` : 'under $0.0001';
}

/** The bound as a person reads it. */
export const boundWords = (per10000: number): string => `${per10000} in 10,000 (${(per10000 / 100).toString()} %)`;

/** A whole number that was typed, with room around it; null where it is none: the server says what it may be. */
export function typedBound(text: string): number | null {
  const clean = text.trim();
  return /^-?\d{1,9}$/u.test(clean) ? Number(clean) : null;
}

const count = (number: number, one: string): string => `${number.toLocaleString('en')} ${one}${number === 1 ? '' : 's'}`;
