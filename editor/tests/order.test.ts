import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { moveScene, sortScenes } from '../src/story/order';

function outline(keys: Record<string, string>) {
  const doc = new Y.Doc();
  const order = doc.getMap<unknown>('order');
  for (const [id, key] of Object.entries(keys)) order.set(id, key);
  return { doc, order };
}

describe('E-15: scenes are ordered by fractional key, the same on every screen', () => {
  it('sorts by key, then id, and leaves unkeyed scenes at the end', () => {
    const { order } = outline({ b: 'a1', a: 'a1', c: 'a0' });
    expect(sortScenes(['z', 'a', 'b', 'c'], order)).toEqual(['c', 'a', 'b', 'z']);
  });

  it('moves up, down, to the ends, touching one key only', () => {
    const { doc, order } = outline({ a: 'a0', b: 'a1', c: 'a2' });
    let changed: string[] = [];
    order.observe((event) => (changed = [...event.keysChanged] as string[]));
    const ids = ['a', 'b', 'c'];
    moveScene(sortScenes(ids, order), order, 'c', 0);
    expect(changed).toEqual(['c']);
    expect(sortScenes(ids, order)).toEqual(['c', 'a', 'b']);
    moveScene(sortScenes(ids, order), order, 'c', 1);
    expect(sortScenes(ids, order)).toEqual(['a', 'c', 'b']);
    moveScene(sortScenes(ids, order), order, 'a', 99);
    expect(sortScenes(ids, order)).toEqual(['c', 'b', 'a']);
    expect(doc.getMap('order').size).toBe(3);
  });

  it('repairs keys that are missing, equal or foreign before it moves', () => {
    const { order } = outline({ a: 'a0', b: 'a0', d: '0.5' });
    const ids = ['a', 'b', 'c', 'd'];
    const sorted = sortScenes(ids, order);
    moveScene(sorted, order, 'c', 1);
    const expected = sorted.filter((id) => id !== 'c');
    expected.splice(1, 0, 'c');
    expect(sortScenes(ids, order)).toEqual(expected);
  });

  it('two people moving different scenes at once converge and both moves hold', () => {
    const left = outline({ a: 'a0', b: 'a1', c: 'a2', d: 'a3' });
    const right = { doc: new Y.Doc() };
    Y.applyUpdate(right.doc, Y.encodeStateAsUpdate(left.doc));
    const rightOrder = right.doc.getMap<unknown>('order');
    const ids = ['a', 'b', 'c', 'd'];
    moveScene(sortScenes(ids, left.order), left.order, 'd', 0);
    moveScene(sortScenes(ids, rightOrder), rightOrder, 'a', 2);
    Y.applyUpdate(right.doc, Y.encodeStateAsUpdate(left.doc));
    Y.applyUpdate(left.doc, Y.encodeStateAsUpdate(right.doc));
    expect(sortScenes(ids, left.order)).toEqual(sortScenes(ids, rightOrder));
    expect(sortScenes(ids, left.order)).toEqual(['d', 'b', 'c', 'a']);
  });
});
