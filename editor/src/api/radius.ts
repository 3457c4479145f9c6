/** Which films are not what would be made of their scenes, and having them made again as one order. */
import { graphql, newKey } from './graphql';
import { ERRORS, Refused } from './operations';
import type { UserError } from './types';

export interface StaleScene {
  sceneId: string;
  heading: string;
  reasons: string[];
  panels: number;
  /** As it was estimated; null: nobody said. */
  cost: number | null;
  unit: string | null;
  workS: number | null;
}

export interface Radius {
  scenes: StaleScene[];
  panels: number;
  costs: { amount: number; unit: string }[];
  workS: number;
}

export interface Repair {
  id: string;
  jobs: { id: string }[];
  done: number;
  failed: number;
  held: number;
  waiting: number;
  notRepaired: { sceneId: string; message: string }[];
  cancelled: boolean;
  /** Nothing more of it will be made. */
  over: boolean;
}

const RADIUS = `scenes { sceneId heading reasons panels cost unit workS } panels costs { amount unit } workS`;
const REPAIR = `id jobs { id } done failed held waiting notRepaired { sceneId message } cancelled over`;

/** What is out of date as things are. */
export const staleNow = async (projectId: string): Promise<Radius> =>
  (await graphql<{ blastRadius: Radius }>(`query Stale($id: ID!) { blastRadius(projectId: $id) { ${RADIUS} } }`, { id: projectId }))
    .blastRadius;

export const repairOf = async (projectId: string, id: string): Promise<Repair | null> =>
  (
    await graphql<{ repair: Repair | null }>(
      `query Repair($project: ID!, $id: ID!) { repair(projectId: $project, id: $id) { ${REPAIR} } }`,
      { project: projectId, id },
    )
  ).repair;

/** The newest order that is still being made, whoever placed it and from wherever. */
export const repairUnderWay = async (projectId: string): Promise<Repair | null> => {
  const { repairs } = await graphql<{ repairs: Repair[] }>(
    `query Repairs($project: ID!) { repairs(projectId: $project) { ${REPAIR} } }`,
    { project: projectId },
  );
  return repairs.find((each) => !each.over) ?? null;
};

export async function cancelRepair(projectId: string, repairId: string): Promise<Repair | null> {
  const { cancelRepair: told } = await graphql<{ cancelRepair: { repair: Repair | null; userErrors: UserError[] } }>(
    `mutation CancelRepair($input: CancelRepairInput!) { cancelRepair(input: $input) { repair { ${REPAIR} } ${ERRORS} } }`,
    { input: { projectId, repairId, idempotencyKey: newKey() } },
  );
  if (told.userErrors.length > 0) throw new Refused(told.userErrors);
  return told.repair;
}

interface Ordered {
  repair: Repair | null;
  notRepaired: { sceneId: string; message: string }[];
  userErrors: UserError[];
}

/** One order of all these films; what cannot be filmed is told beside it. */
export async function repairStale(projectId: string, sceneIds: string[]): Promise<Ordered> {
  const { repairStale: told } = await graphql<{ repairStale: Ordered }>(
    `mutation RepairStale($input: RepairStaleInput!) {
      repairStale(input: $input) { repair { ${REPAIR} } notRepaired { sceneId message } ${ERRORS} }
    }`,
    { input: { projectId, sceneIds, idempotencyKey: newKey() } },
  );
  if (told.userErrors.length > 0) throw new Refused(told.userErrors);
  return told;
}
