/** What holds in the story at a moment, and saying so by hand. */
import { graphql, newKey } from './graphql';
import { ERRORS, Refused } from './operations';
import type { UserError } from './types';

export interface Fact {
  /** A name's key; the scene's id where it is about the scene itself. */
  entity: string;
  /** As people write it; empty for a scene. */
  name: string;
  attribute: string;
  value: string;
  evidence: { sceneId: string; start: number; end: number; text: string };
  confidence: number;
  reader: 'RULES' | 'LLM' | 'PERSON' | 'OBSERVER';
  author: string | null;
  validFrom: { sceneId: string; at: number } | null;
}

/** Of `SetFactInput`; `holds: false` takes it back. */
export interface Said {
  sceneId: string;
  entity: string;
  attribute: string;
  value: string;
  quote?: string;
  holds?: boolean;
}

export interface SetFact {
  entity: string;
  attribute: string;
  value: string;
  quote: string;
  by: string;
}

export interface Holding {
  facts: Fact[];
  /** What was set by hand in this scene, with what it ends ("no longer has"), which holds for nobody. */
  set: SetFact[];
  more: boolean;
}

/** As many as one page of the server. */
const FACTS_SHOWN_MAX = 200;

const FACT = `entity name attribute value evidence { sceneId start end text } confidence reader author validFrom { sceneId at }`;

interface Answer {
  facts: { edges: { node: Fact }[]; pageInfo: { hasNextPage: boolean } };
  scene: { setFacts: SetFact[] } | null;
}

/** `at`: code points of the scene's script. */
export async function factsAt(projectId: string, sceneId: string, at: number): Promise<Holding> {
  const told = await graphql<Answer>(
    `query Facts($projectId: ID!, $sceneId: ID!, $beat: StoryBeatInput!) {
      facts(projectId: $projectId, atBeat: $beat, first: ${FACTS_SHOWN_MAX}) { edges { node { ${FACT} } } pageInfo { hasNextPage } }
      scene(id: $sceneId) { setFacts { entity attribute value quote by } } }`,
    { projectId, sceneId, beat: { sceneId, at } },
  );
  return {
    facts: told.facts.edges.map((edge) => edge.node),
    set: told.scene?.setFacts ?? [],
    more: told.facts.pageInfo.hasNextPage,
  };
}

export async function setFact(said: Said, displayName: string): Promise<void> {
  const { setFact: told } = await graphql<{ setFact: { userErrors: UserError[] } }>(
    `mutation SetFact($input: SetFactInput!) { setFact(input: $input) { ${ERRORS} } }`,
    { input: { ...said, displayName, idempotencyKey: newKey() } },
  );
  if (told.userErrors.length > 0) throw new Refused(told.userErrors);
}
