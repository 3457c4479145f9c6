/**
 * Owns one open project: its rooms, its scenes in order, the open scene, and the commands a person can give.
 *
 * Invariant: a scene exists because the server says so (GraphQL); its order, text and name come from the live documents.
 * Data: GraphQL for what exists, `outline` and `scene:{id}` for content, `live` for what the server observes.
 */
import { computed, effect, signal } from '@preact/signals';
import { isGone } from '../api/deletion';
import * as api from '../api/operations';
import type { Brain, Finding, Format, Project, Scene, SceneStatus } from '../api/types';
import { identity, type Person } from '../collab/people';
import * as Y from 'yjs';
import type { Room } from '../collab/room';
import { Drafts } from '../collab/drafts';
import { Rooms } from '../collab/rooms';
import { headingLine } from '../script/fountain';
import type { Known } from '../script/suggest';
import { Generation } from './generation';
import { activityWords, isOver } from './jobWords';
import { Live } from './live';
import { moveScene, sortScenes } from './order';
import { Past } from './past';
import { Presence } from './presence';
import { askRole, mayComment, mayWrite, myId, readerWords } from './role';
import { navigate, pathTo } from './router';
import { Threads } from './threads';
import { Votes } from './votes';
import { say } from './toasts';

/** Stands in a new scene's heading until somebody types the real place over it. */
export const NEW_PLACE = 'NEW PLACE';
const REFRESH_DEBOUNCE_MS = 250;
/** The kind of an event that is only an edit of a document. */
const UPDATES_KIND = 'updates';
/** Kinds of events that change what somebody may do here. */
const STYLE_KINDS: ReadonlySet<string> = new Set(['brain.defined', 'format.defined']);
const ACCESS_KIND = 'access.';
/** A scene's heading is looked for in its beginning only: this runs at every keystroke. */
const HEADING_WITHIN_CHARS = 2000;
/** A socket's words for a document that is not there: its whole project may be gone. */
const NOT_THERE = 4404;
/** How long Generate waits for the last keystroke to be committed before it goes ahead. */
const SAVE_WAIT_MS = 4000;

export interface SceneCard {
  id: string;
  number: number;
  heading: string;
  status: SceneStatus;
  thumbnailUrl: string | null;
  findings: number;
  /** 0–1 while a job runs on it, else null. */
  progress: number | null;
  /** What that job does, in a word or two. */
  activity: string | null;
  people: Person[];
}

/** Whether the person may change the story; if not, they are told. */
function mayChange(): boolean {
  if (!mayWrite.peek()) say(`${readerWords.peek()} in this project.`);
  return mayWrite.peek();
}

export class Story {
  readonly rooms: Rooms;
  readonly live: Live;
  readonly generation: Generation;
  readonly presence: Presence;
  readonly project = signal<Project | null>(null);
  /** Why the project cannot be shown, in words. */
  readonly drafts: Drafts;
  readonly trouble = signal<string | null>(null);
  /** Whether it was deleted while it was open, or before. */
  readonly gone = signal(false);
  readonly sceneId = signal<string | null>(null);
  readonly scene = signal<Scene | null>(null);
  readonly room = signal<Room | null>(null);
  readonly past: Past;
  readonly threads = signal<Threads | null>(null);
  readonly votes = signal<Votes | null>(null);
  readonly brains = signal<readonly Brain[]>([]);
  readonly formats = signal<readonly Format[]>([]);
  private choosing: Promise<void> = Promise.resolve();
  private readonly renamed = signal<string | null>(null);
  /** Counts changes of the outline, for what is computed from it. */
  private readonly outline = signal(0);
  private readonly headings = signal<ReadonlyMap<string, string>>(new Map());
  /** The scene this tab has just made: its page opens with the place selected, ready to be typed over. */
  private unnamed: string | null = null;
  private readonly watched = new WeakSet<Room>();
  private readonly cleanups: (() => void)[] = [];
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(readonly id: string) {
    this.rooms = new Rooms(id, location.origin, identity.peek());
    this.drafts = new Drafts(id, localStorage);
    this.live = new Live(this.rooms.live);
    this.generation = new Generation(() => this.refreshSoon());
    this.watchOutline();
    this.presence = new Presence(this.rooms);
    this.past = new Past(this);
    this.watchJobsOfOthers();
    this.watchServer();
    void this.start();
  }

  readonly title = computed(() => this.renamed.value ?? this.project.value?.title ?? '');

  readonly scenes = computed<SceneCard[]>(() => {
    void this.outline.value;
    const rows = new Map((this.project.value?.scenes ?? []).map((row) => [row.id, row]));
    const sorted = sortScenes([...rows.keys()], this.rooms.outline.doc.getMap('order'));
    const running = new Map(this.live.jobs.value.filter((job) => !isOver(job.state)).map((job) => [job.sceneId, job]));
    return sorted.map((id, index) => {
      const row = rows.get(id);
      const live = this.live.scenes.value.get(id);
      return {
        id,
        number: index + 1,
        heading: this.headingOf(id, live?.heading) ?? row?.heading ?? '',
        status: live?.status ?? row?.status ?? 'PENDING',
        thumbnailUrl: live?.thumbnailUrl ?? row?.takes.at(0)?.thumbnailUrl ?? null,
        findings: this.live.findings.value.get(id)?.filter((finding) => !finding.waived).length ?? 0,
        progress: running.get(id)?.progress ?? null,
        activity: activityWords(running.get(id)),
        people: this.presence.people.value.filter((person) => person.sceneId === id && !person.self),
      };
    });
  });

  /** What nobody has said is meant. */
  readonly findings = computed<readonly Finding[]>(() => this.found.value.filter((finding) => !finding.waived));

  readonly found = computed<readonly Finding[]>(() => {
    const id = this.sceneId.value;
    if (id === null) return [];
    return this.live.findings.value.get(id) ?? (this.scene.value?.id === id ? this.scene.value.findings : []);
  });

  /** Names of the story, from the server and from what colleagues have just added. */
  readonly names = computed<Known>(() => {
    const { doc } = this.rooms.outline;
    void this.outline.value;
    const named = (root: string): string[] =>
      [...doc.getMap<unknown>(root).values()].flatMap((value) => {
        const name: unknown = value instanceof Y.Map ? value.get('name') : undefined;
        return typeof name === 'string' ? [name] : [];
      });
    const { cast = [], places = [] } = this.project.value ?? {};
    return {
      cast: [...new Set([...cast.map((each) => each.name), ...named('cast')])],
      places: [...new Set([...places.map((each) => each.name), ...named('places')])],
    };
  });

  readonly status = computed(() => this.scenes.value.find((card) => card.id === this.sceneId.value)?.status);

  /** Opens a scene in the editor and tells the others where we are. */
  open(sceneId: string | null): void {
    if (sceneId === this.sceneId.peek()) return;
    this.sceneId.value = sceneId;
    this.scene.value = null;
    this.generation.show(null);
    this.room.value = sceneId === null ? null : this.rooms.scene(sceneId);
    this.presence.moveTo(sceneId, this.room.value);
    this.threads.peek()?.stop();
    this.votes.peek()?.stop();
    const notes = this.room.value === null || sceneId === null ? null : this.rooms.notes(sceneId);
    this.threads.value = notes === null || this.room.value === null ? null : new Threads(notes, this.room.value);
    this.votes.value = notes === null ? null : new Votes(notes);
    if (this.room.value !== null && sceneId !== null) {
      this.watchHeading(sceneId, this.room.value);
      void this.refreshScene();
    }
  }

  move(sceneId: string, index: number): void {
    if (!mayChange()) return;
    const sorted = this.scenes.peek().map((card) => card.id);
    moveScene(sorted, this.rooms.outline.doc.getMap('order'), sceneId, index);
  }

  rename(title: string): void {
    if (!mayChange()) return;
    const clean = title.trim();
    if (clean && clean !== this.title.peek()) this.rooms.outline.doc.getMap('meta').set('title', clean);
  }

  /** The heading is a line of the script: renaming a scene edits that line, and colleagues see it typed. */
  renameScene(heading: string): void {
    const room = this.room.peek();
    const clean = heading.trim();
    if (room === null || !clean || !mayChange()) return;
    const text = room.doc.getText('script');
    const line = headingLine(text.toString());
    if (line?.text === clean) return;
    room.doc.transact(() => {
      if (line !== null) text.delete(line.from, line.to - line.from);
      text.insert(line?.from ?? 0, line === null ? `${clean}\n\n` : clean);
    });
  }

  async addScene(): Promise<void> {
    if (!mayChange()) return;
    const after = this.sceneId.peek() ?? this.scenes.peek().at(-1)?.id ?? null;
    await this.attempt(async () => {
      const { id } = await api.createScene(this.id, `INT. ${NEW_PLACE} - DAY`, after);
      await this.refreshProject();
      this.unnamed = id;
      navigate(pathTo(this.id, id));
    });
  }

  /** Whether the open scene has just been made here; true once. */
  takeUnnamed(): boolean {
    const fresh = this.unnamed !== null && this.unnamed === this.sceneId.peek();
    if (fresh) this.unnamed = null;
    return fresh;
  }

  async generate(): Promise<void> {
    const room = this.room.peek();
    const sceneId = this.sceneId.peek();
    const job = this.generation.job.peek();
    if (room === null || sceneId === null || (job !== null && !isOver(job.state)) || !mayChange()) return;
    if (!(await this.untilSaved(room))) {
      say('Your last words are not on the server yet. Generate waits until the light says saved.', 'bad');
      return;
    }
    await this.choosing; // the server uses the brain it knows
    await this.generation.generate(sceneId);
  }

  /** Gives or takes back a vote for a frame of the open board. */
  vote(panelId: string): void {
    const principal = myId.peek();
    if (principal === null || !mayComment.peek() || this.generation.job.peek()?.state !== 'PREVIEW_READY') return;
    this.votes.peek()?.toggle(panelId, principal);
  }

  async chooseBrain(brain: string): Promise<void> {
    const project = this.project.peek();
    if (project === null || project.brain === brain || !mayChange()) return;
    this.project.value = { ...project, brain };
    this.choosing = this.attempt(() => api.setBrain(this.id, brain));
    await this.choosing;
  }

  async chooseFormat(format: string): Promise<void> {
    const project = this.project.peek();
    if (project === null || project.format === format || !mayChange()) return;
    this.project.value = { ...project, format };
    await this.attempt(() => api.setFormat(this.id, format));
  }

  /** A brain of the project's own, or its next version; then it is chosen. Why not, in words, or null. */
  async defineBrain(definition: string): Promise<string | null> {
    try {
      const { id, name } = await api.defineBrain(this.id, definition);
      await this.readStyles();
      await this.chooseBrain(id);
      say(`${name} is this project's own brain now.`);
      return null;
    } catch (cause) {
      return api.wordsFor(cause);
    }
  }

  async addCast(name: string): Promise<void> {
    if (!mayChange()) return;
    await this.attempt(async () => {
      await api.addCast(this.id, name);
      say(`${name} is in the cast now.`);
    });
  }

  /** Somebody says that a break of continuity is meant; null: that it is not. */
  async waive(finding: Finding, reason: string | null): Promise<void> {
    const sceneId = this.sceneId.peek();
    if (sceneId === null || !mayChange()) return;
    await this.attempt(() => api.waiveFinding(sceneId, finding.id, reason, identity.peek().name));
  }

  async toggleLock(): Promise<void> {
    const sceneId = this.sceneId.peek();
    if (sceneId === null || !mayChange()) return;
    await this.attempt(() => api.setLocked(sceneId, this.status.peek() !== 'LOCKED'));
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.refreshTimer);
    this.generation.stop();
    this.presence.stop();
    this.past.stop();
    this.threads.peek()?.stop();
    this.votes.peek()?.stop();
    for (const cleanup of this.cleanups) cleanup();
    this.rooms.destroy();
  }

  /** Something happened on the server; several events in a row cost one read. */
  refreshSoon(): void {
    clearTimeout(this.refreshTimer);
    this.refreshTimer = setTimeout(() => {
      void this.refreshProject();
      void this.refreshScene();
    }, REFRESH_DEBOUNCE_MS);
  }

  private async start(): Promise<void> {
    void askRole();
    await this.refreshProject();
    if (this.closed) return;
    const after = this.project.peek()?.sequence ?? null;
    const refresh = (): void => this.refreshSoon();
    // Rows of typing come by the hundred and reach this page through the rooms already.
    const onEvent = (event: api.ProjectEvent): void => {
      if (event.kind.startsWith(ACCESS_KIND)) void askRole();
      if (STYLE_KINDS.has(event.kind)) void this.readStyles();
      if (event.kind !== UPDATES_KIND) refresh();
    };
    if (this.project.peek() !== null) this.cleanups.push(api.followProject(this.id, after, onEvent, refresh));
    await this.readStyles();
  }

  private async readStyles(): Promise<void> {
    try {
      const { brains, formats } = await api.styles(this.id);
      this.brains.value = brains;
      this.formats.value = formats;
    } catch (cause) {
      say(api.wordsFor(cause), 'bad');
    }
  }

  private async attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.refreshSoon();
    } catch (cause) {
      say(api.wordsFor(cause), 'bad');
      void this.refreshProject();
    }
  }

  private async refreshProject(): Promise<void> {
    try {
      const project = await api.project(this.id);
      if (this.closed) return;
      if (project === null) this.trouble.value = 'There is no such project, or it is not yours to open.';
      else this.project.value = project;
    } catch (cause) {
      if (this.closed) return;
      if (isGone(cause)) this.gone.value = true;
      else if (this.project.peek() === null) this.trouble.value = api.wordsFor(cause);
    }
  }

  private async refreshScene(): Promise<void> {
    const sceneId = this.sceneId.peek();
    if (sceneId === null) return;
    try {
      const scene = await api.scene(sceneId);
      if (this.closed || scene === null || this.sceneId.peek() !== sceneId) return;
      this.scene.value = scene;
      const [newest] = scene.jobs;
      const shown = this.generation.job.peek();
      if (newest !== undefined && (shown === null || newest.id !== shown.id)) this.generation.show(newest);
    } catch (cause) {
      if (this.scene.peek() === null) say(api.wordsFor(cause), 'bad');
    }
  }

  /** It was restored: what is unsaved goes to the server, then the page begins anew, since everything of it had ended. */
  comeBack(): void {
    this.rooms.reconnect();
    this.cleanups.push(
      effect(() => {
        if (this.rooms.phase.value === 'saved') location.reload();
      }),
    );
  }

  /** Whether what was typed here is in the log, waited for a moment. */
  async untilSaved(room: Room): Promise<boolean> {
    if (room.durable) return true;
    return new Promise((resolve) => {
      const finish = (saved: boolean): void => {
        clearTimeout(timer);
        queueMicrotask(() => stop());
        resolve(saved);
      };
      const timer = setTimeout(() => finish(false), SAVE_WAIT_MS);
      const stop = effect(() => {
        if (room.phase.value === 'saved') finish(true);
      });
    });
  }

  /** A document that was begun anew is loaded anew, with what was unsaved kept; words about refused changes are said. */
  private watchServer(): void {
    this.cleanups.push(
      effect(() => {
        if (this.rooms.stale.value && this.rooms.letGo(this.drafts)) location.reload();
      }),
      effect(() => {
        if (this.rooms.refused.value?.code === NOT_THERE) void this.refreshProject();
      }),
      effect(() => {
        const notice = this.rooms.notice.value;
        if (notice !== null) say(noticeWords(notice), 'bad');
      }),
    );
  }

  private watchOutline(): void {
    const { doc } = this.rooms.outline;
    for (const root of ['order', 'cast', 'places']) {
      doc.getMap(root).observeDeep(() => {
        this.outline.value += 1;
      });
    }
    doc.getMap<unknown>('meta').observe((event) => {
      const title = event.target.get('title');
      this.renamed.value = typeof title === 'string' && title ? title : null;
    });
  }

  /** The open scene's own text knows best; for others the server's word is newer than what we read when we left. */
  private headingOf(sceneId: string, live: string | undefined): string | undefined {
    const own = this.headings.value.get(sceneId);
    return sceneId === this.sceneId.value ? (own ?? live) : (live ?? own);
  }

  private watchHeading(sceneId: string, room: Room): void {
    if (this.watched.has(room)) return;
    this.watched.add(room);
    const text = room.doc.getText('script');
    const read = (): void => {
      const heading = headingLine(text.toString().slice(0, HEADING_WITHIN_CHARS))?.text.replace(/^\./u, '').trim();
      if (heading === undefined || heading === this.headings.peek().get(sceneId)) return;
      this.headings.value = new Map(this.headings.peek()).set(sceneId, heading);
    };
    text.observe(read);
    read();
  }

  /** A colleague pressed Generate: their job appears on our stage as well. */
  private watchJobsOfOthers(): void {
    this.cleanups.push(
      effect(() => {
        const sceneId = this.sceneId.value;
        const shown = this.generation.job.value?.id;
        const other = this.live.jobs.value.find((job) => job.sceneId === sceneId && !isOver(job.state));
        if (other !== undefined && other.id !== shown && !this.generation.busy.peek()) this.refreshSoon();
      }),
    );
  }
}

/** What the server said of changes it has not taken over, in a person's words. */
function noticeWords(notice: string): string {
  if (notice.startsWith('PARKED')) return 'Some of your changes came under another name. They are kept, and wait for an editor.';
  return 'Some changes came under another name and were not taken over. Load the page again to propose them.';
}
