/** Says that the line is down, or that the server refused this document, and offers to try again. */
import { useEffect } from 'preact/hooks';
import * as api from '../api/operations';
import type { Story } from '../story/story';

/** A blip of one attempt is the light's business; the banner is for what lasts. */
const FAILURES_BEFORE_BANNER = 2;

export function Banner({ story }: { story: Story }) {
  const refusal = story.rooms.refused.value;
  const failures = story.rooms.outline.failures.value;
  const down = story.rooms.phase.value === 'offline' && failures >= FAILURES_BEFORE_BANNER;
  useEffect(() => {
    // A refused handshake looks like a dead line to a socket; a plain request can tell "signed out" from "away".
    if (down && failures % FAILURES_BEFORE_BANNER === 0) void api.me().catch(() => undefined);
  }, [down, failures]);
  if (refusal === null && !down) return null;
  return (
    <div class="banner" role="alert" data-testid="banner">
      <p>{refusal === null ? lineIsDown(story) : refusalWords(refusal.code, refusal.reason)}</p>
      <button type="button" class="quiet" onClick={() => story.rooms.reconnect()}>
        Try now
      </button>
    </div>
  );
}

function lineIsDown(story: Story): string {
  const kept = story.rooms.durable ? '' : ' What you typed is kept in this tab: leave it open.';
  return `The connection to the server is down. Trying again by itself.${kept}`;
}

function refusalWords(code: number, reason: string): string {
  if (code === 4401) return 'The server does not know this browser any more. Open the link printed by storyforge again.';
  if (code === 4403) return 'You may not write in this document.';
  if (code === 4404) return 'This document is not there any more.';
  if (code === 4409) return 'This document was begun anew on the server, and what you typed could not be kept here: copy it.';
  if (code === 4413) return 'This document has become too large for one scene. Split it in two.';
  return `The server refused this document${reason ? `: ${reason}` : ` (code ${code})`}.`;
}
