/** Who and where: everybody in the story with looks, voice, age and faces; every place with pictures, light and things. */
import { signal } from '@preact/signals';
import { whoAndWhere } from '../api/whoAndWhere';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import { summary } from '../story/whoWords';
import '../styles/whowhere.css';
import { PersonCard } from './PersonCard';
import { PlaceCard } from './PlaceCard';
import { SheetFrame } from './SheetFrame';
import { whoAndWhereOpen } from './sharing';

type Side = 'who' | 'where';
const SIDES: readonly { side: Side; words: string }[] = [
  { side: 'who', words: 'Who' },
  { side: 'where', words: 'Where' },
];

const side = signal<Side>('who');

const close = (): void => {
  whoAndWhereOpen.value = false;
};

export function WhoWhereSheet({ story }: { story: Story }) {
  if (!whoAndWhereOpen.value) return null;
  const go = (sceneId: string): void => {
    close();
    navigate(pathTo(story.id, sceneId));
  };
  return (
    <SheetFrame title="Who and where" class="who-sheet" coming="Reading the script" ask={() => whoAndWhere(story.id)} onClose={close}>
      {({ people, places }, again) => (
        <>
          <p class="who-sum" data-testid="who-summary">
            {summary(people, places)}
          </p>
          <Tabs />
          <div class="who-scroll" role="tabpanel" id="who-panel" aria-labelledby={`who-tab-${side.value}`}>
            {side.value === 'who' ? (
              <>
                {people.map((each) => (
                  <PersonCard key={each.key} story={story} person={each} go={go} changed={again} />
                ))}
                {people.length === 0 && <p class="who-empty">Nobody speaks or is introduced yet. Write a name in capitals above a line.</p>}
              </>
            ) : (
              <>
                {places.map((each) => (
                  <PlaceCard key={each.key} place={each} go={go} />
                ))}
                {places.length === 0 && <p class="who-empty">No heading names a place yet. Write one: INT. KITCHEN - NIGHT.</p>}
              </>
            )}
          </div>
        </>
      )}
    </SheetFrame>
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
