/** Owns the address: `/`, `/p/{projectId}`, `/p/{projectId}/s/{sceneId}`. The page is a function of it. */
import { signal } from '@preact/signals';

export interface Route {
  projectId: string | null;
  sceneId: string | null;
}

export function parseRoute(path: string): Route {
  const match = /^\/p\/([^/]+)(?:\/s\/([^/]+))?\/?$/u.exec(path);
  return { projectId: match?.[1] ?? null, sceneId: match?.[2] ?? null };
}

export const pathTo = (projectId: string, sceneId?: string): string =>
  sceneId === undefined ? `/p/${projectId}` : `/p/${projectId}/s/${sceneId}`;

export const route = signal<Route>({ projectId: null, sceneId: null });

export function navigate(path: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push' && path !== location.pathname) history.pushState(null, '', path);
  if (how === 'replace') history.replaceState(null, '', path);
  route.value = parseRoute(path);
}

/** Reads the address now and on back and forward; drops `?name=` and a left-over `?token=` from it. */
export function startRouter(): void {
  if (location.search) history.replaceState(null, '', location.pathname);
  route.value = parseRoute(location.pathname);
  window.addEventListener('popstate', () => {
    route.value = parseRoute(location.pathname);
  });
}
