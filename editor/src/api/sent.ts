/** What is sent to draw and film a scene, word for word, as people review it. */
import { graphql } from './graphql';

export interface Sent {
  step: string;
  writer: string;
  brain: string;
  prompt: string;
  negative: string;
  seed: string;
  added: { source: string; text: string }[];
  shots: { shot: number; durationS: number; prompt: string }[];
  omittedMoments: number;
}

const SENT = `step writer brain prompt negative seed added { source text } shots { shot durationS prompt } omittedMoments`;

/** null until there are shots. */
export const sentFor = async (jobId: string): Promise<Sent | null> =>
  (
    await graphql<{ job: { sent: Sent | null } | null }>(`query Sent($id: ID!) { job(id: $id) { sent { ${SENT} } } }`, {
      id: jobId,
    })
  ).job?.sent ?? null;
