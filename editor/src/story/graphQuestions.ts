/** The graph's named questions, each one click: what it asks, and its answer in words and in what lights up. */
import { sentence } from '../api/operations';
import * as api from '../api/storyGraph';
import type { Answer, GraphDesk } from './graphDesk';
import { keyOf, plainName, reach, tiedTo } from './graphWords';

export interface Question {
  id: string;
  words: string;
  /** Null: it cannot be asked now, and the sentence says why. */
  ask: (() => Promise<void>) | null;
  why: string;
}

interface Names {
  node: (id: string) => string;
  scene: (id: string) => string;
}

const REACH_HOPS = 4;

export function questionsOf(desk: GraphDesk, projectId: string, sceneId: string | null, chosen: string | null, names: Names): Question[] {
  const view = desk.view.value;
  const links = desk.shown.value?.links ?? [];
  const can = (work: (() => Promise<Answer>) | null, id: string, words: string, why: string): Question => ({
    id,
    words,
    ask: work === null ? null : () => desk.ask(work),
    why,
  });
  const noScene = 'Open a scene first.';
  if (view === 'people') {
    const name = chosen === null ? 'this person' : names.node(chosen);
    const noOne = 'Choose somebody in the picture first.';
    return [
      can(sceneId === null ? null : () => cast(projectId, sceneId, links, names), 'cast', 'Cast of this scene', noScene),
      can(chosen === null ? null : async () => reached(chosen, links, names), 'reach', `Whom ${name} reaches in four steps`, noOne),
      can(chosen === null ? null : () => trust(projectId, chosen, names), 'trust', `Who trusts ${name}`, noOne),
      can(() => tension(projectId, names), 'tension', 'Who distrusts whom', ''),
    ];
  }
  if (view === 'scenes') {
    const from = chosen ?? sceneId;
    return [
      can(from === null ? null : () => ahead(projectId, from, names), 'ahead', 'What follows within three steps', noScene),
      can(from === null ? null : () => tense(projectId, from, names), 'tense', 'Tension ahead', noScene),
    ];
  }
  const here = chosen?.startsWith('setting:') === true ? chosen : null;
  const nowhere = 'Choose a place in the picture first.';
  const name = here === null ? 'this place' : names.node(here);
  return [
    can(here === null ? null : () => beside(projectId, here, names), 'beside', `Where one gets to from ${name}`, nowhere),
    can(here === null ? null : () => near(projectId, here, names), 'near', `Scenes near ${name}`, nowhere),
  ];
}

/** How two people hang together: the shortest way, four steps at most. */
export async function way(projectId: string, from: string, to: string, names: Names): Promise<Answer> {
  const found = await api.wayBetween(projectId, from, to);
  if (found === null) return answer(`${names.node(from)} does not reach ${names.node(to)} in four steps.`, [from, to]);
  const steps = found.length - 1;
  const words = `${found.map(names.node).join(' – ')}: ${steps} ${steps === 1 ? 'step' : 'steps'}.`;
  const edges = found.slice(1).flatMap((id, at) => {
    const before = found[at] ?? '';
    return [
      { label: 'RELATES_TO' as const, source: before, target: id },
      { label: 'RELATES_TO' as const, source: id, target: before },
    ];
  });
  return answer(words, found, edges.map(keyOf));
}

const answer = (words: string, nodes: Iterable<string>, edges: Iterable<string> = []): Answer => ({
  words: sentence(words),
  nodes: new Set(nodes),
  edges: new Set(edges),
});

async function cast(projectId: string, sceneId: string, links: readonly api.Link[], names: Names): Promise<Answer> {
  const found = await api.castOf(projectId, sceneId);
  if (found.length === 0) return answer(`Nobody is in ${names.scene(sceneId)} yet: a scene tells its part once it is locked or left.`, []);
  const inside = new Set(found);
  const ties = links.filter((link) => inside.has(link.source) && inside.has(link.target));
  return answer(`In ${names.scene(sceneId)}: ${found.map(names.node).join(', ')}; ${ties.length} ties among them.`, found, ties.map(keyOf));
}

function reached(from: string, links: readonly api.Link[], names: Names): Answer {
  const found = reach(links, from, REACH_HOPS);
  const steps = [1, 2, 3, 4].map((hop) => [...found].filter(([, at]) => at === hop).map(([id]) => names.node(id)));
  const said = steps.flatMap((who, at) => (who.length > 0 ? [`in ${at + 1}: ${who.join(', ')}`] : []));
  const words = said.length === 0 ? `${names.node(from)} is tied to nobody shown.` : `${names.node(from)} reaches ${said.join('; ')}.`;
  return answer(words, found.keys());
}

async function trust(projectId: string, target: string, names: Names): Promise<Answer> {
  const found = await api.trusting(projectId, target);
  if (found.length === 0) return answer(`Nobody is said to trust ${names.node(target)}. People say so: choose a tie, and say what it is worth.`, [target]);
  const said = found.map((each) => `${names.node(each.source)} (+${each.trustCompetence})`);
  const edges = found.map((each) => keyOf({ label: 'RELATES_TO', source: each.source, target }));
  return answer(`Trusted by ${said.join(', ')}.`, [target, ...found.map((each) => each.source)], edges);
}

async function tension(projectId: string, names: Names): Promise<Answer> {
  const found = await api.distrust(projectId);
  if (found.length === 0) return answer('Nobody is said to distrust anybody. Choose a tie, and say what it is worth.', []);
  const said = found.slice(0, 12).map((pair) => `${names.node(pair.source)} → ${names.node(pair.target)} (${pair.trustCompetence})`);
  const edges = found.map((pair) => keyOf({ label: 'RELATES_TO', ...pair }));
  return answer(`Worst first: ${said.join(', ')}.`, found.flatMap((pair) => [pair.source, pair.target]), edges);
}

async function ahead(projectId: string, sceneId: string, names: Names): Promise<Answer> {
  const found = await api.scenesAhead(projectId, sceneId);
  if (found.length === 0) return answer(`${names.scene(sceneId)} leads nowhere yet.`, [sceneId]);
  return answer(`${names.scene(sceneId)} leads to ${found.map((each) => names.scene(each.sceneId)).join(', ')}.`, [
    sceneId,
    ...found.map((each) => each.sceneId),
  ]);
}

async function tense(projectId: string, sceneId: string, names: Names): Promise<Answer> {
  const found = await api.tenseScenes(projectId, sceneId);
  if (found.length === 0) return answer(`Nobody who comes together in the two steps after ${names.scene(sceneId)} is said to distrust or owe another.`, [sceneId]);
  const said = found.map((each) => `${names.scene(each.sceneId)} (${each.tensionEdges})`);
  return answer(`Ties under tension in ${said.join(', ')}.`, found.map((each) => each.sceneId));
}

async function beside(projectId: string, setting: string, names: Names): Promise<Answer> {
  const found = await api.placesBeside(projectId, setting);
  if (found.length === 0) return answer(`No way from ${names.node(setting)} is told or set.`, [setting]);
  const said = found.map((each) => `${names.node(each.id)} (${each.traversalCost === null ? 'cost untold' : `cost ${each.traversalCost}`})`);
  return answer(`From ${names.node(setting)}: ${said.join(', ')}.`, [setting, ...found.map((each) => each.id)]);
}

async function near(projectId: string, setting: string, names: Names): Promise<Answer> {
  const found = await api.scenesNear(projectId, setting);
  if (found.length === 0) return answer(`No scene plays within two ways of ${names.node(setting)}.`, [setting]);
  const said = found.map((each) => `${names.scene(each.scene.sceneId)} at ${names.node(each.setting)}`);
  return answer(`${said.join(', ')}.`, [setting, ...found.map((each) => each.setting)]);
}

/** Ids of who is one tie away. */
export const besideOf = (links: readonly api.Link[], id: string): Set<string> =>
  new Set(tiedTo(links, id).map((link) => (link.source === id ? link.target : link.source)));

export const nameIn = (nodes: readonly api.GraphNode[]): ((id: string) => string) => {
  const known = new Map(nodes.map((node) => [node.id, node.name]));
  return (id) => known.get(id) ?? plainName(id);
};
