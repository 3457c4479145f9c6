/**
 * Owns talking GraphQL to our own origin: one POST per operation, one socket for subscriptions.
 *
 * Invariant: every failure leaves here as an `ApiError` with a sentence a person can read and `retryable`.
 * The cookie is the identity; a 401 raises `signedOut`, and the page shows how to get back in.
 */
import { signal } from '@preact/signals';
import { type Client, createClient } from 'graphql-ws';

const REQUEST_TIMEOUT_MS = 30_000;
const SUBSCRIPTION_RETRY_MS_MAX = 5000;

export const signedOut = signal(false);

export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly retryable: boolean,
    /** What else the server says of it. */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

interface Answer<T> {
  data?: T | null;
  errors?: { message: string; extensions?: { code?: string; retryable?: boolean; [more: string]: unknown } }[];
}

export async function graphql<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const response = await post(JSON.stringify({ query, variables }));
  if (response.status === 401 || response.status === 403) {
    signedOut.value = response.status === 401 || signedOut.value;
    throw new ApiError('This browser is not signed in.', 'UNAUTHENTICATED', false);
  }
  const answer = await body<T>(response);
  const [first] = answer.errors ?? [];
  if (first !== undefined) {
    const code = first.extensions?.code ?? 'ERROR';
    if (code === 'UNAUTHENTICATED') signedOut.value = true;
    throw new ApiError(first.message, code, first.extensions?.retryable ?? response.status >= 500, first.extensions);
  }
  if (answer.data === undefined || answer.data === null) {
    throw new ApiError('The server sent an empty answer.', 'EMPTY', true);
  }
  return answer.data;
}

async function post(payload: string): Promise<Response> {
  try {
    return await fetch('/graphql', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
      body: payload,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  } catch (cause) {
    const slow = cause instanceof DOMException && cause.name === 'TimeoutError';
    throw new ApiError(
      slow ? 'The server took too long to answer.' : 'The server cannot be reached right now.',
      slow ? 'TIMEOUT' : 'UNREACHABLE',
      true,
    );
  }
}

async function body<T>(response: Response): Promise<Answer<T>> {
  try {
    return (await response.json()) as Answer<T>;
  } catch {
    throw new ApiError(`The server answered ${response.status} without words.`, `HTTP_${response.status}`, true);
  }
}

let client: Client | undefined;

/**
 * Follows a subscription until the returned function is called. The socket reconnects by itself; `onGap` runs after
 * each reconnect, when events may have been missed, and when the server ends the stream.
 */
export function subscribe<T>(
  query: string,
  variables: Record<string, unknown>,
  onData: (data: T) => void,
  onGap: () => void,
): () => void {
  client ??= createClient({
    url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
    lazy: true,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => !signedOut.peek(),
    retryWait: (retries) =>
      new Promise((resolve) => {
        setTimeout(resolve, Math.min(SUBSCRIPTION_RETRY_MS_MAX, 250 * 2 ** retries));
      }),
  });
  const offOpened = client.on('connected', (_socket, _payload, wasRetry) => {
    if (wasRetry) onGap();
  });
  const stop = client.subscribe<T>(
    { query, variables },
    {
      next: (result) => {
        if (result.data) onData(result.data);
      },
      error: onGap,
      complete: onGap,
    },
  );
  return () => {
    offOpened();
    stop();
  };
}

/** A fresh key for each intent; a retry of the same intent must reuse it. */
export const newKey = (): string => crypto.randomUUID();
