/** What is said of a deletion, and whether a typed title means this project. Pure. */

const plain = (text: string): string => text.normalize('NFC').trim().replace(/\s+/gu, ' ').toLocaleLowerCase();

/** Case and spaces at the ends are nobody's intent; anything else is another title. An empty title is typed as such. */
export function means(typed: string, title: string): boolean {
  return plain(title) === '' ? plain(typed) === 'delete' : plain(typed) === plain(title);
}

/** What somebody has to type. */
export const toType = (title: string): string => (title.trim() === '' ? 'delete' : title);

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function untilWords(iso: string, nowMs: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime()) || at.getTime() <= nowMs) return 'It is being erased.';
  return `It can be restored until ${MOMENT.format(at)}; then it is erased.`;
}
