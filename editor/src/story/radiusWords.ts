/** Says in words what is out of date and what it costs to mend. Invariant: pure functions of what the server told. */
import type { Radius, Repair } from '../api/radius';

const count = (many: number, one: string): string => `${many} ${one}${many === 1 ? '' : 's'}`;

/** "its words and its hour". */
export const reasonsWords = (reasons: readonly string[]): string =>
  reasons.length < 2 ? (reasons[0] ?? '') : `${reasons.slice(0, -1).join(', ')} and ${reasons.at(-1)}`;

export function costWords(costs: readonly { amount: number; unit: string }[], workS: number): string {
  const paid = costs.filter((cost) => cost.amount > 0).map((cost) => `${Number(cost.amount.toFixed(4))} ${cost.unit}`);
  const time = workS > 0 ? `about ${workS < 90 ? `${Math.max(1, Math.round(workS))} s` : `${Math.round(workS / 60)} min`} of rendering` : '';
  return [paid.length > 0 ? paid.join(' and ') : 'nothing to pay', time].filter(Boolean).join(', ');
}

export const radiusWords = (radius: Radius): string =>
  radius.scenes.length === 0
    ? 'Every film is what would be made of its scene today.'
    : `${count(radius.scenes.length, 'film')} with ${count(radius.panels, 'frame')} would be made otherwise today: ${costWords(radius.costs, radius.workS)}.`;

/** Films of an order that are, were or will be made. */
export const filmsOf = (repair: Repair): number => repair.jobs.length + repair.waiting;

export function repairWords(repair: Repair): string {
  const off = repair.cancelled ? 'called off' : '';
  const rest = [
    repair.held > 0 ? `${repair.held} held for you` : '',
    repair.failed > 0 ? `${repair.failed} ${repair.cancelled ? 'not made' : 'failed'}` : '',
    repair.notRepaired.length > 0 ? `${repair.notRepaired.length} cannot be filmed` : '',
    off,
  ].filter(Boolean);
  return [`${repair.done} of ${count(filmsOf(repair), 'film')} made again`, ...rest].join(', ');
}
