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

/** What a backend would take for the film; `workS` null where nobody knows. */
export interface Price {
  backend: string;
  cost: number;
  unit: string;
  workS: number | null;
}

export interface Review {
  sent: Sent | null;
  /** Who would film it first; null where nobody could, or nobody told. */
  price: Price | null;
}

const SENT = `step writer brain prompt negative seed added { source text } shots { shot durationS prompt } omittedMoments`;

const REVIEW = `query Sent($id: ID!) { job(id: $id) {
  sent { ${SENT} } enhancement { videoEstimates { backend cost unit workS } }
} }`;

interface Told {
  job: { sent: Sent | null; enhancement: { videoEstimates: Price[] } | null } | null;
}

/** `sent` is null until there are shots. */
export async function reviewOf(jobId: string): Promise<Review> {
  const { job } = await graphql<Told>(REVIEW, { id: jobId });
  return { sent: job?.sent ?? null, price: job?.enhancement?.videoEstimates[0] ?? null };
}
