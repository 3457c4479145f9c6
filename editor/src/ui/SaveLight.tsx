/** The honest light. Its words come straight from the durability of the open documents; it has no wishes of its own. */
import type { SavePhase } from '../collab/durability';
import type { Story } from '../story/story';

const WORDS: Record<SavePhase, { label: string; detail: string }> = {
  offline: { label: 'Offline', detail: 'No connection. What you type stays in this tab and is sent when it is back.' },
  sending: { label: 'Sending', detail: 'Your last words are on their way.' },
  received: { label: 'On the server', detail: 'The server has your last words and is writing them down.' },
  saved: { label: 'Saved', detail: 'Everything you typed is written down on the server.' },
};

export function SaveLight({ story }: { story: Story }) {
  const state = story.rooms.phase.value;
  const connecting = state === 'offline' && story.rooms.outline.failures.value === 0;
  const refused = story.rooms.refused.value !== null;
  const { label, detail } = WORDS[state];
  const place = story.rooms.place.value;
  const opening = place === null ? null : `Opening, number ${place} in line`;
  const shown = refused ? 'Not accepted' : (opening ?? (connecting ? 'Connecting' : label));
  return (
    <output class="light" data-testid="save-light" data-state={state} title={detail} aria-label={`Save light: ${shown}. ${detail}`}>
      <span class="light-dot" aria-hidden="true" />
      <span class="light-word">{shown}</span>
    </output>
  );
}
