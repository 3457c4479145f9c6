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
  /** It was shown before a frame was drawn: frames may be drawn instead. */
  shownFirst: boolean;
}

interface Told {
  job: { shownFirst: boolean; take: { id: string; cache: Omit<Origin, 'shownFirst'> | null } | null } | null;
}

const ORIGIN = `level sure why ofSceneId ofAnotherProject judged`;

export async function originOf(jobId: string): Promise<Origin | null> {
  const { job } = await graphql<Told>(`query Origin($id: ID!) { job(id: $id) { shownFirst take { id cache { ${ORIGIN} } } } }`, { id: jobId });
  return job?.take?.cache ? { ...job.take.cache, shownFirst: job.shownFirst } : null;
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

/** Frames to choose from instead of the film; the job that draws them, the same for everybody who asks. */
export const drawFrames = (jobId: string): Promise<{ id: string }> =>
  mutate(
    'drawFrames',
    `mutation Frames($input: JobInput!) { drawFrames(input: $input) { job { id } ${ERRORS} } }`,
    { input: { jobId, idempotencyKey: newKey() } },
    'job',
  );
