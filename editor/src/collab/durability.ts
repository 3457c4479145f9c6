/**
 * Owns the question "is what I typed safe?" for one document.
 *
 * Invariant: `durable` is true only when every struct and every deletion made here has come back from the server.
 * The server sends an update to its own author only after the commit, so the echo is the proof; a server state vector
 * (its sync step 1) proves structs as well, since the server's memory is never ahead of its log. Echoes may be merged
 * with other people's work or split, so proof is kept per clock range and not per frame.
 *
 * Data: local updates come from `Y.Doc`, server frames from the socket (see room.ts); the light reads `phase`.
 */
import * as Y from 'yjs';
import { ClockRanges } from './ranges';

/** What the light says. `received` is shown as "on the server": it has the bytes, the commit is not yet proven. */
export type SavePhase = 'offline' | 'sending' | 'received' | 'saved';

export class Durability {
  private readonly structs = new ClockRanges();
  private readonly deletes = new ClockRanges();
  private connected = false;
  /** The server asked for what it lacks and we have answered: from here on the socket carries every edit in order. */
  private caughtUp = false;
  private edits = 0;
  private editsReceived = -1;

  get durable(): boolean {
    return this.structs.empty && this.deletes.empty;
  }

  get phase(): SavePhase {
    if (!this.connected) return 'offline';
    if (this.durable) return 'saved';
    return this.editsReceived === this.edits ? 'received' : 'sending';
  }

  /**
   * A number to send along with our presence. Frames are in order, so when it comes back in `presenceEcho`, every edit
   * made before it has arrived. Null while a question would prove nothing.
   */
  get question(): number | null {
    return this.connected && this.caughtUp && !this.durable ? this.edits : null;
  }

  /** A change made in this tab, whether or not the socket is up. */
  local(update: Uint8Array): void {
    forEachRange(update, (kind, client, start, end) => this[kind].add(client, start, end));
    this.edits += 1;
  }

  /** An update or sync step 2 from the server: everything in it is committed. */
  committed(update: Uint8Array): void {
    forEachRange(update, (kind, client, start, end) => this[kind].subtract(client, start, end));
  }

  /**
   * The server's state vector: every struct below it is committed. It says nothing about deletions. It is also the
   * question what we have beyond it, which the provider has answered before this is called.
   */
  committedVector(stateVector: Uint8Array): void {
    this.caughtUp = true;
    for (const [client, clock] of Y.decodeStateVector(stateVector)) this.structs.subtract(client, 0, clock);
  }

  /** Our own presence came back, carrying the answer to a `question` of this connection. */
  presenceEcho(question: number): void {
    if (this.caughtUp) this.editsReceived = Math.max(this.editsReceived, Math.min(question, this.edits));
  }

  /** The socket opened. What was typed offline is re-sent by the sync handshake. */
  connect(): void {
    this.connected = true;
  }

  disconnect(): void {
    this.connected = false;
    this.caughtUp = false;
    // What was in flight may be lost with the socket: nothing counts as received until asked again.
    this.editsReceived = -1;
  }
}

type RangeKind = 'structs' | 'deletes';

function forEachRange(
  update: Uint8Array,
  visit: (kind: RangeKind, client: number, start: number, end: number) => void,
): void {
  const { structs, ds } = Y.decodeUpdate(update);
  for (const struct of structs) {
    // A Skip is a hole in a merged update, not content: it proves nothing.
    if (struct instanceof Y.Skip) continue;
    visit('structs', struct.id.client, struct.id.clock, struct.id.clock + struct.length);
  }
  for (const [client, items] of ds.clients as Map<number, { clock: number; len: number }[]>) {
    for (const item of items) visit('deletes', client, item.clock, item.clock + item.len);
  }
}

const SEVERITY: Record<SavePhase, number> = { saved: 0, received: 1, sending: 2, offline: 3 };

/** The light of several documents is the light of the worst of them. */
export function worstPhase(phases: Iterable<SavePhase>): SavePhase {
  let worst: SavePhase = 'saved';
  for (const phase of phases) if (SEVERITY[phase] > SEVERITY[worst]) worst = phase;
  return worst;
}
