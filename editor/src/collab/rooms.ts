/**
 * Owns the open rooms of one project: `outline` and `live` always, scenes and their notes as they are visited.
 *
 * Invariant: a room with unsaved work is never closed, however many scenes are opened after it.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { Drafts } from './drafts';
import { type SavePhase, worstPhase } from './durability';
import type { Identity } from './people';
import { Room } from './room';

/** Scenes kept open behind the current one, so that flipping back is instant and unsaved work survives. */
const SCENES_KEPT_MAX = 6;

export class Rooms {
  readonly outline: Room;
  readonly live: Room;
  private readonly serverUrl: string;
  private readonly scenes = signal<readonly Room[]>([]);
  private readonly remarks = signal<readonly Room[]>([]);

  constructor(
    projectId: string,
    origin: string,
    private who: Identity,
  ) {
    this.serverUrl = `${origin.replace(/^http/, 'ws')}/collab/${projectId}`;
    this.outline = this.open('outline');
    this.live = this.open('live');
  }

  /** The light: the worst of all documents this tab writes to. `live` is read-only and does not count. */
  readonly phase: ReadonlySignal<SavePhase> = computed(() =>
    worstPhase([this.outline, ...this.scenes.value, ...this.remarks.value].map((room) => room.phase.value)),
  );

  /** The farthest place in a queue, while any document waits for its turn. */
  readonly place = computed(() => {
    const places = [this.outline, ...this.scenes.value, ...this.remarks.value].map((room) => room.place.value ?? 0);
    return Math.max(...places) || null;
  });

  readonly refused = computed(
    () => [this.outline, ...this.scenes.value, ...this.remarks.value].map((room) => room.refusal.value).find((r) => r !== null) ?? null,
  );

  readonly notice = computed(
    () => [this.outline, ...this.scenes.value, ...this.remarks.value].map((room) => room.notice.value).find((n) => n !== null) ?? null,
  );

  /** A document was begun anew on the server: the copies of this tab must be let go of. */
  readonly stale = computed(() =>
    [this.outline, this.live, ...this.scenes.value, ...this.remarks.value].some((room) => room.staleness.value),
  );

  /** Keeps as drafts what is not safe, so that the tab may load anew. False if something could not be kept. */
  letGo(drafts: Drafts): boolean {
    let kept = true;
    for (const room of this.all()) {
      const text = room.unsavedText();
      if (text === null || drafts.keep(room.name, text)) room.abandon();
      else kept = false;
    }
    return kept;
  }

  get durable(): boolean {
    return [this.outline, ...this.scenes.peek(), ...this.remarks.peek()].every((room) => room.durable);
  }

  scene(sceneId: string): Room {
    return this.visit(this.scenes, `scene:${sceneId}`);
  }

  /** What people say about a scene. */
  notes(sceneId: string): Room {
    return this.visit(this.remarks, `notes:${sceneId}`);
  }

  introduce(who: Identity): void {
    this.who = who;
    for (const room of this.all()) room.introduce(who);
  }

  reconnect(): void {
    for (const room of this.all()) room.reconnect();
  }

  destroy(): void {
    for (const room of this.all()) room.destroy();
  }

  private all(): Room[] {
    return [this.outline, this.live, ...this.scenes.peek(), ...this.remarks.peek()];
  }

  private visit(rooms: Signal<readonly Room[]>, name: string): Room {
    const open = rooms.peek();
    const found = open.find((room) => room.name === name);
    const room = found ?? this.open(name);
    const rest = open.filter((other) => other !== room);
    const kept = rest.filter((other, index) => index < SCENES_KEPT_MAX || !other.durable);
    for (const other of rest) if (!kept.includes(other)) other.destroy();
    rooms.value = [room, ...kept];
    return room;
  }

  private open(name: string): Room {
    return new Room({ serverUrl: this.serverUrl, name, who: this.who });
  }
}
