import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket as NodeSocket, WebSocketServer } from 'ws';
import * as Y from 'yjs';
import type { SavePhase } from '../src/collab/durability';
import { Room } from '../src/collab/room';

/** A room server with the durable order: commit first, then echo to everyone, the sender included. */
class CommitServer {
  readonly doc = new Y.Doc();
  /** Updates that arrived and wait for their commit. */
  readonly waiting: Uint8Array[] = [];
  holdsCommits = false;
  echoesPresence = true;
  private readonly sockets = new Set<NodeSocket>();
  private readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' });

  constructor() {
    this.server.on('connection', (socket) => this.welcome(socket));
  }

  async listening(): Promise<void> {
    if (this.server.address() === null) await once(this.server, 'listening');
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/collab/prj_1`;
  }

  commitAll(): void {
    for (const update of this.waiting.splice(0)) {
      Y.applyUpdate(this.doc, update);
      this.broadcast(frame(0, 2, update));
    }
  }

  cut(code = 1012): void {
    for (const socket of this.sockets) socket.close(code, 'because');
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  private welcome(socket: NodeSocket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('message', (data: Buffer) => this.receive(socket, new Uint8Array(data)));
    socket.send(frame(0, 0, Y.encodeStateVector(this.doc)));
  }

  private receive(socket: NodeSocket, bytes: Uint8Array): void {
    const decoder = decoding.createDecoder(bytes);
    if (decoding.readVarUint(decoder) === 1) {
      if (this.echoesPresence) this.broadcast(bytes);
      return;
    }
    const kind = decoding.readVarUint(decoder);
    const payload = decoding.readVarUint8Array(decoder);
    if (kind === 0) socket.send(frame(0, 1, Y.encodeStateAsUpdate(this.doc, payload)));
    else this.waiting.push(payload);
    if (!this.holdsCommits) this.commitAll();
  }

  private broadcast(bytes: Uint8Array): void {
    for (const socket of this.sockets) socket.send(bytes);
  }
}

function frame(type: number, kind: number, payload: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  encoding.writeVarUint(encoder, kind);
  encoding.writeVarUint8Array(encoder, payload);
  return encoding.toUint8Array(encoder);
}

/** Resolves when the signal takes the value. */
function becomes<T>(source: { subscribe: (listener: (value: T) => void) => () => void }, wanted: T): Promise<void> {
  return new Promise((resolve) => {
    const stop = source.subscribe((value) => {
      if (value !== wanted) return;
      // The first value comes inside subscribe, before there is a `stop`.
      queueMicrotask(() => stop());
      resolve();
    });
  });
}

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
