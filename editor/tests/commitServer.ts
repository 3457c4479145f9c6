/** A room server in memory, for tests of the editor's own sockets. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocketServer, type WebSocket as NodeSocket } from 'ws';
import * as Y from 'yjs';

/** A room server with the durable order: commit first, then echo to everyone, the sender included. */
export class CommitServer {
  readonly doc = new Y.Doc();
  /** Updates that arrived and wait for their commit. */
  readonly waiting: Uint8Array[] = [];
  holdsCommits = false;
  epoch: number | null = null;
  /** Close code for everybody who comes, or null. */
  refuses: number | null = null;
  readonly addresses: string[] = [];
  echoesPresence = true;
  private readonly sockets = new Set<NodeSocket>();
  private readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' });

  constructor() {
    this.server.on('connection', (socket, request) => {
      this.addresses.push(request.url ?? '');
      this.welcome(socket);
    });
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
    if (this.refuses !== null) return socket.close(this.refuses, 'because');
    socket.send(frame(0, 0, Y.encodeStateVector(this.doc)));
    if (this.epoch !== null) socket.send(Uint8Array.of(120, this.epoch));
  }

  say(words: string): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 2);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarString(encoder, words);
    this.broadcast(encoding.toUint8Array(encoder));
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
export function becomes<T>(source: { subscribe: (listener: (value: T) => void) => () => void }, wanted: T): Promise<void> {
  return new Promise((resolve) => {
    const stop = source.subscribe((value) => {
      if (value !== wanted) return;
      // The first value comes inside subscribe, before there is a `stop`.
      queueMicrotask(() => stop());
      resolve();
    });
  });
}
