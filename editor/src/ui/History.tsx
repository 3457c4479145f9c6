/** The panel beside a page of the past: who worked on it, what was named, and the way back. */
import { signal } from '@preact/signals';
import type { Sitting } from '../api/past';
import { initials } from '../collab/people';
import { countWords, momentWords } from '../story/pastPoints';
import type { Past } from '../story/past';
import type { Story } from '../story/story';
import { Sheet } from './Sheet';
import { wordsOf } from './TimeLine';

type Asking = 'name' | 'restore' | null;
const asking = signal<Asking>(null);

function done(): void {
  asking.value = null;
}

export function History({ story }: { story: Story }) {
  const { past } = story;
  const locked = story.status.value === 'LOCKED';
  const found = past.shown.value;
  const current = past.points.value[past.to.value]?.sitting;
  return (
    <aside class="stage history" aria-label="History" data-region="stage">
      <section class="history-now" aria-live="polite">
        <h2>{past.byAuthor.value ? 'Who wrote it' : 'What changed'}</h2>
        <p class="history-moment" data-testid="past-moment">
          {past.atEnd.value ? 'The text as it stands' : `The text of ${wordsOf(past, past.to.value)}`}
        </p>
        {found !== null && !past.byAuthor.value && (
          <p class="history-since">
            {countWords(found.added, found.removed)} since {wordsOf(past, past.from.value)}
          </p>
        )}
        <Legend past={past} />
        <div class="history-ways">
          <button
            type="button"
            class="primary"
            data-testid="restore"
            disabled={locked || past.atEnd.value || found === null}
            title={locked ? 'The scene is locked' : undefined}
            onClick={() => (asking.value = 'restore')}
          >
            Bring this text back
          </button>
          <button
            type="button"
            class="quiet"
            data-testid="name-version"
            disabled={past.sittings.value.length === 0}
            onClick={() => (asking.value = 'name')}
          >
            Name this version
          </button>
        </div>
      </section>
      {past.versions.value.length > 0 && <Versions past={past} />}
      <section aria-labelledby="sittings">
        <h2 id="sittings">Work on this scene</h2>
        <ul class="sittings">
          {past.sittings.value
            .map((sitting, index) => (
              <li key={sitting.sequence}>
                <Work past={past} sitting={sitting} shown={index === current} onShow={() => past.showSitting(index)} />
              </li>
            ))
            .toReversed()}
        </ul>
        {past.loaded.value && past.sittings.value.length === 0 && <p class="findings-none">Nobody has written here yet.</p>}
      </section>
      {asking.value === 'name' && <NameSheet past={past} />}
      {asking.value === 'restore' && <RestoreSheet past={past} />}
    </aside>
  );
}

function Legend({ past }: { past: Past }) {
  const names = new Set(past.sittings.value.flatMap((sitting) => sitting.authors.map((part) => part.author.name)));
  return (
    <ul class="legend" aria-label="Who wrote here">
      {[...names].map((name) => (
        <li key={name}>
          <span class="legend-swatch" style={{ '--person': past.colours.value.get(name) }} aria-hidden="true" />
          {name}
        </li>
      ))}
    </ul>
  );
}

function Versions({ past }: { past: Past }) {
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">Named versions</h2>
      <ul class="sittings">
        {past.versions.value.map((version) => (
          <li key={version.id}>
            <button type="button" class="sitting" data-testid="version" onClick={() => past.showVersion(version)}>
              <strong dir="auto">{version.name}</strong>
              <span class="sitting-when">
                {version.author.name}, {momentWords(version.createdAt)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Work({ past, sitting, shown, onShow }: { past: Past; sitting: Sitting; shown: boolean; onShow: () => void }) {
  return (
    <button type="button" class="sitting" aria-pressed={shown} data-testid="sitting" onClick={onShow}>
      <span class="sitting-when">{momentWords(sitting.startedAt)}</span>
      <ul class="sitting-people">
        {sitting.authors.map((part) => (
          <li key={part.author.name}>
            <span
              class="disc"
              style={{ '--person': past.colours.value.get(part.author.name) }}
              data-mark={initials(part.author.name)}
              aria-hidden="true"
            />
            {part.author.name} <span class="sitting-count">{countWords(part.added, part.removed)}</span>
          </li>
        ))}
      </ul>
    </button>
  );
}

function NameSheet({ past }: { past: Past }) {
  return (
    <Sheet title="Name this version" onClose={done}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          const name = new FormData(event.currentTarget).get('name');
          if (typeof name === 'string' && name.trim()) void past.name(name.trim());
          done();
        }}
      >
        <label class="field">
          <span>What should it be called?</span>
          <input name="name" maxLength={120} autocomplete="off" placeholder="Table read, second draft…" dir="auto" />
        </label>
        <div class="form-end">
          <button type="button" class="quiet" onClick={done}>
            Not now
          </button>
          <button type="submit" class="primary">
            Keep it
          </button>
        </div>
      </form>
    </Sheet>
  );
}

function RestoreSheet({ past }: { past: Past }) {
  return (
    <Sheet title={`Bring back the text of ${wordsOf(past, past.to.value)}?`} onClose={done}>
      <p class="sheet-words">
        Everybody in this scene will see it change, as if you had typed it. Nothing is lost: the text that stands there now
        stays in the history, and you can bring it back in the same way.
      </p>
      <div class="form-end">
        <button type="button" class="quiet" onClick={done}>
          Leave it
        </button>
        <button
          type="button"
          class="primary"
          data-testid="confirm-restore"
          onClick={() => {
            done();
            void past.restore();
          }}
        >
          Bring it back
        </button>
      </div>
    </Sheet>
  );
}
