/** GraphQL about the past of a scene: sittings, comparisons, named versions, and the way back. */
import { graphql, newKey } from './graphql';
import { ERRORS, mutate } from './operations';

export interface Author {
  id: string;
  name: string;
}

export interface WorkPart {
  author: Author;
  added: number;
  removed: number;
  edits: number;
}

/** Work without a long pause; its end, `sequence`, is a point to come back to. */
export interface Sitting {
  fromSequence: string;
  sequence: string;
  startedAt: string;
  endedAt: string;
  authors: WorkPart[];
}

export interface Version {
  id: string;
  name: string;
  sequence: string;
  author: Author;
  createdAt: string;
}

export interface TextRun {
  kind: 'KEPT' | 'ADDED' | 'REMOVED';
  text: string;
  author: Author;
  at: string;
  writtenBy: Author;
}

export interface Comparison {
  fromSequence: string;
  toSequence: string;
  fromAt: string | null;
  toAt: string | null;
  added: number;
  removed: number;
  runs: TextRun[];
}

const AUTHOR = `{ id name }`;
const SITTINGS_MAX = 100;

export async function timeline(sceneId: string): Promise<{ sittings: Sitting[]; versions: Version[] }> {
  const found = await graphql<{ sceneTimeline: Sitting[]; scene: { versions: Version[] } | null }>(
    `query Timeline($sceneId: ID!, $first: Int) {
      sceneTimeline(sceneId: $sceneId, first: $first) {
        fromSequence sequence startedAt endedAt authors { author ${AUTHOR} added removed edits }
      }
      scene(id: $sceneId) { versions(first: 50) { id name sequence author ${AUTHOR} createdAt } }
    }`,
    { sceneId, first: SITTINGS_MAX },
  );
  return { sittings: found.sceneTimeline, versions: found.scene?.versions ?? [] };
}

export const compare = async (sceneId: string, from: string, to: string): Promise<Comparison> =>
  (
    await graphql<{ sceneDiff: Comparison }>(
      `query Compare($sceneId: ID!, $from: String!, $to: String!) {
        sceneDiff(sceneId: $sceneId, from: $from, to: $to) {
          fromSequence toSequence fromAt toAt added removed
          runs { kind text author ${AUTHOR} at writtenBy ${AUTHOR} }
        }
      }`,
      { sceneId, from, to },
    )
  ).sceneDiff;

export const nameVersion = (sceneId: string, sequence: string, name: string, displayName: string): Promise<Version> =>
  mutate(
    'nameVersion',
    `mutation NameVersion($input: NameVersionInput!) {
      nameVersion(input: $input) { version { id name sequence author ${AUTHOR} createdAt } ${ERRORS} }
    }`,
    { input: { sceneId, sequence, name, displayName, idempotencyKey: newKey() } },
    'version',
  );

/** A checkpoint of the whole project, under a name. */
export const saveCheckpoint = (projectId: string, label: string, displayName: string): Promise<{ id: string }> =>
  mutate(
    'saveCheckpoint',
    `mutation SaveCheckpoint($projectId: ID!, $label: String!, $displayName: String, $idempotencyKey: String!) {
      saveCheckpoint(projectId: $projectId, label: $label, displayName: $displayName, idempotencyKey: $idempotencyKey) {
        checkpoint { id } ${ERRORS}
      }
    }`,
    { projectId, label, displayName, idempotencyKey: newKey() },
    'checkpoint',
  );

export const restoreVersion = (sceneId: string, sequence: string, displayName: string): Promise<{ id: string }> =>
  mutate(
    'restoreVersion',
    `mutation RestoreVersion($input: RestoreVersionInput!) {
      restoreVersion(input: $input) { scene { id } ${ERRORS} }
    }`,
    { input: { sceneId, sequence, displayName, idempotencyKey: newKey() } },
    'scene',
  );
