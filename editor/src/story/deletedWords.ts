/** What is said of a deletion, and whether a typed title means this project. Pure. */
import type { Gone } from '../api/deletion';

const plain = (text: string): string => text.normalize('NFC').trim().replace(/\s+/gu, ' ').toLocaleLowerCase();

/** Case and spaces at the ends are nobody's intent; anything else is another title. An empty title is typed as such. */
export function means(typed: string, title: string): boolean {
  return plain(title) === '' ? plain(typed) === 'delete' : plain(typed) === plain(title);
}

/** What somebody has to type. */
export const toType = (title: string): string => (title.trim() === '' ? 'delete' : title);

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Who deleted it, and when. */
export function byWhomWords({ byYou, deletedAt }: Gone): string {
  const at = new Date(deletedAt ?? '');
  const when = Number.isNaN(at.getTime()) ? '' : ` on ${MOMENT.format(at)}`;
  return `${byYou ? 'You' : 'Its owner'} deleted it${when}.`;
}

/** Whether there is a way back, until when, and whose it is. */
export function wayBackWords({ byYou, restorableUntil }: Gone, nowMs: number): string {
  const until = new Date(restorableUntil ?? '');
  if (Number.isNaN(until.getTime()) || until.getTime() <= nowMs) return 'It is being erased; there is no way back.';
  if (byYou) return untilWords(until.toISOString(), nowMs);
  return `Its owner can restore it until ${MOMENT.format(until)}. Leave this page open: it comes back by itself.`;
}

export function untilWords(iso: string, nowMs: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime()) || at.getTime() <= nowMs) return 'It is being erased.';
  return `It can be restored until ${MOMENT.format(at)}; then it is erased.`;
}
