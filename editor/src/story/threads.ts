/**
 * Owns the comments of the open scene: threads on words, their answers, and where the words stand now.
 *
 * Invariant: a comment hangs on characters, not on offsets (Yjs relative positions into `script`), so it follows its
 * words; when they are gone the thread stays and keeps the quotation. Root `comments` of `notes:{sceneId}` is a Map of
 * Maps: an answer names its `parent`. Whatever others wrote there is read with care: what is no comment is left out.
 */
import { signal } from '@preact/signals';
import * as Y from 'yjs';
import { cleanName, identity } from '../collab/people';
import type { Room } from '../collab/room';

export interface Remark {
  id: string;
  text: string;
  name: string;
  at: number;
}

export interface Thread extends Remark {
  quote: string;
  /** UTF-16 offsets of the words; null when they are gone. */
  span: { from: number; to: number } | null;
  resolved: { name: string; at: number } | null;
  replies: Remark[];
}

/** Words somebody is about to comment. */
export interface Held {
  quote: string;
  anchor: { start: unknown; end: unknown };
}

const QUOTE_CHARS_MAX = 300;
export const COMMENT_CHARS_MAX = 10_000;
const ID_BYTES = 16;

export class Threads {
  readonly list = signal<readonly Thread[]>([]);
  private readonly comments: Y.Map<unknown>;
  private readonly script: Y.Text;

  constructor(
    private readonly notes: Pick<Room, 'doc'>,
    private readonly scene: Pick<Room, 'doc'>,
  ) {
    this.comments = notes.doc.getMap('comments');
    this.script = scene.doc.getText('script');
    this.comments.observeDeep(this.read);
    this.script.observe(this.read);
    this.read();
  }

  stop(): void {
    this.comments.unobserveDeep(this.read);
    this.script.unobserve(this.read);
  }

  /** Take hold of the words at these UTF-16 offsets, whatever is typed around them until the comment is written. */
  hold(from: number, to: number): Held {
    const end = (at: number, assoc: number): unknown =>
      Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.script, at, assoc));
    const quote = Array.from(this.script.toString().slice(from, to)).slice(0, QUOTE_CHARS_MAX).join('');
    return { quote, anchor: { start: end(from, 0), end: end(to, -1) } };
  }

  /** Comment on words that are held; the new thread's id. */
  add(held: Held, text: string): string {
    return this.put({ text, ...held });
  }

  reply(thread: string, text: string): void {
    this.put({ text, parent: thread });
  }

  resolve(thread: string, resolved: boolean): void {
    const entry = this.comments.get(thread);
    if (!(entry instanceof Y.Map)) return;
    entry.set('resolved', resolved ? { name: identity.peek().name, at: Date.now() } : null);
  }

  private put(fields: { text: string } & Record<string, unknown>): string {
    const id = `cmt_${token()}`;
    const text = fields.text.trim().slice(0, COMMENT_CHARS_MAX);
    const entry = new Y.Map<unknown>();
    this.notes.doc.transact(() => {
      for (const [key, value] of Object.entries({ ...fields, text, name: identity.peek().name, at: Date.now() })) {
        entry.set(key, value);
      }
      this.comments.set(id, entry);
    });
    return id;
  }

  private readonly read = (): void => {
    const roots: Thread[] = [];
    const answers = new Map<string, Remark[]>();
    for (const [id, entry] of this.comments.entries()) {
      const remark = remarkOf(id, entry);
      if (remark === null || !(entry instanceof Y.Map)) continue;
      const parent: unknown = entry.get('parent');
      if (typeof parent === 'string') answers.set(parent, [...(answers.get(parent) ?? []), remark]);
      else roots.push({ ...remark, ...this.threadOf(entry), replies: [] });
    }
    for (const root of roots) root.replies = (answers.get(root.id) ?? []).sort(byTime);
    this.list.value = roots.sort(byPlace);
  };

  private threadOf(entry: Y.Map<unknown>): Pick<Thread, 'quote' | 'span' | 'resolved'> {
    const quote: unknown = entry.get('quote');
    const resolved: unknown = entry.get('resolved');
    const quoted = typeof quote === 'string' ? quote : '';
    return {
      quote: quoted,
      span: this.spanOf(entry.get('anchor'), quoted),
      resolved: isRecord(resolved) ? { name: wordsIn(resolved['name']), at: timeIn(resolved['at']) } : null,
    };
  }

  /**
   * Where anchored words stand now; null when they are gone. A document that the server has renewed has other ids than
   * the anchor names: then the quotation finds its words, if they stand there once.
   */
  spanOf(anchor: unknown, quote = ''): Thread['span'] {
    if (!isRecord(anchor)) return null;
    const from = this.find(anchor['start']);
    const to = this.find(anchor['end']);
    if (from === null || to === null) return this.onlyPlaceOf(quote);
    return from < to ? { from, to } : null;
  }

  private onlyPlaceOf(quote: string): Thread['span'] {
    const text = this.script.toString();
    const from = quote ? text.indexOf(quote) : -1;
    return from < 0 || text.indexOf(quote, from + 1) >= 0 ? null : { from, to: from + quote.length };
  }

  private find(position: unknown): number | null {
    if (!isRecord(position)) return null;
    try {
      const relative = Y.createRelativePositionFromJSON(position);
      const found = Y.createAbsolutePositionFromRelativePosition(relative, this.scene.doc);
      return found !== null && found.type === this.script ? found.index : null;
    } catch {
      return null; // somebody else's bytes
    }
  }
}

function remarkOf(id: string, entry: unknown): Remark | null {
  if (!(entry instanceof Y.Map)) return null;
  const text: unknown = entry.get('text');
  if (typeof text !== 'string') return null;
  return { id, text, name: wordsIn(entry.get('name')), at: timeIn(entry.get('at')) };
}

/** In the order of the page; what has lost its words comes last. */
function byPlace(a: Thread, b: Thread): number {
  const place = (thread: Thread): number => thread.span?.from ?? Number.POSITIVE_INFINITY;
  return place(a) === place(b) ? byTime(a, b) : place(a) - place(b);
}

const byTime = (a: Remark, b: Remark): number => a.at - b.at || a.id.localeCompare(b.id);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const wordsIn = (value: unknown): string => cleanName(typeof value === 'string' ? value : '') || 'Someone';
const timeIn = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

/** Random, in the alphabet of the server's ids. */
function token(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return [...bytes].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31]).join('');
}
