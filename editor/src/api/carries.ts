/** What the scenes before give a scene, and what a person leaves out of its next generation. */
import { graphql, newKey } from './graphql';
import { ERRORS, mutate } from './operations';

export interface CarriedNote {
  words: string;
  section: string;
  sceneId: string;
  leftOut: boolean;
}

/** The end of the film that a scene goes on from without a break. */
export interface ShotBefore {
  sceneId: string;
  takeId: string;
  sheetUrl: string;
  light: string;
  colours: string[];
  leftOut: boolean;
}

export interface Carries {
  notes: CarriedNote[];
  shot: ShotBefore | null;
}

const CARRIES = `notes: carries { words section sceneId leftOut }
  shot: shotBefore { sceneId takeId sheetUrl light colours leftOut }`;

export async function carriesOf(sceneId: string): Promise<Carries> {
  const told = await graphql<{ scene: Carries | null }>(`query Carries($id: ID!) { scene(id: $id) { ${CARRIES} } }`, {
    id: sceneId,
  });
  return told.scene ?? { notes: [], shot: null };
}

/** `leftOut`: all sections that are to be left out from now on. */
export const leaveOut = (sceneId: string, leftOut: string[]): Promise<string> =>
  mutate(
    'leaveOut',
    `mutation LeaveOut($input: LeaveOutInput!) { leaveOut(input: $input) { sequence ${ERRORS} } }`,
    { input: { sceneId, leftOut, idempotencyKey: newKey() } },
    'sequence',
  );
