/** The story's graph in words, and what of it is shown: pure functions of what the server told. */
import { type EdgeLabel, type Evidence, type GraphNode, type Link, LINKS_MAX, type Said } from '../api/storyGraph';

export type View = 'people' | 'scenes' | 'places';
export const VIEWS: readonly { id: View; name: string }[] = [
  { id: 'people', name: 'People' },
  { id: 'scenes', name: 'Scenes' },
  { id: 'places', name: 'Places' },
];

export type Layer = 'told' | 'seen' | 'author';
export const LAYERS: Record<Layer, string> = { told: 'told by scripts', seen: 'seen in films', author: 'said by people' };

export const KINDS: Record<View, readonly { id: string; name: string; of: (link: Link) => boolean }[]> = {
  people: [
    { id: 'plain', name: 'ties', of: (link) => !distrusts(link) && !trusts(link) && !owes(link) },
    { id: 'trust', name: 'trust', of: (link) => trusts(link) },
    { id: 'tension', name: 'tension', of: (link) => distrusts(link) || owes(link) },
  ],
  scenes: [
    { id: 'next', name: 'told next', of: (link) => isNext(link) },
    { id: 'causes', name: 'sets going', of: (link) => !isNext(link) },
  ],
  places: [
    { id: 'ways', name: 'ways', of: (link) => link.label === 'ADJACENT_TO' },
    { id: 'inside', name: 'lies in', of: (link) => link.label === 'CONTAINS' },
  ],
};

/** As the graph's own questions have it. */
const DISTRUST_UNDER = -0.3;
const TRUST_OVER = 0.5;
const DEBT_OVER = 0.5;

export const distrusts = (link: Link): boolean => link.trustCompetence !== null && link.trustCompetence < DISTRUST_UNDER;
export const trusts = (link: Link): boolean => link.trustCompetence !== null && link.trustCompetence > TRUST_OVER;
export const owes = (link: Link): boolean => link.debt !== null && link.debt > DEBT_OVER;
/** What a person says of a link of scenes is a cause unless the story tells the one right after the other. */
const isNext = (link: Link): boolean => link.evidence.some((each) => each.kind === 'told' && each.words === 'told next');

export const layersOf = (link: Link): Set<Layer> => new Set(link.evidence.map((each) => each.kind));

export interface Filter {
  layers: ReadonlySet<Layer>;
  kinds: ReadonlySet<string>;
}

/** Edges of the layers and kinds that are wanted; what nobody gave evidence of is shown with what is told. */
export const filtered = (view: View, links: readonly Link[], filter: Filter): Link[] =>
  links.filter((link) => {
    const layers = layersOf(link);
    const layer = layers.size === 0 ? filter.layers.has('told') : [...layers].some((each) => filter.layers.has(each));
    return layer && KINDS[view].some((kind) => filter.kinds.has(kind.id) && kind.of(link));
  });

export const keyOf = (link: Pick<Link, 'label' | 'source' | 'target'>): string => [link.label, link.source, link.target].join('\n');

/** 0.8 to 6 px: the strongest tie of the picture is the widest. */
export function widthOf(link: Link, strongest: number): number {
  if (link.label === 'ADJACENT_TO') return link.traversalCost === null ? 1 : Math.max(1, 5 - 2 * Math.log2(1 + link.traversalCost));
  const strength = Math.max(0, link.strength ?? 0);
  return strongest <= 0 ? 1.2 : 0.8 + 5.2 * (strength / strongest);
}

/** Weak ties of a crowd are a shade, strong ones a line: 0.14 to 0.8. */
export function shadeOf(link: Link, strongest: number): number {
  if (link.label === 'LEADS_TO') return isNext(link) ? 0.8 : 0.22;
  if (link.label !== 'RELATES_TO' || strongest <= 0) return 0.55;
  return 0.14 + 0.66 * Math.sqrt(Math.max(0, link.strength ?? 0) / strongest);
}

/** A word for the eye: its colour is in the stylesheet. */
export function toneOf(link: Link): 'trust' | 'distrust' | 'debt' | 'plain' {
  if (distrusts(link)) return 'distrust';
  if (owes(link)) return 'debt';
  return trusts(link) ? 'trust' : 'plain';
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value)}`;

function strengthWords(strength: number | null, strongest: number): string {
  if (strength === null) return '';
  const share = strongest > 0 ? strength / strongest : 0;
  const word = share > 0.66 ? 'close' : share > 0.25 ? 'known' : 'slight';
  return `${word} (${Math.round(strength * 10) / 10})`;
}

/** What an edge is worth, in words. */
export function worthWords(link: Link, strongest: number): string {
  if (link.label === 'ADJACENT_TO') return link.traversalCost === null ? 'a way, its cost untold' : `a way that costs ${link.traversalCost}`;
  if (link.label === 'CONTAINS') return 'lies in it';
  if (link.label === 'LEADS_TO') return isNext(link) ? 'told next' : 'sets it going';
  const parts = [strengthWords(link.strength, strongest)];
  if (link.trustCompetence !== null) parts.push(`${distrusts(link) ? 'distrusts' : 'trusts'} ${signed(link.trustCompetence)}`);
  if (link.trustBenevolence !== null) parts.push(`means well ${signed(link.trustBenevolence)}`);
  if (link.debt !== null) parts.push(`owes ${link.debt}`);
  const words = parts.filter((part) => part !== '').join(', ');
  return words === '' ? 'a tie' : words;
}

/** Ids speak when nothing else does: character:anna → anna. */
export const plainName = (id: string): string => id.slice(id.indexOf(':') + 1);

/** One piece of evidence; `scene` says a scene's number and heading. */
export function evidenceWords(said: Evidence, scene: (id: string) => string): string {
  const where = said.sceneId === null ? '' : scene(said.sceneId);
  if (said.kind === 'author') return said.words === '' ? 'A person says so.' : `A person says so: ${said.words}`;
  if (said.kind === 'seen') return `Seen in the film of ${where === '' ? 'a scene' : where}`;
  if (typeof said.quote === 'string') return `${where}: “${said.quote.trim()}”`;
  return said.words === '' ? where : `${where}: ${said.words}`;
}

export function summaryWords(view: View, nodes: number, shown: number, links: number): string {
  const what = { people: ['person', 'people'], scenes: ['scene', 'scenes'], places: ['place', 'places'] }[view];
  if (nodes === 0) {
    return view === 'places'
      ? 'No place yet. Places come from the headings of scenes, once somebody has left or locked the scene.'
      : 'Nothing is in the graph yet. A scene tells its part when it is locked, or five minutes after everybody has left it.';
  }
  const many = `${nodes} ${nodes === 1 ? what[0] : what[1]}`;
  const edges = links >= LINKS_MAX ? `the ${links} strongest edges` : `${links} ${links === 1 ? 'edge' : 'edges'}`;
  return shown < nodes ? `${shown} of ${many}, those nearest to the one chosen; ${edges}.` : `${many}, ${edges}.`;
}

/** Whom one reaches over ties in any direction, with the fewest steps. */
export function reach(links: readonly Link[], from: string, hops: number): Map<string, number> {
  const beside = new Map<string, Set<string>>();
  const tie = (one: string, two: string): void => {
    beside.set(one, (beside.get(one) ?? new Set<string>()).add(two));
  };
  for (const link of links) {
    tie(link.source, link.target);
    tie(link.target, link.source);
  }
  const found = new Map([[from, 0]]);
  let edge = [from];
  for (let hop = 1; hop <= hops && edge.length > 0; hop += 1) {
    const next: string[] = [];
    for (const at of edge) {
      for (const other of beside.get(at) ?? []) {
        if (found.has(other)) continue;
        found.set(other, hop);
        next.push(other);
      }
    }
    edge = next;
  }
  return found;
}

export const tiedTo = (links: readonly Link[], id: string): Link[] => links.filter((link) => link.source === id || link.target === id);

/** Most ties first: whom a picture of a crowd begins with. */
export const mostTied = (nodes: readonly GraphNode[]): GraphNode | null =>
  nodes.reduce<GraphNode | null>((best, node) => (best === null || node.ties > best.ties ? node : best), null);

/** So many in their order around the one chosen. */
export function windowOf<T extends { id: string }>(nodes: readonly T[], chosen: string | null, most: number): T[] {
  if (nodes.length <= most) return [...nodes];
  const at = Math.max(0, nodes.findIndex((node) => node.id === chosen));
  const begin = Math.max(0, Math.min(at - Math.floor(most / 2), nodes.length - most));
  return nodes.slice(begin, begin + most);
}

/** What takes back a word of a person: what people had said before of that edge, said again, or nothing. */
export function undoOf(said: Said, before: Link | null): Said[] {
  const edge = { label: said.label, source: said.source, target: said.target };
  const authored = before?.evidence.find((each) => each.kind === 'author');
  const cleared: Said = { ...edge, cleared: true };
  if (before === null || authored === undefined) return [cleared];
  const again: Said = { ...edge, words: authored.words };
  if (said.label === 'RELATES_TO') {
    Object.assign(again, { trustCompetence: before.trustCompetence, trustBenevolence: before.trustBenevolence, debt: before.debt });
  }
  if (said.label === 'ADJACENT_TO') again.traversalCost = before.traversalCost;
  return [cleared, again];
}

export const LABEL_OF: Record<View, EdgeLabel> = { people: 'RELATES_TO', scenes: 'LEADS_TO', places: 'ADJACENT_TO' };

/** A number somebody typed, within bounds; null: not said; undefined: not a number that fits. */
export function typedNumber(text: string, least: number, most: number): number | null | undefined {
  const clean = text.trim().replace('−', '-').replace(',', '.');
  if (clean === '') return null;
  const value = Number(clean);
  return Number.isFinite(value) && value >= least && value <= most ? value : undefined;
}
