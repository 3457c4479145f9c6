/** The story's graph: who and what there is, how they hang together, why, and what people say of it. */
import { ERRORS, mutate } from './operations';
import { graphql, newKey } from './graphql';

export type NodeLabel = 'CHARACTER' | 'SCENE' | 'SETTING' | 'ZONE';
export type EdgeLabel = 'RELATES_TO' | 'LEADS_TO' | 'ADJACENT_TO' | 'CONTAINS' | 'CAST_OF';

export interface GraphNode {
  id: string;
  name: string;
  /** Edges that begin or end at it, in the whole story. */
  ties: number;
  storyDay: number | null;
  state: { sceneId: string | null; at: string | null; seen: { attribute: string; value: string }[] };
}

export interface Evidence {
  kind: 'told' | 'seen' | 'author';
  words: string;
  sceneId: string | null;
  /** Absent until one asks why: words are read from the script then. */
  quote?: string | null;
  takeId: string | null;
  observation: string | null;
}

export interface Link {
  label: EdgeLabel;
  source: string;
  target: string;
  strength: number | null;
  trustCompetence: number | null;
  trustBenevolence: number | null;
  debt: number | null;
  traversalCost: number | null;
  evidence: Evidence[];
}

const PAGE = 200;
/** More people than that are asked for by name, not drawn. */
export const NODES_MAX = 1000;
/** Nodes of one picture; the server refuses more. */
export const SHOWN_MAX = 150;
/** Edges of one label in one picture, the strongest. */
export const LINKS_MAX = 400;

const NODE = 'id name ties storyDay state { sceneId at seen { attribute value } }';
const LINK = `source target strength trustCompetence trustBenevolence debt traversalCost
  evidence { kind words sceneId takeId observation }`;

const ask = async <T>(projectId: string, fields: string): Promise<T> =>
  (await graphql<{ storyGraph: T }>(`query StoryGraph($p: ID!) { storyGraph(projectId: $p) { ${fields} } }`, { p: projectId }))
    .storyGraph;

const list = (ids: readonly string[]): string => JSON.stringify(ids);

export async function nodesOf(projectId: string, label: NodeLabel): Promise<GraphNode[]> {
  const found: GraphNode[] = [];
  while (found.length < NODES_MAX) {
    const { nodes } = await ask<{ nodes: GraphNode[] }>(
      projectId,
      `nodes(label: ${label}, first: ${PAGE}, skip: ${found.length}) { ${NODE} }`,
    );
    found.push(...nodes);
    if (nodes.length < PAGE) break;
  }
  return found;
}

export async function linksAmong(projectId: string, label: EdgeLabel, ids: readonly string[]): Promise<Link[]> {
  const found: Link[] = [];
  while (ids.length > 1 && found.length < LINKS_MAX) {
    const { links } = await ask<{ links: Omit<Link, 'label'>[] }>(
      projectId,
      `links(label: ${label}, among: ${list(ids)}, first: ${PAGE}, skip: ${found.length}) { ${LINK} }`,
    );
    found.push(...links.map((link) => ({ ...link, label })));
    if (links.length < PAGE) break;
  }
  return found;
}

/** Ids of who or what is near, itself first. */
export const around = async (projectId: string, node: string, label: EdgeLabel, hops: number): Promise<string[]> =>
  (
    await ask<{ around: { id: string }[] }>(
      projectId,
      `around(node: ${JSON.stringify(node)}, label: ${label}, hops: ${hops}, first: ${SHOWN_MAX}) { id }`,
    )
  ).around.map((near) => near.id);

/** Why an edge is there, with the words of the script as they stand now. */
export async function whyOf(projectId: string, link: Link): Promise<Evidence[]> {
  const { links } = await ask<{ links: (Pick<Link, 'source' | 'target'> & { evidence: Evidence[] })[] }>(
    projectId,
    `links(label: ${link.label}, among: ${list([link.source, link.target])}, first: 2) {
      source target evidence { kind words sceneId takeId observation quote } }`,
  );
  return links.find((each) => each.source === link.source && each.target === link.target)?.evidence ?? [];
}

export const castOf = async (projectId: string, sceneId: string): Promise<string[]> =>
  (await around(projectId, sceneId, 'CAST_OF', 1)).filter((id) => id !== sceneId);

export const wayBetween = async (projectId: string, source: string, target: string): Promise<string[] | null> =>
  (
    await ask<{ socialDistance: { nodes: string[] } | null }>(
      projectId,
      `socialDistance(source: ${JSON.stringify(source)}, target: ${JSON.stringify(target)}) { nodes }`,
    )
  ).socialDistance?.nodes ?? null;

export const trusting = async (projectId: string, target: string): Promise<{ source: string; trustCompetence: number }[]> =>
  (
    await ask<{ trustToward: { source: string; trustCompetence: number }[] }>(
      projectId,
      `trustToward(target: ${JSON.stringify(target)}) { source trustCompetence }`,
    )
  ).trustToward;

export const distrust = async (projectId: string): Promise<{ source: string; target: string; trustCompetence: number }[]> =>
  (
    await ask<{ tensionPairs: { source: string; target: string; trustCompetence: number }[] }>(
      projectId,
      'tensionPairs { source target trustCompetence }',
    )
  ).tensionPairs;

export const scenesAhead = async (projectId: string, sceneId: string): Promise<{ sceneId: string; hops: number }[]> =>
  (
    await ask<{ reachableScenes: { sceneId: string; hops: number }[] }>(
      projectId,
      `reachableScenes(sceneId: ${JSON.stringify(sceneId)}) { sceneId hops }`,
    )
  ).reachableScenes;

export const tenseScenes = async (projectId: string, sceneId: string): Promise<{ sceneId: string; tensionEdges: number }[]> =>
  (
    await ask<{ tensionScenes: { sceneId: string; tensionEdges: number }[] }>(
      projectId,
      `tensionScenes(sceneId: ${JSON.stringify(sceneId)}) { sceneId tensionEdges }`,
    )
  ).tensionScenes;

export const placesBeside = async (projectId: string, setting: string): Promise<{ id: string; traversalCost: number | null }[]> =>
  (
    await ask<{ adjacentSettings: { id: string; traversalCost: number | null }[] }>(
      projectId,
      `adjacentSettings(setting: ${JSON.stringify(setting)}) { id traversalCost }`,
    )
  ).adjacentSettings;

export const scenesNear = async (
  projectId: string,
  setting: string,
): Promise<{ setting: string; hops: number; scene: { sceneId: string } }[]> =>
  (
    await ask<{ scenesNearby: { setting: string; hops: number; scene: { sceneId: string } }[] }>(
      projectId,
      `scenesNearby(setting: ${JSON.stringify(setting)}) { setting hops scene { sceneId } }`,
    )
  ).scenesNearby;

/** Reference pictures by the name of who they show. */
export async function portraits(projectId: string): Promise<Map<string, string>> {
  const { project } = await graphql<{ project: { cast: { name: string; portraitUrl: string | null }[] } | null }>(
    'query Portraits($id: ID!) { project(id: $id) { cast { name portraitUrl } } }',
    { id: projectId },
  );
  const shown = (project?.cast ?? []).filter((each) => each.portraitUrl !== null);
  return new Map(shown.map((each) => [each.name, each.portraitUrl ?? '']));
}

/** What a person says of an edge; `cleared`: nothing any more. */
export interface Said {
  label: EdgeLabel;
  source: string;
  target: string;
  trustCompetence?: number | null;
  trustBenevolence?: number | null;
  debt?: number | null;
  traversalCost?: number | null;
  removed?: boolean;
  cleared?: boolean;
  words?: string;
}

export const setRelation = (projectId: string, said: Said): Promise<string> =>
  mutate(
    'setRelation',
    `mutation SetRelation($input: SetRelationInput!) { setRelation(input: $input) { sequence ${ERRORS} } }`,
    { input: { projectId, ...said, idempotencyKey: newKey() } },
    'sequence',
  );
