/**
 * Owns one live document: the Yjs doc, its socket, who is here, and whether what was typed is safe.
 *
 * Invariant: frames from the server are the only proof of durability; other tabs of this browser are never listened to
 * (BroadcastChannel off), since a neighbour tab's frame would look like the server's word.
 *
 * Data: `ws …/collab/{projectId}/{doc}` (y-websocket protocol) ↔ `doc`; `phase`, `synced` and `refusal` feed the page.
 */
import { signal } from '@preact/signals';
import * as decoding from 'lib0/decoding';
import { Awareness } from 'y-protocols/awareness';
import { messageYjsSyncStep1 } from 'y-protocols/sync';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { Durability, type SavePhase } from './durability';

const MESSAGE_SYNC = 0;
const MESSAGE_AWARENESS = 1;
/** After this long without proof we re-announce our presence, so that its echo can show the server is listening. */
const RECEIPT_PROBE_MS = 400;
const RECONNECT_BACKOFF_MAX_MS = 2500;

export interface Refusal {
  code: number;
  reason: string;
}

export interface RoomOptions {
  /** `ws://host/collab/{projectId}`; the document name is the last path segment. */
  serverUrl: string;
  name: string;
  socket?: typeof WebSocket;
}

export class Room {
  readonly name: string;
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly phase = signal<SavePhase>('offline');
  readonly synced = signal(false);
  /** Set when the server closed with 44xx: trying again cannot help. */
  readonly refusal = signal<Refusal | null>(null);
  /** Consecutive failed attempts; zero while connected. */
  readonly failures = signal(0);
  private readonly provider: WebsocketProvider;
  private readonly durability = new Durability();
  private probe: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RoomOptions) {
    this.name = options.name;
    this.doc.on('update', this.onUpdate);
    this.provider = new WebsocketProvider(options.serverUrl, options.name, this.doc, {
      awareness: this.awareness,
      disableBc: true,
      maxBackoffTime: RECONNECT_BACKOFF_MAX_MS,
      connect: false,
      ...(options.socket ? { WebSocketPolyfill: options.socket } : {}),
    });
    this.listenToFrames();
    this.listenToSocket();
    this.provider.connect();
  }

  /** Tries now instead of waiting for the backoff. Also after a refusal. */
  reconnect(): void {
    this.refusal.value = null;
    if (this.provider.wsconnected) return;
    this.provider.disconnect();
    this.provider.connect();
  }

  /** Closes the socket. Call only when `phase` is saved, or what is unsaved is lost with the tab. */
  destroy(): void {
    clearTimeout(this.probe);
    this.doc.off('update', this.onUpdate);
    this.provider.destroy();
    this.awareness.destroy();
    this.doc.destroy();
  }

  /** False while anything typed here has not come back from the server. */
  get durable(): boolean {
    return this.durability.durable;
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this.provider) return;
    this.durability.local(update, this.awarenessClock());
    this.refresh();
  };

  private listenToFrames(): void {
    const handlers = this.provider.messageHandlers;
    const [sync, awareness] = [handlers[MESSAGE_SYNC], handlers[MESSAGE_AWARENESS]];
    if (sync === undefined || awareness === undefined) throw new Error('y-websocket changed its message table');
    handlers[MESSAGE_SYNC] = (encoder, decoder, provider, emitSynced, type) => {
      const [kind, payload] = peek(decoder, (copy) => [decoding.readVarUint(copy), decoding.readVarUint8Array(copy)]);
      sync(encoder, decoder, provider, emitSynced, type);
      if (kind === messageYjsSyncStep1) this.durability.committedVector(payload);
      else this.durability.committed(payload);
      this.refresh();
    };
    handlers[MESSAGE_AWARENESS] = (encoder, decoder, provider, emitSynced, type) => {
      const clock = peek(decoder, (copy) => clockOf(decoding.readVarUint8Array(copy), this.doc.clientID));
      awareness(encoder, decoder, provider, emitSynced, type);
      if (clock !== null) this.durability.presenceEcho(clock);
      this.refresh();
    };
  }

  private listenToSocket(): void {
    this.provider.on('status', ({ status }) => {
      if (status === 'connected') {
        this.durability.connect(this.awarenessClock());
      } else if (status === 'disconnected') {
        this.durability.disconnect();
      }
      this.refresh();
    });
    this.provider.on('connection-close', () => {
      this.failures.value += 1;
    });
    this.provider.on('sync', (synced) => {
      this.synced.value = this.synced.value || synced;
      if (!synced) return;
      this.failures.value = 0;
      // Others forgot us when the line broke and ignore a presence they have already seen: give it a new clock.
      this.announceAgain();
    });
    this.provider.on('closed', ({ code, reason }) => {
      this.refusal.value = { code, reason };
    });
  }

  private awarenessClock(): number {
    return this.awareness.meta.get(this.doc.clientID)?.clock ?? 0;
  }

  private refresh(): void {
    this.phase.value = this.durability.phase;
    clearTimeout(this.probe);
    if (this.phase.peek() === 'sending') this.probe = setTimeout(this.announceAgain, RECEIPT_PROBE_MS);
  }

  private readonly announceAgain = (): void => {
    this.awareness.setLocalState(this.awareness.getLocalState() ?? {});
  };
}

/** Reads ahead without moving the provider's own decoder. */
function peek<T>(decoder: decoding.Decoder, read: (copy: decoding.Decoder) => T): T {
  return read(decoding.clone(decoder));
}

/** The clock an awareness update carries for `client`, or null if it does not mention it. */
function clockOf(update: Uint8Array, client: number): number | null {
  const decoder = decoding.createDecoder(update);
  for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) {
    const id = decoding.readVarUint(decoder);
    const clock = decoding.readVarUint(decoder);
    decoding.readVarString(decoder);
    if (id === client) return clock;
  }
  return null;
}
