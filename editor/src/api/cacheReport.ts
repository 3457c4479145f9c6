/** What the cache did for a project, and how often it may be wrong. */
import { graphql, newKey } from './graphql';
import { ERRORS, mutate } from './operations';

export interface Judged {
  judged: number;
  wrong: number;
  /** Null where nobody spoke; so are both ends of its interval. */
  wrongRate: number | null;
  wrongLow: number | null;
  wrongHigh: number | null;
}

export interface LevelReport extends Judged {
  /** L1, L2, L3, L4, or warm. */
  level: string;
  asked: number;
  hits: number;
  hitRate: number | null;
  savedUsd: number;
}

export interface CacheReport extends Judged {
  takes: number;
  /** False: there are older takes that are not counted. */
  complete: boolean;
  hits: number;
  hitRate: number | null;
  savedUsd: number;
  spentUsd: number;
  savedShare: number | null;
  levels: LevelReport[];
  targets: { l1HitRate: number; hitRate: number; savedShare: number };
  installedBoundPer10000: number;
}

/** `bound`: the project's own; null: as installed. */
export interface CacheTold {
  report: CacheReport;
  bound: number | null;
}

const JUDGED = `judged wrong wrongRate wrongLow wrongHigh`;
const REPORT = `takes complete hits hitRate savedUsd spentUsd savedShare installedBoundPer10000 ${JUDGED}
  targets { l1HitRate hitRate savedShare } levels { level asked hits hitRate savedUsd ${JUDGED} }`;

export async function cacheReport(projectId: string): Promise<CacheTold> {
  const data = await graphql<{ cacheReport: CacheReport; project: { cacheBoundPer10000: number | null } | null }>(
    `query CacheReport($id: ID!) { cacheReport(projectId: $id) { ${REPORT} } project(id: $id) { cacheBoundPer10000 } }`,
    { id: projectId },
  );
  return { report: data.cacheReport, bound: data.project?.cacheBoundPer10000 ?? null };
}

/** Null: as installed. */
export const setCacheBound = (projectId: string, per10000: number | null): Promise<{ cacheBoundPer10000: number | null }> =>
  mutate(
    'setCacheBound',
    `mutation Bound($input: SetCacheBoundInput!) { setCacheBound(input: $input) { project { cacheBoundPer10000 } ${ERRORS} } }`,
    { input: { projectId, per10000, idempotencyKey: newKey() } },
    'project',
  );
