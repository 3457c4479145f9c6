/**
 * What the picture of the story's graph holds while it is open: what the server told, what is chosen, what was asked.
 *
 * Invariant: what is shown is what the server committed; a word of ours is drawn once it is, and can be taken back.
 * A colleague's change is an event of the project: it reads the picture again.
 */
import { signal } from '@preact/signals';
import { followProject, wordsFor } from '../api/operations';
import * as api from '../api/storyGraph';
import { keyOf, LABEL_OF, type Layer, KINDS, LAYERS, mostTied, undoOf, type View, windowOf } from './graphWords';

const AGAIN_MS = 250;

export interface Shown {
  view: View;
  /** All of the view's kind; the picture may show fewer. */
  nodes: api.GraphNode[];
  shown: api.GraphNode[];
  links: api.Link[];
}

export interface Answer {
  words: string;
  nodes: ReadonlySet<string>;
  edges: ReadonlySet<string>;
}

export class GraphDesk {
  readonly view = signal<View>('people');
  readonly shown = signal<Shown | null>(null);
  readonly chosen = signal<string | null>(null);
  /** The edge looked at; null: none. */
  readonly edge = signal<string | null>(null);
  /** The edge under the pointer: looked at while it is there. */
  readonly hovered = signal<string | null>(null);
  readonly layers = signal<ReadonlySet<Layer>>(new Set(Object.keys(LAYERS) as Layer[]));
  readonly kinds = signal<ReadonlySet<string>>(new Set(Object.values(KINDS).flatMap((kinds) => kinds.map((kind) => kind.id))));
  readonly answer = signal<Answer | null>(null);
  readonly faces = signal<ReadonlyMap<string, string>>(new Map());
  readonly problem = signal('');
  readonly busy = signal(false);
  readonly undo = signal<readonly api.Said[][]>([]);
  /** Said aloud when it changes. */
  readonly told = signal('');
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;
  private stopped = false;
  private unfollow: (() => void) | undefined;

  constructor(
    private readonly projectId: string,
    private readonly sceneId: () => string | null,
  ) {}

  start(): void {
    const again = (): void => this.again();
    this.unfollow = followProject(this.projectId, null, (event) => (event.kind.startsWith('graph.') ? again() : undefined), again);
    void this.load();
    api
      .portraits(this.projectId)
      .then((found) => (this.faces.value = new Map([...found].map(([name, url]) => [name.toLocaleLowerCase(), url]))))
      .catch(() => undefined); // initials stand for faces
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.unfollow?.();
  }

  private again(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), AGAIN_MS);
  }

  async show(view: View, chosen: string | null = null): Promise<void> {
    this.view.value = view;
    this.chosen.value = chosen;
    this.edge.value = null;
    this.hovered.value = null;
    this.shown.value = this.shown.peek()?.view === view ? this.shown.peek() : null;
    await this.load();
  }

  /** Read what the view shows; a later reading of ours wins. */
  async load(): Promise<void> {
    const mine = (this.asked += 1);
    const view = this.view.peek();
    try {
      const found = await this.read(view);
      if (mine !== this.asked || this.stopped) return;
      this.problem.value = '';
      this.shown.value = found;
      const edge = this.edge.peek();
      if (edge !== null && !found.links.some((link) => keyOf(link) === edge)) this.edge.value = null;
    } catch (cause) {
      if (mine === this.asked && !this.stopped) this.problem.value = wordsFor(cause);
    }
  }

  private async read(view: View): Promise<Shown> {
    const label = LABEL_OF[view];
    const main = await api.nodesOf(this.projectId, view === 'people' ? 'CHARACTER' : view === 'scenes' ? 'SCENE' : 'SETTING');
    const zones = view === 'places' ? await api.nodesOf(this.projectId, 'ZONE') : [];
    const nodes = [...main, ...zones];
    const shown = await this.chosenOf(view, nodes);
    const ids = shown.map((node) => node.id);
    const links = await api.linksAmong(this.projectId, label, ids);
    const inside = zones.length > 0 ? await api.linksAmong(this.projectId, 'CONTAINS', ids) : [];
    return { view, nodes, shown, links: [...links, ...inside] };
  }

  /** All, or the neighbourhood of the one chosen: a crowd is not a picture. */
  private async chosenOf(view: View, nodes: api.GraphNode[]): Promise<api.GraphNode[]> {
    if (nodes.length <= api.SHOWN_MAX) return nodes;
    if (view === 'scenes') return windowOf(nodes, this.chosen.peek() ?? this.sceneId(), api.SHOWN_MAX);
    const known = new Set(nodes.map((node) => node.id));
    const chosen = this.chosen.peek();
    const centre = chosen !== null && known.has(chosen) ? chosen : (mostTied(nodes)?.id ?? '');
    const near = new Set(await api.around(this.projectId, centre, LABEL_OF[view], 2));
    return nodes.filter((node) => near.has(node.id));
  }

  /** Say something of an edge, so that it can be taken back. */
  async say(said: api.Said): Promise<void> {
    const before = this.shown.peek()?.links.find((link) => keyOf(link) === keyOf(said)) ?? null;
    await this.commit([said], said.cleared === true ? 'What people said of it is taken back.' : 'Said. Undo takes it back.', () => {
      this.undo.value = [...this.undo.peek(), undoOf(said, before)];
    });
  }

  async undoLast(): Promise<void> {
    const last = this.undo.peek().at(-1);
    if (last === undefined) return;
    await this.commit(last, 'Taken back.', () => {
      this.undo.value = this.undo.peek().slice(0, -1);
    });
  }

  private async commit(words: readonly api.Said[], told: string, done: () => void): Promise<void> {
    this.busy.value = true;
    this.problem.value = '';
    try {
      for (const said of words) await api.setRelation(this.projectId, said);
      done();
      this.told.value = told;
      await this.load();
    } catch (cause) {
      this.problem.value = wordsFor(cause);
    } finally {
      this.busy.value = false;
    }
  }

  /** Ask one of the graph's questions; its answer is words and what they light up. */
  async ask(question: () => Promise<Answer>): Promise<void> {
    this.busy.value = true;
    this.problem.value = '';
    try {
      this.answer.value = await question();
    } catch (cause) {
      this.problem.value = wordsFor(cause);
    } finally {
      this.busy.value = false;
    }
  }
}
