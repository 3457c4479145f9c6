/**
 * Owns who is here in a project: announces this tab (name, colour, open scene) and lists everybody.
 *
 * Invariant: the whole project listens to the outline's awareness, so one list serves avatars and strip; carets live in
 * the scenes' own awareness and leave with their owner.
 */
import { effect, signal } from '@preact/signals';
import { announce, identity, peopleIn, type Person, settleColour } from '../collab/people';
import type { Room } from '../collab/room';
import type { Rooms } from '../collab/rooms';

export class Presence {
  readonly people = signal<readonly Person[]>([]);
  private sceneId: string | null = null;
  private room: Room | null = null;
  readonly stop: () => void;

  constructor(private readonly rooms: Rooms) {
    rooms.outline.awareness.on('change', this.onChange);
    this.stop = effect(() => {
      rooms.introduce(identity.value);
      this.introduce();
    });
  }

  moveTo(sceneId: string | null, room: Room | null): void {
    // The room we leave stays open behind us; our caret must not.
    if (this.room !== room) this.room?.awareness.setLocalStateField('cursor', null);
    this.sceneId = sceneId;
    this.room = room;
    this.introduce();
  }

  private introduce(): void {
    const who = identity.peek();
    announce(this.rooms.outline.awareness, who, this.sceneId);
    if (this.room !== null) announce(this.room.awareness, who);
  }

  private readonly onChange = (): void => {
    const { awareness } = this.rooms.outline;
    this.people.value = peopleIn(awareness);
    const who = identity.peek();
    const color = settleColour(awareness, who);
    if (color !== who.color) identity.value = { ...who, color };
  };
}
