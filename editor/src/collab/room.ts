/**
 * Owns one live document: the Yjs doc, its socket, who is here, and whether what was typed is safe.
 *
 * Invariant: frames from the server are the only proof of durability; other tabs of this browser are never listened to
 * (BroadcastChannel off), since a neighbour tab's frame would look like the server's word.
 *
 * Data: `ws …/collab/{projectId}/{doc}` (y-websocket protocol) ↔ `doc`; `phase`, `synced` and `refusal` feed the page.
 */
import { computed, signal } from '@preact/signals';
import * as decoding from 'lib0/decoding';
import { Awareness } from 'y-protocols/awareness';
import { messageYjsSyncStep1 } from 'y-protocols/sync';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { Durability, type SavePhase } from './durability';
import { type Identity, placeInQueue } from './people';

const MESSAGE_SYNC = 0;
const MESSAGE_AWARENESS = 1;
const MESSAGE_AUTH = 2;
/** The server's own: the document's epoch, told to whoever gave an `epoch` parameter. */
const MESSAGE_EPOCH = 120;
/** Close code: our copy belongs to an earlier life of the document, and will never be merged. */
const STALE_DOCUMENT = 4409;
/** How the server begins when what is taken away is only writing. */
const READ_ONLY = 'this document is read-only';
/** After this long without proof we put a question into our presence; its echo shows that the server has our bytes. */
const RECEIPT_PROBE_MS = 400;
const RECEIPT_FIELD = 'receipt';
const RECONNECT_BACKOFF_MAX_MS = 2500;

export interface Refusal {
  code: number;
  reason: string;
}

export interface RoomOptions {
  /** `ws://host/collab/{projectId}`; the document name is the last path segment. */
  serverUrl: string;
  name: string;
  /** How we wish to be shown; the server stamps it on our presence, so a client cannot speak as somebody else. */
  who?: Identity;
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
  /** The server will never merge this copy. An empty one has nothing that could be stale. */
  readonly staleness = computed(
    () => this.refusal.value?.code === STALE_DOCUMENT && this.doc.store.clients.size > 0,
  );
  /** What the server says of changes it has not taken over: a code, then words. */
  readonly notice = signal<string | null>(null);
  /** Our place in the queue while the server makes us wait for a large document. */
  readonly place = signal<number | null>(null);
  /** Consecutive failed attempts; zero while connected. */
  readonly failures = signal(0);
  private readonly provider: WebsocketProvider;
  private readonly durability = new Durability();
  private probe: ReturnType<typeof setTimeout> | undefined;
  private abandoned = false;

  constructor(options: RoomOptions) {
    this.name = options.name;
    this.doc.on('update', this.onUpdate);
    this.provider = new WebsocketProvider(options.serverUrl, options.name, this.doc, {
      awareness: this.awareness,
      disableBc: true,
      maxBackoffTime: RECONNECT_BACKOFF_MAX_MS,
      connect: false,
      params: { ...paramsOf(options.who), epoch: '' },
      ...(options.socket ? { WebSocketPolyfill: options.socket } : {}),
    });
    this.listenToFrames();
    this.listenToWords();
    this.listenToSocket();
    this.awareness.on('change', () => {
      this.place.value = placeInQueue(this.awareness);
    });
    this.provider.connect();
  }

  /** Changes how we are shown, which the server learns from the address: a changed name opens the socket anew. */
  introduce(who: Identity): void {
    const before: Record<string, string> = this.provider.params;
    const params: Record<string, string> = { ...paramsOf(who), epoch: before['epoch'] ?? '' };
    if (before['name'] === params['name'] && before['color'] === params['color']) return;
    this.provider.params = params;
    this.provider.disconnect();
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
    return this.abandoned || this.durability.durable;
  }


  /** The script, or the remarks, as they stand here, if words of them are not safe; null otherwise. */
  unsavedText(): string | null {
    const text = this.doc.getText('script').toString() || remarksOf(this.doc);
    return this.durable || text === '' ? null : text;
  }

  /** What was unsaved is kept elsewhere: this copy may be let go of. */
  abandon(): void {
    this.abandoned = true;
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this.provider) return;
    this.durability.local(update);
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
      const answer = peek(decoder, (copy) => answerIn(decoding.readVarUint8Array(copy), this.doc.clientID));
      awareness(encoder, decoder, provider, emitSynced, type);
      if (answer !== null) this.durability.presenceEcho(answer);
      this.refresh();
    };
  }

  private listenToWords(): void {
    const handlers = this.provider.messageHandlers;
    handlers[MESSAGE_EPOCH] = (_encoder, decoder, provider) => {
      provider.params = { ...provider.params, epoch: String(decoding.readVarUint(decoder)) };
    };
    handlers[MESSAGE_AUTH] = (_encoder, decoder) => {
      decoding.readVarUint(decoder);
      const reason = decoding.readVarString(decoder);
      // The page knows of a lock and of a role by itself.
      if (!reason.startsWith(READ_ONLY)) this.notice.value = reason;
    };
  }

  private listenToSocket(): void {
    this.provider.on('status', ({ status }) => {
      if (status === 'connected') {
        this.durability.connect();
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
      this.awareness.setLocalState(this.awareness.getLocalState() ?? {});
    });
    this.provider.on('closed', ({ code, reason }) => {
      this.refusal.value = { code, reason };
    });
  }

  private refresh(): void {
    this.phase.value = this.durability.phase;
    clearTimeout(this.probe);
    if (this.phase.peek() === 'sending') this.probe = setTimeout(this.askForReceipt, RECEIPT_PROBE_MS);
  }

  private readonly askForReceipt = (): void => {
    const question = this.durability.question;
    if (question !== null) this.awareness.setLocalStateField(RECEIPT_FIELD, question);
  };
}

/** The words of all comments of a notes document; empty in any other. */
const remarksOf = (doc: Y.Doc): string =>
  [...doc.getMap<unknown>('comments').values()]
    .map((each): unknown => (each instanceof Y.Map ? each.get('text') : undefined))
    .filter((words) => typeof words === 'string')
    .join('\n\n');

const paramsOf = (who: Identity | undefined): Record<string, string> =>
  who?.name ? { name: who.name, color: who.color } : {};

/** Reads ahead without moving the provider's own decoder. */
function peek<T>(decoder: decoding.Decoder, read: (copy: decoding.Decoder) => T): T {
  return read(decoding.clone(decoder));
}

/** The receipt that an awareness update brings back for `client`, or null. */
function answerIn(update: Uint8Array, client: number): number | null {
  const decoder = decoding.createDecoder(update);
  for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) {
    const id = decoding.readVarUint(decoder);
    decoding.readVarUint(decoder);
    const text = decoding.readVarString(decoder);
    if (id !== client) continue;
    const state = JSON.parse(text) as Record<string, unknown> | null;
    const answer = state?.[RECEIPT_FIELD];
    return typeof answer === 'number' ? answer : null;
  }
  return null;
}
