/**
 * Owns looking back at the open scene: its sittings and versions, the two points being compared, and what differs.
 *
 * Invariant: looking back changes nothing; the live page stays open underneath. Going back is a new edit on the server
 * under this person's name, so undoing it is going back once more. Data: GraphQL → signals → the panel and the page.
 */
import { computed, effect, signal } from '@preact/signals';
import * as api from '../api/past';
import { wordsFor } from '../api/operations';
import { identity } from '../collab/people';
import { beforeSitting, coloursOf, type Point, pointAt, pointsOf } from './pastPoints';
import type { Story } from './story';
import { say } from './toasts';

/** While a slider moves, one question a tick is enough. */
const SLIDE_PAUSE_MS = 90;

export class Past {
  /** The scene being looked back at; null while the page is live. */
  readonly sceneId = signal<string | null>(null);
  readonly sittings = signal<readonly api.Sitting[]>([]);
  readonly versions = signal<readonly api.Version[]>([]);
  /** Indexes into `points`. */
  readonly from = signal(0);
  readonly to = signal(0);
  /** Whether the page shows who wrote each word instead of what changed. */
  readonly byAuthor = signal(false);
  readonly shown = signal<api.Comparison | null>(null);
  readonly trouble = signal<string | null>(null);
  readonly loaded = signal(false);
  readonly points = computed<Point[]>(() => 
    pointsOf(
      this.sittings.value,
      this.versions.value.map((version) => Number(version.sequence)),
    ),
  );
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;
  private readonly leave: () => void;

  constructor(private readonly story: Story) {
    this.leave = effect(() => {
      if (this.story.sceneId.value !== this.sceneId.peek()) this.close();
    });
  }

  readonly open = computed(() => this.sceneId.value !== null);

  readonly colours = computed(() => {
    const here = new Map(this.story.presence.people.value.map((person) => [person.name, person.color]));
    const authors = this.sittings.value.flatMap((sitting) => sitting.authors.map((part) => part.author));
    return coloursOf([...authors, ...this.versions.value.map((version) => version.author)], here);
  });

  /** Whether the later point is the text as it stands. */
  readonly atEnd = computed(() => this.to.value >= this.points.value.length - 1);

  async look(): Promise<void> {
    const sceneId = this.story.sceneId.peek();
    if (sceneId === null) return;
    this.sceneId.value = sceneId;
    this.loaded.value = false;
    this.shown.value = null;
    const room = this.story.room.peek();
    if (room !== null) await this.story.untilSaved(room); // the last words typed here are part of the past as well
    await this.refresh();
    const last = this.points.peek().length - 1;
    this.compare(beforeSitting(this.points.peek(), last), last);
  }

  close(): void {
    clearTimeout(this.timer);
    this.asked += 1;
    this.sceneId.value = null;
    this.shown.value = null;
    this.trouble.value = null;
  }

  stop(): void {
    this.close();
    this.leave();
  }

  toggle(): void {
    if (this.open.peek()) this.close();
    else void this.look();
  }

  /** Show what became of the text between two points; they may come in either order. */
  compare(from: number, to: number): void {
    this.from.value = Math.min(from, to);
    this.to.value = Math.max(from, to);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.read(), this.shown.peek() === null ? 0 : SLIDE_PAUSE_MS);
  }

  /** Slide the later point; the earlier one stays before it. */
  slide(to: number): void {
    this.compare(Math.min(this.from.peek(), to), to);
  }

  showSitting(index: number): void {
    const points = this.points.peek();
    const to = points.findIndex((point) => point.sitting === index && point.end);
    if (to >= 0) this.compare(beforeSitting(points, to), to);
  }

  showVersion(version: api.Version): void {
    const points = this.points.peek();
    const to = pointAt(points, Number(version.sequence));
    this.compare(beforeSitting(points, to), to);
  }

  colourBy(author: boolean): void {
    this.byAuthor.value = author;
    this.compare(this.from.peek(), this.to.peek());
  }

  async name(words: string): Promise<void> {
    const { sceneId, sequence } = this.chosen();
    if (sceneId === null) return;
    await this.attempt(async () => {
      const version = await api.nameVersion(sceneId, sequence, words, identity.peek().name);
      say(`“${version.name}” is kept. You can come back to it at any time.`);
      await this.refresh();
    });
  }

  async restore(): Promise<void> {
    const { sceneId, sequence } = this.chosen();
    if (sceneId === null) return;
    await this.attempt(async () => {
      await api.restoreVersion(sceneId, sequence, identity.peek().name);
      say('The text reads as it did then. What it replaced is in the history as well.');
      this.close();
    });
  }

  private chosen(): { sceneId: string | null; sequence: string } {
    const point = this.points.peek()[this.to.peek()];
    return { sceneId: this.sceneId.peek(), sequence: String(point?.sequence ?? 0) };
  }

  private async refresh(): Promise<void> {
    const sceneId = this.sceneId.peek();
    if (sceneId === null) return;
    try {
      const { sittings, versions } = await api.timeline(sceneId);
      if (this.sceneId.peek() !== sceneId) return;
      this.sittings.value = sittings;
      this.versions.value = versions;
      this.loaded.value = true;
    } catch (cause) {
      this.trouble.value = wordsFor(cause);
    }
  }

  private async read(): Promise<void> {
    const sceneId = this.sceneId.peek();
    const points = this.points.peek();
    const to = points[this.to.peek()];
    const from = this.byAuthor.peek() ? to : points[this.from.peek()];
    if (sceneId === null || from === undefined || to === undefined) return;
    this.asked += 1;
    const asked = this.asked;
    try {
      const found = await api.compare(sceneId, String(from.sequence), String(to.sequence));
      if (asked !== this.asked) return;
      this.shown.value = found;
      this.trouble.value = null;
    } catch (cause) {
      if (asked === this.asked) this.trouble.value = wordsFor(cause);
    }
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      say(wordsFor(cause), 'bad');
    }
  }
}
