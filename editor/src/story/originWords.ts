/**
 * Says in words where a take comes from and how sure that was. A pure function of what the server told.
 *
 * Invariant: a film that only began from another one is never called the same.
 */
import type { Origin } from '../api/cache';

/** A scene as a person counts it; null: it is gone, or nobody's to know. */
export type SceneNumber = (sceneId: string) => number | null;

/** Empty where the take was made for its own words. */
export function originWords(verdict: string, origin: Origin, here: string, numberOf: SceneNumber): string {
  const whose = ownerWords(origin, here, numberOf);
  if (verdict === 'warm') return `Begun from a frame of ${whose}: not the same film`;
  if (verdict !== 'hit') return '';
  if (origin.level === 'L4') return `Made ahead, for just these words${sureWords(origin.sure)}`;
  const how = HOW[origin.level] ?? 'given by the cache';
  return `The film of ${whose}, ${how}${sureWords(origin.sure)}`;
}

const HOW: Record<string, string> = {
  L1: 'made by the same recipe',
  L2: 'asked for in other words',
};

function ownerWords({ ofSceneId, ofAnotherProject }: Origin, here: string, numberOf: SceneNumber): string {
  if (ofAnotherProject) return 'another project';
  if (ofSceneId === null) return 'an earlier take';
  if (ofSceneId === here) return 'this scene';
  const number = numberOf(ofSceneId);
  return number === null ? 'a scene that is gone' : `scene ${number}`;
}

/** Never rounded up: 99.6 % is not certainty. */
const sureWords = (sure: number | null): string => (sure === null ? '' : ` · sure ${Math.floor(sure * 100 + 1e-9)} %`);

/** What follows from a word, before it is said and after. */
export function judgedWords(judged: boolean | null): string {
  if (judged === null) return 'After “Not this” these words are never answered with this film again. The take stays in the list.';
  return judged ? 'Kept: it is what was asked for.' : 'Not this: these words are not answered with this film again.';
}
