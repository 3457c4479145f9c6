/** The operations of sharing a project: links for people, what they allow, and taking them back. */
import { ApiError, graphql, newKey } from './graphql';
import { ERRORS, mutate, Refused } from './operations';
import type { UserError } from './types';

export type AccessRole = 'VIEWER' | 'COMMENTER' | 'EDITOR';

export interface AccessLink {
  id: string;
  label: string;
  role: AccessRole;
  expiresAt: string | null;
  revokedAt: string | null;
}

const LINK = `id label role expiresAt revokedAt`;

/** Who the person of this browser is, and what they may do; role null: everything, they own it. */
export const myself = async (): Promise<{ id: string; role: AccessRole | null }> =>
  (await graphql<{ me: { id: string; role: AccessRole | null } }>(`query Myself { me { id role } }`)).me;

export const accessLinks = async (projectId: string): Promise<AccessLink[]> => {
  const data = await graphql<{ project: { accessLinks: AccessLink[] } | null }>(
    `query Links($id: ID!) { project(id: $id) { accessLinks { ${LINK} } } }`,
    { id: projectId },
  );
  return data.project?.accessLinks ?? [];
};

/** The address that opens the project; it cannot be asked for again. */
export async function createLink(projectId: string, role: AccessRole, label: string): Promise<string> {
  const data = await graphql<{ createAccessLink: { token: string | null; userErrors: UserError[] } }>(
    `mutation Share($input: CreateAccessLinkInput!) { createAccessLink(input: $input) { token ${ERRORS} } }`,
    { input: { projectId, role, label, idempotencyKey: newKey() } },
  );
  const { token, userErrors } = data.createAccessLink;
  if (userErrors.length > 0) throw new Refused(userErrors);
  if (token === null) throw new ApiError('The server sent an empty answer.', 'EMPTY', true);
  return `${location.origin}/?token=${encodeURIComponent(token)}`;
}

export const changeLink = (accessLinkId: string, role: AccessRole): Promise<AccessLink> =>
  mutate(
    'changeAccessLink',
    `mutation ChangeLink($input: ChangeAccessLinkInput!) {
      changeAccessLink(input: $input) { accessLink { ${LINK} } ${ERRORS} }
    }`,
    { input: { accessLinkId, role, idempotencyKey: newKey() } },
    'accessLink',
  );

export const revokeLink = (accessLinkId: string): Promise<AccessLink> =>
  mutate(
    'revokeAccessLink',
    `mutation RevokeLink($input: RevokeAccessLinkInput!) {
      revokeAccessLink(input: $input) { accessLink { ${LINK} } ${ERRORS} }
    }`,
    { input: { accessLinkId, idempotencyKey: newKey() } },
    'accessLink',
  );
