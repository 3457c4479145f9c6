/**
 * Owns the order of scenes: the outline's `order` map gives every scene a fractional key; sorting by key is the order.
 *
 * Invariant: moving a scene writes only its own key, so two people who move different scenes never undo each other.
 * Ties (two people chose the same gap at once) fall back to the scene id, the same on every screen.
 */
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import type * as Y from 'yjs';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `sceneIds` in the server's order; scenes without a key yet come after those that have one. */
export function sortScenes(sceneIds: readonly string[], order: Y.Map<unknown>): string[] {
  const keyOf = (id: string): string | null => {
    const key = order.get(id);
    return typeof key === 'string' ? key : null;
  };
  const keyed = sceneIds.filter((id) => keyOf(id) !== null);
  const rest = sceneIds.filter((id) => keyOf(id) === null);
  keyed.sort((a, b) => compare(keyOf(a) ?? '', keyOf(b) ?? '') || compare(a, b));
  return [...keyed, ...rest];
}

/** Moves a scene to `index` of the sorted list. Writes a key for neighbours only where they have none or share one. */
export function moveScene(sorted: readonly string[], order: Y.Map<unknown>, sceneId: string, index: number): void {
  const others = sorted.filter((id) => id !== sceneId);
  const at = Math.max(0, Math.min(index, others.length));
  const write = (): void => {
    if (!usable(others, order)) rekey(others, order);
    const before = at > 0 ? (order.get(others[at - 1] ?? '') as string) : null;
    const after = at < others.length ? (order.get(others[at] ?? '') as string) : null;
    order.set(sceneId, generateKeyBetween(before, after));
  };
  if (order.doc) order.doc.transact(write);
  else write();
}

/** Every scene has a key that the generator accepts, strictly rising. */
function usable(sorted: readonly string[], order: Y.Map<unknown>): boolean {
  let previous: string | null = null;
  for (const id of sorted) {
    const key = order.get(id);
    if (typeof key !== 'string' || (previous !== null && key <= previous) || !wellFormed(key)) return false;
    previous = key;
  }
  return true;
}

function wellFormed(key: string): boolean {
  try {
    generateKeyBetween(key, null);
    return true;
  } catch {
    return false;
  }
}

function rekey(sorted: readonly string[], order: Y.Map<unknown>): void {
  for (const [index, key] of generateNKeysBetween(null, null, sorted.length).entries()) {
    const id = sorted[index];
    if (id !== undefined) order.set(id, key);
  }
}
