/** A scene's table read: the conversation, what its roles know, and what people do with answers. */
import { graphql, newKey } from './graphql';
import { ERRORS, mutate } from './operations';
import type { Evidence } from './types';

export interface Proposal {
  id: string;
  /** Key of who speaks; empty: the narrator. */
  role: string;
  name: string;
  kind: 'dialogue' | 'action';
  words: string;
  sure: string;
  knows: boolean;
  writer: string;
  lost: string[];
  because: Evidence[];
  findings: { severity: string; message: string; waived: boolean }[];
  contradicts: boolean;
  state: 'OPEN' | 'ACCEPTED' | 'DECLINED' | 'LAPSED';
}

export interface Line {
  id: string;
  text: string;
  as: string;
  shownAs: string;
  at: string;
  state: 'ANSWERING' | 'ANSWERED' | 'STOPPED';
  writer: string;
  model: string;
  insteadOf: string[];
  proposals: Proposal[];
  /** While a model answers: when film grammar takes over. */
  answerBy: string | null;
}

export interface Piece {
  about: string;
  who: string;
  words: string;
  now: boolean;
  quote: Evidence;
}

export interface Frame {
  role: string;
  name: string;
  pieces: Piece[];
  bonds: { name: string; trustCompetence: number | null; trustBenevolence: number | null; debt: number | null }[];
  remembers: { sceneId: string; heading: string; words: string }[];
}

export interface Entry {
  steps: { name: string; ms: number }[];
  totalMs: number;
  whole: boolean;
  frames: Frame[];
}

const QUOTE = 'sceneId start end text';
const LINE = `id text as shownAs at state writer model insteadOf answerBy proposals { id role name kind words sure knows writer lost
  because { ${QUOTE} } findings { severity message waived } contradicts state }`;

export async function linesOf(sceneId: string): Promise<Line[]> {
  const { tableRead } = await graphql<{ tableRead: { lines: Line[] } }>(
    `query TableLines($id: ID!) { tableRead(sceneId: $id) { lines { ${LINE} } } }`,
    { id: sceneId },
  );
  return tableRead.lines;
}

export async function entryOf(sceneId: string): Promise<Entry> {
  const { tableRead } = await graphql<{ tableRead: { entry: Entry } }>(
    `query TableEntry($id: ID!) { tableRead(sceneId: $id) { entry { steps { name ms } totalMs whole frames { role name
      pieces { about who words now quote { ${QUOTE} } } bonds { name trustCompetence trustBenevolence debt }
      remembers { sceneId heading words } } } } }`,
    { id: sceneId },
  );
  return tableRead.entry;
}

const decide = (name: string, kind: string, input: Record<string, unknown>): Promise<Line> =>
  mutate(
    name,
    `mutation Table($input: ${kind}!) { ${name}(input: $input) { line { ${LINE} } ${ERRORS} } }`,
    { input: { ...input, idempotencyKey: newKey() } },
    'line',
  );

export const sayLine = (sceneId: string, text: string, as: string, displayName: string): Promise<Line> =>
  decide('sayLine', 'SayLineInput', { sceneId, text, as: as || null, displayName });

export const acceptLine = (sceneId: string, proposalId: string, displayName: string, anyway: boolean): Promise<Line> =>
  decide('acceptLine', 'AcceptLineInput', { sceneId, proposalId, displayName, anyway });

export const declineLine = (sceneId: string, proposalId: string): Promise<Line> =>
  decide('declineLine', 'DeclineLineInput', { sceneId, proposalId });

export const stopLine = (sceneId: string, lineId: string): Promise<Line> =>
  decide('stopLine', 'StopLineInput', { sceneId, lineId });
