/** One project on the desk: the strip of scenes, the page, the stage. Keyboard shortcuts that hold everywhere live here. */
import { useEffect } from 'preact/hooks';
import { type Signal, signal } from '@preact/signals';
import { navigate, pathTo, route } from '../story/router';
import type { Story } from '../story/story';
import { frameByDigit } from '../story/boardWords';
import { awaitsPick } from '../story/jobWords';
import { say } from '../story/toasts';
import { Banner } from './Banner';
import { CommandPalette, paletteOpen } from './CommandPalette';
import { DraftNotice } from './DraftNotice';
import { ScriptPage } from './ScriptPage';
import { Stage } from './Stage';
import { Strip } from './Strip';
import { TopBar } from './TopBar';
import { Empty } from './Empty';
import { RenameScene } from './RenameScene';
import { breakingDown, cacheReporting, carrying, deleting, factsOpen, graphing, outOfDate, sharing, talking, whoAndWhereOpen } from './sharing';

export function Desk({ story }: { story: Story }) {
  useRoute(story);
  useShortcuts(story);
  useUnloadWarning(story);
  const past = usePast(story.past.open.value);
  const share = useChunk(sharing, shareSheet, () => import('./ShareSheet'), 'Sharing');
  const cache = useChunk(cacheReporting, cacheSheet, () => import('./CacheSheet'), 'The cache report');
  const radius = useChunk(outOfDate, radiusSheet, () => import('./RadiusSheet'), 'The list of films');
  const sheet = useChunk(breakingDown, breakdownSheet, () => import('./BreakdownSheet'), 'The breakdown');
  const who = useChunk(whoAndWhereOpen, whoSheet, () => import('./WhoWhereSheet'), 'Who and where');
  const graph = useChunk(graphing, graphSheet, () => import('./GraphSheet'), 'The graph');
  const carries = useChunk(carrying, carriesSheet, () => import('./CarriesSheet'), 'What the scene carries');
  const deletion = useChunk(deleting, deleteSheet, () => import('./DeleteSheet'), 'The question');
  const table = useChunk(talking, tableSheet, () => import('./TableSheet'), 'The table read');
  const facts = useChunk(factsOpen, factsSheet, () => import('./FactsSheet'), 'The facts');
  useEffect(() => {
    document.title = story.title.value ? `${story.title.value} · StoryForge` : 'StoryForge';
  }, [story.title.value]);
  const gone = useChunk(story.gone, deletedPage, () => import('./DeletedPage'), 'The words about a deleted project');
  if (story.gone.value) return <>{gone !== null && <gone.DeletedPage story={story} />}</>;
  if (story.trouble.value !== null) return <Empty title="This project does not open" text={story.trouble.value} />;
  return (
    <div class="desk">
      <TopBar story={story} />
      <div class="notices">
        <Banner story={story} />
        <DraftNotice drafts={story.drafts} />
      </div>
      <Strip story={story} />
      {past === null ? <ScriptPage story={story} /> : <past.PastPage story={story} />}
      {past === null ? <Stage story={story} /> : <past.History story={story} />}
      <CommandPalette story={story} />
      <RenameScene story={story} />
      {share !== null && <share.ShareSheet story={story} />}
      {cache !== null && <cache.CacheSheet story={story} />}
      {radius !== null && <radius.RadiusSheet story={story} />}
      {sheet !== null && <sheet.BreakdownSheet story={story} />}
      {who !== null && <who.WhoWhereSheet story={story} />}
      {table !== null && <table.TableSheet story={story} />}
      {graph !== null && <graph.GraphSheet story={story} />}
      {facts !== null && <facts.FactsSheet story={story} />}
      {carries !== null && <carries.CarriesSheet story={story} />}
      {deletion !== null && <deletion.DeleteSheet story={story} />}
    </div>
  );
}

type PastDesk = typeof import('./pastDesk');
const pastDesk = signal<PastDesk | null>(null);

/** What only looking back needs comes when somebody first does; until it is here, the live page stays. */
function usePast(open: boolean): PastDesk | null {
  useEffect(() => {
    if (!open || pastDesk.peek() !== null) return;
    import('./pastDesk')
      .then((chunk) => (pastDesk.value = chunk))
      .catch(() => say('The history could not be loaded. Reload the page.', 'bad'));
  }, [open]);
  return open ? pastDesk.value : null;
}

type ShareChunk = typeof import('./ShareSheet');
const shareSheet = signal<ShareChunk | null>(null);
type CacheChunk = typeof import('./CacheSheet');
const cacheSheet = signal<CacheChunk | null>(null);
type RadiusChunk = typeof import('./RadiusSheet');
const radiusSheet = signal<RadiusChunk | null>(null);
type BreakdownChunk = typeof import('./BreakdownSheet');
const breakdownSheet = signal<BreakdownChunk | null>(null);
type WhoChunk = typeof import('./WhoWhereSheet');
const whoSheet = signal<WhoChunk | null>(null);
type TableChunk = typeof import('./TableSheet');
const tableSheet = signal<TableChunk | null>(null);
type GraphChunk = typeof import('./GraphSheet');
const graphSheet = signal<GraphChunk | null>(null);
type FactsChunk = typeof import('./FactsSheet');
const factsSheet = signal<FactsChunk | null>(null);
type CarriesChunk = typeof import('./CarriesSheet');
const carriesSheet = signal<CarriesChunk | null>(null);
type DeleteChunk = typeof import('./DeleteSheet');
const deleteSheet = signal<DeleteChunk | null>(null);

type DeletedChunk = typeof import('./DeletedPage');
const deletedPage = signal<DeletedChunk | null>(null);

/** A sheet comes when somebody first asks for it; `what` begins the sentence that says it could not. */
function useChunk<T>(wanted: Signal<boolean>, kept: Signal<T | null>, load: () => Promise<T>, what: string): T | null {
  const open = wanted.value;
  useEffect(() => {
    if (!open || kept.peek() !== null) return;
    load()
      .then((chunk) => (kept.value = chunk))
      .catch(() => {
        wanted.value = false;
        say(`${what} could not be loaded. Reload the page.`, 'bad');
      });
  }, [open]);
  return kept.value;
}

/** The address decides which scene is open; without one, the first scene is. */
function useRoute(story: Story): void {
  const { sceneId } = route.value;
  const known = story.scenes.value;
  const first = known[0]?.id;
  useEffect(() => {
    if (sceneId !== null) story.open(sceneId);
    else if (first !== undefined) navigate(pathTo(story.id, first), 'replace');
  }, [story, sceneId, first]);
}

function useUnloadWarning(story: Story): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent): void => {
      if (!story.rooms.durable) event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [story]);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName));

/** Which region F6 visits next. */
const REGIONS = ['strip', 'page', 'stage'] as const;
const region = signal(0);

function visitNextRegion(): void {
  region.value = (region.peek() + 1) % REGIONS.length;
  const name = REGIONS[region.peek()];
  const inside = name === 'page' ? '[data-region="page"] .cm-content' : `[data-region="${name}"] :is(a, button, input)`;
  document.querySelector<HTMLElement>(inside)?.focus();
}

export function stepScene(story: Story, by: number): void {
  const cards = story.scenes.peek();
  const at = cards.findIndex((card) => card.id === story.sceneId.peek());
  const next = cards[at + by];
  if (next !== undefined) navigate(pathTo(story.id, next.id));
}

function pickByNumber(story: Story, digit: string): boolean {
  const job = story.generation.job.peek();
  const panel = job === null ? undefined : frameByDigit(job, digit);
  if (job === null || panel === undefined || !awaitsPick(job) || job.shots.some((shot) => shot.pickedPanelId !== null)) return false;
  void story.generation.pick(panel.id);
  return true;
}

function shortcut(story: Story, event: KeyboardEvent): boolean {
  const mod = event.ctrlKey || event.metaKey;
  if (mod && event.key.toLowerCase() === 'k') paletteOpen.value = !paletteOpen.peek();
  else if (mod && event.key.toLowerCase() === 's') say('Nothing to press: every change is saved as you type. The light says when.');
  else if (mod && event.shiftKey && event.key === 'Enter') void story.addScene();
  else if (mod && event.key === 'Enter') void story.generate();
  else if (event.altKey && event.key === 'PageDown') stepScene(story, 1);
  else if (event.altKey && event.key === 'PageUp') stepScene(story, -1);
  else if (event.key === 'F6') visitNextRegion();
  else if (mod && event.altKey && event.code === 'KeyH') story.past.toggle();
  else if (mod && event.altKey && event.code === 'KeyT') talking.value = true;
  else if (mod && event.altKey && event.code === 'KeyF') factsOpen.value = true;
  else if (event.key === 'Escape' && story.past.open.peek() && document.querySelector('dialog[open]') === null) {
    story.past.close();
  }
  else if (/^Digit[1-8]$/u.test(event.code) && !mod && (event.altKey || !isTyping(event.target))) {
    return pickByNumber(story, event.code.slice(-1));
  } else if (event.key === '?' && !isTyping(event.target)) paletteOpen.value = true;
  else return false;
  return true;
}

function useShortcuts(story: Story): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!event.defaultPrevented && shortcut(story, event)) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [story]);
}
