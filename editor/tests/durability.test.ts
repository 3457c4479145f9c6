import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { Durability, worstPhase } from '../src/collab/durability';

/** A writer whose local updates are tracked, and the frames it has sent. */
function writer() {
  const doc = new Y.Doc();
  const light = new Durability();
  const frames: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin === 'server') return;
    frames.push(update);
    light.local(update);
  });
  light.connect();
  light.committedVector(Y.encodeStateVector(new Y.Doc()));
  return { doc, light, frames, text: doc.getText('script') };
}

describe('E-01: the light shows saved only after the durable echo', () => {
  it('is saved on an untouched open document and offline without a socket', () => {
    const { light } = writer();
    expect(light.phase).toBe('saved');
    light.disconnect();
    expect(light.phase).toBe('offline');
  });

  it('is sending after a keystroke, and saved once that very update came back', () => {
    const { light, frames, text } = writer();
    text.insert(0, 'INT. KITCHEN - NIGHT');
    expect(light.phase).toBe('sending');
    light.committed(frames[0]!);
    expect(light.phase).toBe('saved');
  });

  it('is not fooled by the echo of an earlier update or by a colleague’s', () => {
    const { light, frames, text } = writer();
    text.insert(0, 'a');
    text.insert(1, 'b');
    light.committed(frames[0]!);
    expect(light.phase).toBe('sending');
    const colleague = new Y.Doc();
    colleague.getText('script').insert(0, 'someone else wrote this');
    light.committed(Y.encodeStateAsUpdate(colleague));
    expect(light.phase).toBe('sending');
    light.committed(frames[1]!);
    expect(light.phase).toBe('saved');
  });

  it('accepts echoes merged with other people’s work, and out of order', () => {
    const { light, frames, text } = writer();
    for (const char of 'hello') text.insert(text.length, char);
    const colleague = new Y.Doc();
    colleague.getText('script').insert(0, 'x');
    const other = Y.encodeStateAsUpdate(colleague);
    light.committed(Y.mergeUpdates([frames[3]!, frames[4]!, other]));
    expect(light.phase).toBe('sending');
    light.committed(Y.mergeUpdates([frames[0]!, frames[1]!, frames[2]!]));
    expect(light.phase).toBe('saved');
  });

  it('does not take the hole of a merged update for content', () => {
    const { light, frames, text } = writer();
    for (const char of 'abc') text.insert(text.length, char);
    light.committed(Y.mergeUpdates([frames[0]!, frames[2]!]));
    expect(light.phase).toBe('sending');
    light.committed(frames[1]!);
    expect(light.phase).toBe('saved');
  });
});

describe('E-02: deletions are tracked as carefully as insertions', () => {
  it('waits for the echo of a delete-only update', () => {
    const { doc, light, frames, text } = writer();
    text.insert(0, 'cut this line');
    light.committed(frames[0]!);
    text.delete(0, 9);
    expect(light.phase).toBe('sending');
    light.committedVector(Y.encodeStateVector(doc));
    expect(light.phase).toBe('sending');
    light.committed(frames[1]!);
    expect(light.phase).toBe('saved');
  });

  it('takes the delete set of a sync step 2 as proof', () => {
    const { doc, light, frames, text } = writer();
    text.insert(0, 'cut this line');
    const server = new Y.Doc();
    Y.applyUpdate(server, frames[0]!);
    text.delete(4, 5);
    Y.applyUpdate(server, frames[1]!);
    light.committedVector(Y.encodeStateVector(server));
    light.committed(Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc)));
    expect(light.phase).toBe('saved');
  });

  it('tracks a partial deletion across several echoes', () => {
    const { light, frames, text } = writer();
    text.insert(0, 'abcdef');
    light.committed(frames[0]!);
    text.delete(0, 2);
    text.delete(2, 2);
    light.committed(frames[2]!);
    expect(light.durable).toBe(false);
    light.committed(frames[1]!);
    expect(light.durable).toBe(true);
  });
});

describe('E-03: offline work is unsaved until the handshake proves it', () => {
  it('goes offline → sending → saved over a reconnect', () => {
    const { light, frames, text } = writer();
    light.disconnect();
    text.insert(0, 'typed in a tunnel');
    expect(light.phase).toBe('offline');
    expect(light.durable).toBe(false);
    light.connect();
    expect(light.phase).toBe('sending');
    light.committed(frames[0]!);
    expect(light.phase).toBe('saved');
  });

  it('recognises work that was committed although its echo was lost with the socket', () => {
    const { doc, light, frames, text } = writer();
    text.insert(0, 'committed, echo lost');
    light.disconnect();
    const server = new Y.Doc();
    Y.applyUpdate(server, frames[0]!);
    light.connect();
    light.committedVector(Y.encodeStateVector(server));
    light.committed(Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc)));
    expect(light.phase).toBe('saved');
  });

  it('keeps what the server lacks when its vector covers only a part', () => {
    const { light, frames, text } = writer();
    text.insert(0, 'one');
    text.insert(3, ' two');
    const server = new Y.Doc();
    Y.applyUpdate(server, frames[0]!);
    light.committedVector(Y.encodeStateVector(server));
    expect(light.phase).toBe('sending');
  });
});

describe('E-04: "on the server" needs the echo of a question asked after the edit', () => {
  it('shows received only when the question of the newest edit came back', () => {
    const { light, text } = writer();
    text.insert(0, 'a');
    const first = light.question!;
    text.insert(1, 'b');
    light.presenceEcho(first);
    expect(light.phase).toBe('sending');
    light.presenceEcho(light.question!);
    expect(light.phase).toBe('received');
    text.insert(2, 'c');
    expect(light.phase).toBe('sending');
  });

  it('asks nothing when all is saved, offline, or before the handshake has handed over what was typed', () => {
    const { light, text } = writer();
    expect(light.question).toBeNull();
    text.insert(0, 'a');
    const asked = light.question!;
    light.disconnect();
    expect(light.question).toBeNull();
    light.connect();
    expect(light.question).toBeNull();
    light.presenceEcho(asked);
    expect(light.phase).toBe('sending');
    light.committedVector(Y.encodeStateVector(new Y.Doc()));
    expect(light.question).toBe(asked);
  });
});

it('E-05: the light of several documents is that of the worst one', () => {
  expect(worstPhase([])).toBe('saved');
  expect(worstPhase(['saved', 'received'])).toBe('received');
  expect(worstPhase(['saved', 'sending', 'received'])).toBe('sending');
  expect(worstPhase(['offline', 'sending'])).toBe('offline');
});

it('E-01 seeded worlds: any split and merge of the echoes ends saved, and never before the last one', () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    let state = seed;
    const random = (bound: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const { light, frames, text } = writer();
    for (let step = 0; step < 30; step += 1) {
      if (text.length > 3 && random(3) === 0) text.delete(random(text.length - 2), 1 + random(2));
      else text.insert(random(text.length + 1), 'é🎬ab'.slice(0, 1 + random(4)));
    }
    const pending = [...frames];
    while (pending.length > 0) {
      expect(light.durable, `seed ${seed}`).toBe(false);
      const batch = pending.splice(0, 1 + random(5));
      light.committed(Y.mergeUpdates(batch));
    }
    expect(light.durable, `seed ${seed}`).toBe(true);
  }
});
