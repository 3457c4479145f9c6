/** Deleting a project, and having it back. */
import { ApiError, graphql, newKey } from './graphql';
import { ERRORS, mutate } from './operations';

export interface Deleted {
  id: string;
  title: string;
  /** Until then it can be restored. */
  erasedAt: string;
}

const DELETED = `id title erasedAt`;

/** What is said of a project that was deleted to whoever knows its address. */
export interface Gone {
  title: string | null;
  deletedAt: string | null;
  /** null: there is no way back. */
  restorableUntil: string | null;
  /** Whether who asks is its owner, who alone deletes and restores. */
  byYou: boolean;
}

export const isGone = (cause: unknown): cause is ApiError => cause instanceof ApiError && cause.code === 'PROJECT_DELETED';

export function goneOf({ more }: ApiError): Gone {
  const text = (name: string): string | null => (typeof more[name] === 'string' ? more[name] : null);
  return { title: text('title'), deletedAt: text('deletedAt'), restorableUntil: text('restorableUntil'), byYou: more['byYou'] === true };
}

export const deleteProject = (projectId: string): Promise<Deleted> =>
  mutate(
    'deleteProject',
    `mutation DeleteProject($input: DeleteProjectInput!) {
      deleteProject(input: $input) { deleted { ${DELETED} } ${ERRORS} }
    }`,
    { input: { projectId, idempotencyKey: newKey() } },
    'deleted',
  );

export const restoreProject = (projectId: string): Promise<{ id: string }> =>
  mutate(
    'restoreProject',
    `mutation RestoreProject($input: RestoreProjectInput!) {
      restoreProject(input: $input) { project { id } ${ERRORS} }
    }`,
    { input: { projectId, idempotencyKey: newKey() } },
    'project',
  );

export const deletedProjects = async (): Promise<Deleted[]> =>
  (await graphql<{ deletedProjects: Deleted[] }>(`query DeletedProjects { deletedProjects { ${DELETED} } }`)).deletedProjects;
