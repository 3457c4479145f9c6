/** The first page: what is on the shelf, and three ways to begin. */
import { useEffect, useState } from 'preact/hooks';
import * as api from '../api/operations';
import type { ProjectCard, ProjectType, UserError } from '../api/types';
import { SAMPLE, SAMPLE_TITLE } from '../story/sample';
import { navigate, pathTo } from '../story/router';
import { say } from '../story/toasts';
import { DeletedShelf } from './DeletedShelf';
import { ImportButton } from './ImportSheet';
import { importText } from './importing';
import { Sheet } from './Sheet';

type Shelf = { state: 'loading' } | ({ state: 'ready' } & api.ProjectPage) | { state: 'away'; words: string };

export function Home() {
  const [shelf, setShelf] = useState<Shelf>({ state: 'loading' });
  const [creating, setCreating] = useState(false);
  const load = (): void => {
    setShelf({ state: 'loading' });
    api.projects(null).then(
      (page) => setShelf({ state: 'ready', ...page }),
      (cause: unknown) => setShelf({ state: 'away', words: api.wordsFor(cause) }),
    );
  };
  const more = async (before: api.ProjectPage): Promise<void> => {
    try {
      const page = await api.projects(before.next);
      setShelf({ state: 'ready', cards: [...before.cards, ...page.cards], next: page.next });
    } catch (cause) {
      say(api.wordsFor(cause), 'bad');
    }
  };
  useEffect(() => {
    document.title = 'StoryForge';
    load();
  }, []);
  const empty = shelf.state === 'ready' && shelf.cards.length === 0;
  return (
    <main class="home">
      <header class="home-head">
        <p class="wordmark">
          <img src="/mark.svg" alt="" width="30" height="30" /> StoryForge
        </p>
        {!empty && <Ways onNew={() => setCreating(true)} />}
      </header>
      {shelf.state === 'loading' && <ShelfGhost />}
      {shelf.state === 'away' && (
        <section class="home-away" role="alert">
          <p>{shelf.words}</p>
          <button type="button" class="quiet" onClick={load}>
            Try again
          </button>
        </section>
      )}
      {shelf.state === 'ready' && (empty ? <Welcome onNew={() => setCreating(true)} /> : <Cards page={shelf} onMore={() => void more(shelf)} />)}
      {shelf.state === 'ready' && <DeletedShelf />}
      {creating && <NewProject onClose={() => setCreating(false)} />}
    </main>
  );
}

function Ways({ onNew }: { onNew: () => void }) {
  return (
    <div class="ways">
      <ImportButton label="Open a .fountain file" look="quiet" />
      <button type="button" class="primary" data-testid="new-project" onClick={onNew}>
        New project
      </button>
    </div>
  );
}

function Welcome({ onNew }: { onNew: () => void }) {
  return (
    <section class="welcome">
      <div class="welcome-frame" aria-hidden="true">
        <span class="welcome-slug">INT. EMPTY STAGE - NIGHT</span>
        <span>A single work light. Somebody is about to walk in.</span>
      </div>
      <h1>Write it, board it, watch it. Together.</h1>
      <p>Drop a .fountain screenplay anywhere on this page, or begin with a blank one.</p>
      <div class="ways">
        <ImportButton label="Choose a .fountain file" look="quiet" />
        <button type="button" class="quiet" data-testid="try-sample" onClick={() => void importText(SAMPLE_TITLE, SAMPLE)}>
          Try the sample
        </button>
        <button type="button" class="primary" data-testid="new-project" onClick={onNew}>
          New project
        </button>
      </div>
    </section>
  );
}

const TYPE_WORDS: Record<ProjectType, string> = { MOVIE: 'Feature', SHORT: 'Short', SERIES: 'Series' };
const STILLS_SHOWN = 4;

function Cards({ page, onMore }: { page: api.ProjectPage; onMore: () => void }) {
  return (
    <section aria-labelledby="shelf">
      <div class="shelf-head">
        <h1 id="shelf">Your projects</h1>
        <p>or drop a .fountain file anywhere to begin another</p>
      </div>
      <ul class="shelf">
        {page.cards.map((card) => (
          <li key={card.id} data-testid="project-item" data-project-id={card.id}>
            <Card card={card} />
          </li>
        ))}
      </ul>
      {page.next !== null && (
        <button type="button" class="quiet shelf-more" onClick={onMore}>
          Show more
        </button>
      )}
    </section>
  );
}

function Card({ card }: { card: ProjectCard }) {
  const shot = card.scenes.filter((scene) => scene.takes.length > 0);
  const stills = shot.flatMap((scene) => scene.takes[0]?.thumbnailUrl ?? []).slice(0, STILLS_SHOWN);
  const count = card.scenes.length;
  return (
    <a
      class="card"
      href={pathTo(card.id)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(pathTo(card.id));
      }}
    >
      <span class="card-stills" data-count={stills.length}>
        {stills.length === 0 ? (
          <span class="card-slug">{card.scenes[0]?.heading || 'FADE IN:'}</span>
        ) : (
          stills.map((url) => <img key={url} src={url} alt="" loading="lazy" />)
        )}
      </span>
      <span class="card-title" dir="auto">
        {card.title}
      </span>
      <span class="card-facts">
        {TYPE_WORDS[card.type]} · {count} {count === 1 ? 'scene' : 'scenes'}
        {shot.length > 0 && ` · ${shot.length} shot`} · {when(card.createdAt)}
      </span>
    </a>
  );
}

const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

function when(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : DATE.format(at);
}

function ShelfGhost() {
  return (
    <div class="shelf" role="status" aria-label="Loading projects">
      {[1, 2, 3].map((each) => (
        <span key={each} class="ghost ghost-card" />
      ))}
    </div>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const [errors, setErrors] = useState<UserError[]>([]);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      const { id } = await api.createProject(String(form.get('title')).trim(), form.get('type') as ProjectType);
      onClose();
      navigate(pathTo(id));
    } catch (cause) {
      setErrors(cause instanceof api.Refused ? cause.errors : [{ path: [], code: '', message: api.wordsFor(cause) }]);
      setBusy(false);
    }
  };
  return (
    <Sheet title="New project" onClose={onClose}>
      <form class="form" onSubmit={(event) => void submit(event)}>
        <label class="field">
          <span>Title</span>
          <input
            name="title"
            required
            autocomplete="off"
            data-testid="new-project-title"
            aria-invalid={errors.length > 0}
            aria-describedby="new-project-errors"
          />
          <span class="field-errors" id="new-project-errors" role="alert">
            {errors.map((error) => api.sentence(error.message)).join(' ')}
          </span>
        </label>
        <fieldset class="choice">
          <legend>Kind</legend>
          {(['SHORT', 'MOVIE', 'SERIES'] as const).map((type) => (
            <label key={type}>
              <input type="radio" name="type" value={type} defaultChecked={type === 'SHORT'} />
              <span>{TYPE_WORDS[type]}</span>
            </label>
          ))}
        </fieldset>
        <div class="form-end">
          <button type="button" class="quiet" onClick={onClose}>
            Not now
          </button>
          <button type="submit" class="primary" disabled={busy} data-testid="new-project-create">
            Create
          </button>
        </div>
      </form>
    </Sheet>
  );
}
