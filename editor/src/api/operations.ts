/** Every GraphQL operation of the editor, typed. One function per intent; words for people stay with the caller. */
import { ApiError, graphql, newKey, subscribe } from './graphql';
import type { Brain, Format, Job, Project, ProjectCard, ProjectType, Scene, UserError } from './types';

const TAKE = `id jobId playlistUrl videoUrl thumbnailUrl captionsUrl captionsBurned durationS backend degraded degradations { wanted used code why } cacheVerdict qualityScore epistemicState`;
const PANEL = `id imageUrl seed votes picked shot candidate note`;
export const JOB = `id sceneId state stage progress message held queuePosition etaS
  error { code message retryable } panels { ${PANEL} } earlierPanels { ${PANEL} }
  shots { shot words note pickedPanelId } pickBy previewUrl autoPick take { ${TAKE} }`;
const ROW = `id heading status takes { id thumbnailUrl }`;
const FINDING = `id code severity message suggestion evidence { sceneId start end text }
  fix { sceneId start end replacement } waived reasons waiver { reason note name: by }`;
const SCENE = `id heading status bibleVersion beat { name purpose } takes { ${TAKE} } findings { ${FINDING} } jobs(first: 5) { ${JOB} }`;
const PROJECT = `id title type brain format sequence scenes { ${ROW} } cast { id name } places { id name }`;
export const ERRORS = `userErrors { path code message }`;

/** A refusal of the server that belongs next to a field of a form. */
export class Refused extends Error {
  constructor(readonly errors: UserError[]) {
    super(errors.map((error) => error.message).join(' '));
    this.name = 'Refused';
  }
}

/** What to tell a person about any failure of an operation. */
export function wordsFor(cause: unknown): string {
  if (cause instanceof Refused || cause instanceof ApiError) return sentence(cause.message);
  return 'Something went wrong in this page. Reload it; your text is on the server or still in this tab.';
}

/** Codes of the server speak in clauses; a page speaks in sentences. */
export function sentence(text: string): string {
  const clean = text.trim();
  const start = clean.charAt(0).toLocaleUpperCase() + clean.slice(1);
  return /[.!?…]$/u.test(start) ? start : `${start}.`;
}

export async function mutate<T>(name: string, query: string, variables: Record<string, unknown>, pick: string): Promise<T> {
  const data = await graphql<Record<string, Record<string, unknown> & { userErrors: UserError[] }>>(query, variables);
  const payload = data[name];
  if (payload === undefined) throw new ApiError('The server sent an empty answer.', 'EMPTY', true);
  if (payload.userErrors.length > 0) throw new Refused(payload.userErrors);
  const result = payload[pick];
  if (result === undefined || result === null) throw new ApiError('The server sent an empty answer.', 'EMPTY', true);
  return result as T;
}

export const me = async (): Promise<{ id: string; name: string }> =>
  (await graphql<{ me: { id: string; name: string } }>(`query Me { me { id name } }`)).me;

const BRAIN = `id name specialty palette own definition`;

export interface Styles {
  brains: Brain[];
  formats: Format[];
}

/** What a project may choose: brains and formats that ship, then its own. */
export const styles = async (projectId: string): Promise<Styles> =>
  (
    await graphql<{ project: Styles | null }>(
      `query Styles($id: ID!) { project(id: $id) { brains { ${BRAIN} } formats { id name summary } } }`,
      { id: projectId },
    )
  ).project ?? { brains: [], formats: [] };

export const setFormat = (projectId: string, format: string): Promise<{ id: string; format: string }> =>
  mutate(
    'setFormat',
    `mutation SetFormat($projectId: ID!, $format: String!, $key: String!) {
      setFormat(projectId: $projectId, format: $format, idempotencyKey: $key) { project { id format } ${ERRORS} }
    }`,
    { projectId, format, key: newKey() },
    'project',
  );

export const defineBrain = (projectId: string, definition: string): Promise<Brain> =>
  mutate(
    'defineBrain',
    `mutation DefineBrain($input: DefineInput!) { defineBrain(input: $input) { brain { ${BRAIN} } ${ERRORS} } }`,
    { input: { projectId, definition, idempotencyKey: newKey() } },
    'brain',
  );

const PROJECTS_PER_PAGE = 24;

export interface ProjectPage {
  cards: ProjectCard[];
  /** Where the next page begins; null on the last one. */
  next: string | null;
}

export async function projects(after: string | null): Promise<ProjectPage> {
  const { projects: page } = await graphql<{
    projects: { edges: { node: ProjectCard }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
  }>(
    `query Projects($first: Int, $after: String) {
      projects(first: $first, after: $after) {
        edges { node { id title type brain createdAt scenes { ${ROW} } } } pageInfo { hasNextPage endCursor }
      }
    }`,
    { first: PROJECTS_PER_PAGE, after },
  );
  return {
    cards: page.edges.map((edge) => edge.node),
    next: page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null,
  };
}

export const project = async (id: string): Promise<Project | null> =>
  (await graphql<{ project: Project | null }>(`query Project($id: ID!) { project(id: $id) { ${PROJECT} } }`, { id }))
    .project;

export const scene = async (id: string): Promise<Scene | null> =>
  (await graphql<{ scene: Scene | null }>(`query Scene($id: ID!) { scene(id: $id) { ${SCENE} } }`, { id })).scene;

export const job = async (id: string): Promise<Job | null> =>
  (await graphql<{ job: Job | null }>(`query Job($id: ID!) { job(id: $id) { ${JOB} } }`, { id })).job;

export const exportFountain = async (projectId: string): Promise<string> =>
  (
    await graphql<{ exportFountain: string }>(
      `query Export($projectId: ID!) { exportFountain(projectId: $projectId) }`,
      { projectId },
    )
  ).exportFountain;

export const createProject = (title: string, type: ProjectType): Promise<{ id: string }> =>
  mutate(
    'createProject',
    `mutation CreateProject($input: CreateProjectInput!) { createProject(input: $input) { project { id } ${ERRORS} } }`,
    { input: { title, type, idempotencyKey: newKey() } },
    'project',
  );

export const createScene = (projectId: string, heading: string, after: string | null): Promise<{ id: string }> =>
  mutate(
    'createScene',
    `mutation CreateScene($input: CreateSceneInput!) { createScene(input: $input) { scene { id } ${ERRORS} } }`,
    { input: { projectId, heading, script: `${heading}\n\n`, after, idempotencyKey: newKey() } },
    'scene',
  );

export const importScreenplay = (
  title: string,
  text: string,
  idempotencyKey: string,
): Promise<{ id: string; scenes: { id: string }[]; cast: { id: string }[] }> =>
  mutate(
    'importScreenplay',
    `mutation Import($input: ImportScreenplayInput!) {
      importScreenplay(input: $input) { project { id scenes { id } cast { id } } ${ERRORS} }
    }`,
    { input: { title, text, format: 'FOUNTAIN', idempotencyKey } },
    'project',
  );

export const setBrain = (projectId: string, brain: string): Promise<{ id: string; brain: string }> =>
  mutate(
    'setBrain',
    `mutation SetBrain($projectId: ID!, $brain: String!, $key: String!) {
      setBrain(projectId: $projectId, brain: $brain, idempotencyKey: $key) { project { id brain } ${ERRORS} }
    }`,
    { projectId, brain, key: newKey() },
    'project',
  );

export const addCast = (projectId: string, name: string): Promise<{ id: string }> =>
  mutate(
    'addCast',
    `mutation AddCast($projectId: ID!, $name: String!, $key: String!) {
      addCast(projectId: $projectId, name: $name, idempotencyKey: $key) { project { id } ${ERRORS} }
    }`,
    { projectId, name, key: newKey() },
    'project',
  );

/** `reason` null takes a waiver back. Answers whether the server has it. */
export const waiveFinding = (sceneId: string, findingId: string, reason: string | null, name: string): Promise<string> =>
  mutate(
    'waiveFinding',
    `mutation Waive($input: WaiveFindingInput!) { waiveFinding(input: $input) { sequence ${ERRORS} } }`,
    {
      input: {
        sceneId,
        findingId,
        reason: (reason ?? 'intended').toUpperCase(),
        waived: reason !== null,
        displayName: name,
        idempotencyKey: newKey(),
      },
    },
    'sequence',
  );

export const setLocked = (sceneId: string, locked: boolean): Promise<{ id: string }> => {
  const name = locked ? 'lockScene' : 'unlockScene';
  return mutate(
    name,
    `mutation Lock($sceneId: ID!, $key: String!) {
      ${name}(sceneId: $sceneId, idempotencyKey: $key) { scene { id } ${ERRORS} }
    }`,
    { sceneId, key: newKey() },
    'scene',
  );
};

/** With the scene's own brain, else the project's. */
export const generateScene = (sceneId: string): Promise<Job> =>
  mutate(
    'generateScene',
    `mutation Generate($input: GenerateSceneInput!) { generateScene(input: $input) { job { ${JOB} } ${ERRORS} } }`,
    { input: { sceneId, idempotencyKey: newKey() } },
    'job',
  );

/** `goOn`: the film begins, shots nobody decided follow; else this shot is decided. */
export const pickPanel = (jobId: string, panelId: string, goOn: boolean): Promise<Job> =>
  mutate(
    'pickPanel',
    `mutation Pick($input: PickPanelInput!) { pickPanel(input: $input) { job { ${JOB} } ${ERRORS} } }`,
    { input: { jobId, panelId, goOn, idempotencyKey: newKey() } },
    'job',
  );

/** Without a note: as another seed has it. */
export const reviseBoard = (jobId: string, shots: number[], note: string): Promise<Job> =>
  mutate(
    'reviseBoard',
    `mutation Revise($input: ReviseBoardInput!) { reviseBoard(input: $input) { job { ${JOB} } ${ERRORS} } }`,
    { input: { jobId, shots, note, idempotencyKey: newKey() } },
    'job',
  );

/** `expected`: the bible's version that the words were written for; refused if the scene went on since. */
export const continueScene = (sceneId: string, text: string, expected: number, displayName: string): Promise<Job> =>
  mutate(
    'continueScene',
    `mutation Continue($input: ContinueSceneInput!) { continueScene(input: $input) { job { ${JOB} } ${ERRORS} } }`,
    { input: { sceneId, text, expectedBibleVersion: expected, displayName, idempotencyKey: newKey() } },
    'job',
  );

const jobCommand = (name: 'cancelJob' | 'retryJob', jobId: string): Promise<Job> =>
  mutate(
    name,
    `mutation Command($input: JobInput!) { ${name}(input: $input) { job { ${JOB} } ${ERRORS} } }`,
    { input: { jobId, idempotencyKey: newKey() } },
    'job',
  );

export const cancelJob = (jobId: string): Promise<Job> => jobCommand('cancelJob', jobId);
export const retryJob = (jobId: string): Promise<Job> => jobCommand('retryJob', jobId);

export const followJob = (jobId: string, onJob: (job: Job) => void, onGap: () => void): (() => void) =>
  subscribe<{ jobProgress: Job }>(
    `subscription JobProgress($jobId: ID!) { jobProgress(jobId: $jobId) { ${JOB} } }`,
    { jobId },
    (data) => onJob(data.jobProgress),
    onGap,
  );

export interface ProjectEvent {
  sequence: string;
  kind: string;
  sceneId: string | null;
  jobId: string | null;
}

export const followProject = (
  projectId: string,
  after: string | null,
  onEvent: (event: ProjectEvent) => void,
  onGap: () => void,
): (() => void) =>
  subscribe<{ projectEvents: ProjectEvent }>(
    `subscription ProjectEvents($projectId: ID!, $after: String) {
      projectEvents(projectId: $projectId, after: $after) { sequence kind sceneId jobId }
    }`,
    { projectId, after },
    (data) => onEvent(data.projectEvents),
    onGap,
  );
