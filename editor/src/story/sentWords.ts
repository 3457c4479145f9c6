/** Says in words what is sent for a scene. Pure functions of what the server tells. */
import type { Price, Sent } from '../api/sent';
import { durationWords } from './jobWords';

const SOURCES: Record<string, string> = {
  brain: 'The brain',
  beat: 'The beat',
  continuity: 'Continuity',
  note: 'A note',
  'so far': 'The story so far',
};

export const sourceWords = (source: string): string => SOURCES[source] ?? source;

/** Which of the two askings it is: the frames of the board, or the film. */
export const askedWords = ({ step }: Pick<Sent, 'step'>): string => (step === 'video' ? 'Sent for the film' : 'Sent for the board');

export function shotsWords({ shots }: Pick<Sent, 'shots'>): string {
  const seconds = shots.reduce((sum, shot) => sum + shot.durationS, 0);
  return `${shots.length} ${shots.length === 1 ? 'shot' : 'shots'}, ${durationWords(seconds)}`;
}

/** Who films it, for how much, in how long: as prices stood when the words were written. */
export function priceWords({ backend, cost, unit, workS }: Price): string {
  const money = cost === 0 ? 'nothing to pay' : `about ${cost.toFixed(2)} ${unit}`;
  return `${backend}, ${money}${workS === null ? '' : `, ${durationWords(workS)} of work`}`;
}
