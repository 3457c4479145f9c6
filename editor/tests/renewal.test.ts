import { describe, expect, it } from 'vitest';
import { WebSocket as NodeSocket } from 'ws';
import { Drafts } from '../src/collab/drafts';
import { Room } from '../src/collab/room';
import { becomes, CommitServer } from './commitServer';

class MemoryStorage implements Storage {
  private readonly kept = new Map<string, string>();
  full = false;

  get length(): number {
    return this.kept.size;
  }
  clear(): void {
    this.kept.clear();
  }
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null;
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
  setItem(key: string, value: string): void {
    if (this.full) throw new Error('QuotaExceededError');
    this.kept.set(key, value);
  }
}

async function joined(server: CommitServer): Promise<Room> {
  await server.listening();
  const room = new Room({
    serverUrl: server.url,
    name: 'scene:scn_1',
    socket: NodeSocket as unknown as typeof WebSocket,
  });
  await becomes(room.synced, true);
  return room;
}

describe('a document that is begun anew', () => {
  it('W-72: asks for the epoch at first and names it when it comes back', async () => {
    const server = new CommitServer();
    server.epoch = 3;
    const room = await joined(server);
    room.doc.getText('script').insert(0, 'a');
    await becomes(room.phase, 'saved');
    server.cut();
    await becomes(room.phase, 'offline');
    room.reconnect();
    await becomes(room.phase, 'saved');
    expect(server.addresses.map((each) => new URL(each, server.url).searchParams.get('epoch'))).toEqual(['', '3']);
    room.destroy();
    await server.close();
  });

  it('W-73: is stale here, what was unsaved is kept as a draft, and the copy may go', async () => {
    const server = new CommitServer();
    const room = await joined(server);
    room.doc.getText('script').insert(0, 'INT. HALL');
    await becomes(room.phase, 'saved');
    expect(room.unsavedText()).toBeNull();
    server.holdsCommits = true;
    room.doc.getText('script').insert(9, ' - DAY');
    server.cut(4409);
    await becomes(room.staleness, true);
    const storage = new MemoryStorage();
    const drafts = new Drafts('prj_1', storage);
    const text = room.unsavedText() ?? '';
    expect(text).toBe('INT. HALL - DAY');
    expect([drafts.keep(room.name, text), drafts.keep(room.name, text)]).toEqual([true, true]);
    room.abandon();
    expect(room.durable).toBe(true);
    expect(new Drafts('prj_1', storage).all().map((each) => [each.name, each.text])).toEqual([[room.name, text]]);
    expect(new Drafts('prj_2', storage).all()).toEqual([]);
    drafts.drop(drafts.all()[0]?.id ?? '');
    expect(drafts.all()).toEqual([]);
    room.destroy();
    await server.close();
  });

  it('W-73: a draft that cannot be kept is said so, and what is not a draft is left alone', () => {
    const storage = new MemoryStorage();
    storage.setItem('storyforge.draft.prj_1.x', '{"name": 1}');
    storage.setItem('storyforge.draft.prj_1.y', 'no json');
    const drafts = new Drafts('prj_1', storage);
    storage.full = true;
    expect(drafts.keep('outline', 'text')).toBe(false);
    expect(drafts.all()).toEqual([]);
    expect(storage.length).toBe(2);
  });

  it('W-70: words of the server about refused changes reach the page', async () => {
    const server = new CommitServer();
    const room = await joined(server);
    server.say('PARKED: wait');
    await becomes(room.notice, 'PARKED: wait');
    room.destroy();
    await server.close();
  });
});
