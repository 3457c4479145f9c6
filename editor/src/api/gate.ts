/** What holds a job at the continuity gate, and the three ways a person has of letting it go on. */
import { graphql, newKey } from './graphql';
import { ERRORS, JOB, mutate } from './operations';
import type { Evidence, Job } from './types';

export interface Issue {
  id: string;
  type: string;
  severity: 'ERROR' | 'WARNING';
  description: string;
  location: string;
  suggestion: string | null;
  evidence: Evidence[];
  waived: boolean;
  corrected: boolean;
  reasons: string[];
}

export interface Correction {
  findingId: string;
  start: number;
  end: number;
  before: string;
  after: string;
  /** In the prompt already. */
  made: boolean;
}

export interface Gate {
  issues: Issue[];
  corrections: Correction[];
  held: { reason: string; fixed: boolean } | null;
}

const GATE = `issues { id type severity description location suggestion evidence { sceneId start end text } waived corrected reasons }
  corrections { findingId start end before after made } held { reason fixed }`;

export async function gateOf(jobId: string): Promise<Gate | null> {
  const { job } = await graphql<{ job: { continuity: Gate | null } | null }>(
    `query Gate($id: ID!) { job(id: $id) { continuity { ${GATE} } } }`,
    { id: jobId },
  );
  return job?.continuity ?? null;
}

export const proceedAnyway = (jobId: string): Promise<Job> =>
  mutate(
    'proceedAnyway',
    `mutation Proceed($input: JobInput!) { proceedAnyway(input: $input) { job { ${JOB} } ${ERRORS} } }`,
    { input: { jobId, idempotencyKey: newKey() } },
    'job',
  );

export const useCorrection = (jobId: string, name: string): Promise<Job> =>
  mutate(
    'useCorrection',
    `mutation Correct($input: UseCorrectionInput!) { useCorrection(input: $input) { job { ${JOB} } ${ERRORS} } }`,
    { input: { jobId, displayName: name, idempotencyKey: newKey() } },
    'job',
  );

export const waive = (jobId: string, findingId: string, reason: string, name: string): Promise<Job> =>
  mutate(
    'waive',
    `mutation WaiveHeld($input: WaiveInput!) { waive(input: $input) { job { ${JOB} } ${ERRORS} } }`,
    { input: { jobId, findingId, reason: reason.toUpperCase(), displayName: name, idempotencyKey: newKey() } },
    'job',
  );
