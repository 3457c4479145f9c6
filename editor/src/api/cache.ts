/** Where a take comes from, as the cache told it, and what people say of it. */
import { graphql, newKey } from './graphql';
import { ERRORS, mutate } from './operations';

export interface Origin {
  level: string;
  /** 0–1; null where nothing was compared. */
  sure: number | null;
  why: string[];
  ofSceneId: string | null;
  ofAnotherProject: boolean;
  /** The last word of somebody: true: kept; false: not this. */
  judged: boolean | null;
}

interface Told {
  job: { take: { id: string; cache: Origin | null } | null } | null;
}

const ORIGIN = `level sure why ofSceneId ofAnotherProject judged`;

export async function originOf(jobId: string): Promise<Origin | null> {
  const { job } = await graphql<Told>(`query Origin($id: ID!) { job(id: $id) { take { id cache { ${ORIGIN} } } } }`, { id: jobId });
  return job?.take?.cache ?? null;
}

export const keepThis = (takeId: string): Promise<{ id: string }> =>
  mutate(
    'keepThis',
    `mutation Keep($input: KeepThisInput!) { keepThis(input: $input) { take { id } ${ERRORS} } }`,
    { input: { takeId, idempotencyKey: newKey() } },
    'take',
  );

export const notThis = (takeId: string): Promise<{ id: string }> =>
  mutate(
    'notThis',
    `mutation NotThis($input: NotThisInput!) { notThis(input: $input) { take { id } ${ERRORS} } }`,
    { input: { takeId, idempotencyKey: newKey() } },
    'take',
  );

/** Says *not this* and asks for another film at once; its job. */
export const anotherFilm = (takeId: string): Promise<{ id: string }> =>
  mutate(
    'notThis',
    `mutation Another($input: NotThisInput!) { notThis(input: $input) { job { id } ${ERRORS} } }`,
    { input: { takeId, regenerate: true, idempotencyKey: newKey() } },
    'job',
  );
