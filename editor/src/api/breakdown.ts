/** The script supervisor's breakdown of a project, a row a scene. */
import { graphql } from './graphql';

export interface SheetItem {
  /** Null: of the scene, not of a person. */
  who: string | null;
  words: string;
  /** The number of the scene it comes from; null: this scene says so. */
  since: string | null;
}

export interface SheetScene {
  sceneId: string;
  number: string;
  setting: string;
  place: string;
  timeOfDay: string | null;
  /** D1, N1 …; null outside the clock of the story. */
  storyDay: string | null;
  /** How the place is lit, beat by beat. */
  light: SheetItem[];
  eighths: number;
  pages: string;
  cast: { number: number; name: string }[];
  props: SheetItem[];
  wardrobe: SheetItem[];
  looks: SheetItem[];
  vehicles: SheetItem[];
  weather: string | null;
  season: string | null;
  synopsis: string;
}

const ITEM = '{ who words since }';

export async function breakdownSheet(projectId: string): Promise<SheetScene[]> {
  const told = await graphql<{ breakdownSheet: SheetScene[] }>(
    `query Breakdown($projectId: ID!) { breakdownSheet(projectId: $projectId) {
      sceneId number setting place timeOfDay storyDay light ${ITEM} eighths pages cast { number name }
      props ${ITEM} wardrobe ${ITEM} looks ${ITEM} vehicles ${ITEM} weather season synopsis } }`,
    { projectId },
  );
  return told.breakdownSheet;
}

/** Where the sheet is a file. */
export const breakdownFile = (projectId: string, form: 'csv' | 'pdf'): string =>
  `/breakdown/${encodeURIComponent(projectId)}.${form}`;
