/** Deleting a project, and having it back. */
import { graphql, newKey } from './graphql';
import { ERRORS, mutate } from './operations';

export interface Deleted {
  id: string;
  title: string;
  /** Until then it can be restored. */
  erasedAt: string;
}

const DELETED = `id title erasedAt`;

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
