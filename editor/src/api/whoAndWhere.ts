/** Who is in a story and where it plays, as its words, its films and its people tell; and what people set of a person. */
import { ApiError, graphql, newKey } from './graphql';
import { ERRORS, mutate } from './operations';

export interface Told {
  attribute: string;
  value: string;
  evidence: { sceneId: string; text: string };
}

export interface SetVoice {
  timbre: string;
  accent: string;
  pace: string;
  sampleUrl: string | null;
  sampleKey: string | null;
}

export interface Appearance {
  sceneId: string;
  number: string;
  /** `counted`: of these years, how many passed since the words were said. */
  age: { low: number; high: number; counted: number; evidence: { text: string } } | null;
  expressions: Told[];
  voice: Told[];
}

export interface StoryPerson {
  key: string;
  name: string;
  /** Null: no cast list has them, so nothing can be set. */
  castId: string | null;
  portraitUrl: string | null;
  bestFrame: { url: string; why: string } | null;
  looks: Told[];
  toldVoice: Told[];
  setVoice: SetVoice | null;
  appearances: Appearance[];
}

export type Level = 'daylight' | 'twilight' | 'night' | 'lit' | 'dim' | 'candle' | 'dark' | 'unknown';

export interface Swatch {
  colour: string;
  share: number;
}

export interface Visit {
  sceneId: string;
  number: string;
  storyDay: string | null;
  timeOfDay: string | null;
  light: { level: Level; since: string | null; evidence: { text: string } }[];
  lies: { thing: string; where: string; since: string }[];
  picture: { url: string; palette: Swatch[]; compared: number; likeness: number | null; far: boolean } | null;
}

export interface StoryPlace {
  key: string;
  name: string;
  palette: Swatch[];
  features: Told[];
  relations: { thing: string; relation: string; other: string; evidence: { text: string } }[];
  visits: Visit[];
}

const WORDS = '{ attribute value evidence { sceneId text } }';

export async function whoAndWhere(projectId: string): Promise<{ people: StoryPerson[]; places: StoryPlace[] }> {
  return graphql(
    `query WhoAndWhere($projectId: ID!) {
      people: storyIdentity(projectId: $projectId) { key name castId portraitUrl bestFrame { url why } looks ${WORDS} toldVoice ${WORDS}
        setVoice { timbre accent pace sampleUrl sampleKey }
        appearances { sceneId number age { low high counted evidence { text } } expressions ${WORDS} voice ${WORDS} } }
      places: environment(projectId: $projectId) { key name palette { colour share } features ${WORDS}
        relations { thing relation other evidence { text } }
        visits { sceneId number storyDay timeOfDay light { level since evidence { text } } lies { thing where since }
          picture { url palette { colour share } compared likeness far } } } }`,
    { projectId },
  );
}

export const setVoice = (projectId: string, castId: string, voice: { timbre: string; accent: string; pace: string; key: string | null }): Promise<unknown> =>
  mutate(
    'setVoice',
    `mutation SetVoice($input: SetVoiceInput!) { setVoice(input: $input) { project { id } ${ERRORS} } }`,
    { input: { projectId, castId, ...voice, idempotencyKey: newKey() } },
    'project',
  );

export const setPortrait = (projectId: string, castId: string, key: string): Promise<unknown> =>
  mutate(
    'setPortrait',
    `mutation SetPortrait($input: SetPortraitInput!) { setPortrait(input: $input) { project { id } ${ERRORS} } }`,
    { input: { projectId, castId, key, idempotencyKey: newKey() } },
    'project',
  );

/** Sends a file; answers the key to set it by. Fails with the server's sentence: what is too long or no sound, says so. */
export async function upload(name: string, file: Blob): Promise<string> {
  const response = await fetch(`/uploads/${encodeURIComponent(name || 'file')}`, {
    method: 'PUT',
    credentials: 'same-origin',
    body: file,
  }).catch(() => null);
  if (response === null) throw new ApiError('The server cannot be reached right now.', 'UNREACHABLE', true);
  const answer = (await response.json().catch(() => ({}))) as { key?: string; message?: string; code?: string };
  if (!response.ok || answer.key === undefined)
    throw new ApiError(answer.message ?? `The server answered ${response.status} without words.`, answer.code ?? 'ERROR', false);
  return answer.key;
}
