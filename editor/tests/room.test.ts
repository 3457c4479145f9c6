import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket as NodeSocket } from 'ws';
import * as Y from 'yjs';
import type { SavePhase } from '../src/collab/durability';
import { Room } from '../src/collab/room';
import { becomes, CommitServer } from './commitServer';

describe('E-06: the light over a real socket', () => {
  let server: CommitServer;
  let room: Room;

  beforeEach(async () => {
    server = new CommitServer();
    await server.listening();
    room = new Room({ serverUrl: server.url, name: 'scene:scn_1', socket: NodeSocket as unknown as typeof WebSocket });
    await becomes(room.synced, true);
    await becomes<SavePhase>(room.phase, 'saved');
  });

  afterEach(async () => {
    room.destroy();
    await server.close();
  });

  it('is never saved before the commit, and says when the server has the bytes', async () => {
    server.holdsCommits = true;
    room.doc.getText('script').insert(0, 'INT. HALL - DAY');
    expect(room.phase.value).toBe('sending');
    await becomes<SavePhase>(room.phase, 'received');
    expect(server.doc.getText('script').toString()).toBe('');
    server.commitAll();
    await becomes<SavePhase>(room.phase, 'saved');
    expect(server.doc.getText('script').toString()).toBe('INT. HALL - DAY');
  });

  it('stays on sending when the server echoes no presence', async () => {
    server.holdsCommits = true;
    server.echoesPresence = false;
    const seen: SavePhase[] = [];
    const stop = room.phase.subscribe((phase) => seen.push(phase));
    room.doc.getText('script').insert(0, 'x');
    while (server.waiting.length === 0) await new Promise(setImmediate);
    server.commitAll();
    await becomes<SavePhase>(room.phase, 'saved');
    stop();
    expect(seen).toEqual(['saved', 'sending', 'saved']);
  });

  it('keeps what was typed offline and saves it after the reconnect', async () => {
    server.cut();
    await becomes<SavePhase>(room.phase, 'offline');
    room.doc.getText('script').insert(0, 'typed in a tunnel');
    room.doc.getText('script').delete(0, 6);
    expect(room.durable).toBe(false);
    await becomes<SavePhase>(room.phase, 'saved');
    expect(server.doc.getText('script').toString()).toBe('in a tunnel');
  });

  it('an edit whose echo was lost with the socket is recognised as committed', async () => {
    server.holdsCommits = true;
    room.doc.getText('script').insert(0, 'lost echo');
    while (server.waiting.length === 0) await new Promise(setImmediate);
    for (const update of server.waiting.splice(0)) Y.applyUpdate(server.doc, update);
    server.holdsCommits = false;
    server.cut();
    await becomes<SavePhase>(room.phase, 'offline');
    await becomes<SavePhase>(room.phase, 'saved');
  });

  it('E-07: a 44xx close stops trying and says why; a 45xx close does not', async () => {
    server.cut(4503);
    await becomes<SavePhase>(room.phase, 'offline');
    await becomes<SavePhase>(room.phase, 'saved');
    expect(room.refusal.value).toBeNull();
    server.cut(4403);
    await becomes<SavePhase>(room.phase, 'offline');
    expect(room.refusal.value).toEqual({ code: 4403, reason: 'because' });
  });
});
