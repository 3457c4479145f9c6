/**
 * Owns the votes on the frames of the open scene, as the notes hold them: root `votes`, `panel/principal` → a Map.
 *
 * Invariant: a person has one entry for a frame, under their own principal; the server counts by who wrote an entry, so
 * a name in a key is only shown. Whatever others wrote there is read with care: what is no vote is left out.
 */
import { signal } from '@preact/signals';
import * as Y from 'yjs';
import { cleanName, identity } from '../collab/people';
import type { Room } from '../collab/room';

export interface Vote {
  principal: string;
  name: string;
}

export class Votes {
  readonly byPanel = signal<ReadonlyMap<string, readonly Vote[]>>(new Map());
  private readonly root: Y.Map<unknown>;

  constructor(private readonly notes: Pick<Room, 'doc'>) {
    this.root = notes.doc.getMap('votes');
    this.root.observeDeep(this.read);
    this.read();
  }

  stop(): void {
    this.root.unobserveDeep(this.read);
  }

  /** Gives or takes back this person's vote; whether they vote for it now. */
  toggle(panelId: string, principal: string): boolean {
    const key = `${panelId}/${principal}`;
    const voting = !this.root.has(key);
    this.notes.doc.transact(() => {
      if (!voting) return this.root.delete(key);
      const entry = new Y.Map<unknown>();
      entry.set('name', identity.peek().name);
      entry.set('at', Date.now());
      this.root.set(key, entry);
    });
    return voting;
  }

  private readonly read = (): void => {
    const found = new Map<string, Vote[]>();
    for (const [key, entry] of this.root.entries()) {
      const cut = key.indexOf('/');
      if (cut < 1 || !(entry instanceof Y.Map)) continue;
      const given: unknown = entry.get('name');
      const name = cleanName(typeof given === 'string' ? given : '') || 'Someone';
      const panelId = key.slice(0, cut);
      found.set(panelId, [...(found.get(panelId) ?? []), { principal: key.slice(cut + 1), name }]);
    }
    for (const votes of found.values()) votes.sort((a, b) => a.name.localeCompare(b.name));
    this.byPanel.value = found;
  };
}
