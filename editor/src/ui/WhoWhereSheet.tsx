/** Who and where: everybody in the story with looks, voice, age and faces; every place with pictures, light and things. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { wordsFor } from '../api/operations';
import { type StoryPerson, type StoryPlace, whoAndWhere } from '../api/whoAndWhere';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import { summary } from '../story/whoWords';
import '../styles/whowhere.css';
import { PersonCard } from './PersonCard';
import { PlaceCard } from './PlaceCard';
import { Sheet } from './Sheet';
import { whoAndWhereOpen } from './sharing';

type Side = 'who' | 'where';
const SIDES: readonly { side: Side; words: string }[] = [
  { side: 'who', words: 'Who' },
  { side: 'where', words: 'Where' },
];

const told = signal<{ people: StoryPerson[]; places: StoryPlace[] } | null>(null);
const problem = signal('');
const side = signal<Side>('who');

const close = (): void => {
  whoAndWhereOpen.value = false;
};

async function refresh(story: Story): Promise<void> {
  problem.value = '';
  try {
    told.value = await whoAndWhere(story.id);
  } catch (cause) {
    problem.value = wordsFor(cause);
  }
}

export function WhoWhereSheet({ story }: { story: Story }) {
  const open = whoAndWhereOpen.value;
  useEffect(() => {
    told.value = null;
    if (open) void refresh(story);
  }, [open, story]);
  if (!open) return null;
  const found = told.value;
  const go = (sceneId: string): void => {
    close();
    navigate(pathTo(story.id, sceneId));
  };
  return (
    <Sheet title="Who and where" class="who-sheet" onClose={close}>
      {found === null && problem.value === '' && <span class="ghost cache-ghost" role="status" aria-label="Reading the script" />}
      {problem.value !== '' && (
        <p class="field-errors" role="alert">
          {problem.value}{' '}
          <button type="button" class="quiet small" onClick={() => void refresh(story)}>
            Try again
          </button>
        </p>
      )}
      {found !== null && (
        <>
          <p class="who-sum" data-testid="who-summary">
            {summary(found.people, found.places)}
          </p>
          <Tabs />
          <div class="who-scroll" role="tabpanel" id="who-panel" aria-labelledby={`who-tab-${side.value}`}>
            {side.value === 'who' && found.people.map((each) => <PersonCard key={each.key} story={story} person={each} go={go} changed={() => refresh(story)} />)}
            {side.value === 'who' && found.people.length === 0 && <p class="who-empty">Nobody speaks or is introduced yet. Write a name in capitals above a line.</p>}
            {side.value === 'where' && found.places.map((each) => <PlaceCard key={each.key} place={each} go={go} />)}
            {side.value === 'where' && found.places.length === 0 && <p class="who-empty">No heading names a place yet. Write one: INT. KITCHEN - NIGHT.</p>}
          </div>
        </>
      )}
      <div class="form-end">
        <button type="button" class="quiet" onClick={close}>
          Done
        </button>
      </div>
    </Sheet>
  );
}

const step = (event: KeyboardEvent): void => {
  if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
  event.preventDefault();
  side.value = side.peek() === 'who' ? 'where' : 'who';
  document.getElementById(`who-tab-${side.peek()}`)?.focus();
};

/** Arrow keys go from one to the other, as tabs do. */
function Tabs() {
  return (
    <div class="who-tabs" role="tablist" aria-label="Who and where">
      {SIDES.map((each) => (
        <button
          key={each.side}
          type="button"
          role="tab"
          id={`who-tab-${each.side}`}
          aria-controls="who-panel"
          aria-selected={side.value === each.side}
          tabIndex={side.value === each.side ? 0 : -1}
          class="who-tab"
          onKeyDown={step}
          onClick={() => (side.value = each.side)}
        >
          {each.words}
        </button>
      ))}
    </div>
  );
}
