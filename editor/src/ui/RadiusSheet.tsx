/** Films that are out of date: which, why, what they cost; made again as one order, followed to its end. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { wordsFor } from '../api/operations';
import * as api from '../api/radius';
import { filmsOf, radiusWords, reasonsWords, repairWords } from '../story/radiusWords';
import { mayWrite } from '../story/role';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import { Sheet } from './Sheet';
import { outOfDate } from './sharing';

const POLL_MS = 3000;

const told = signal<api.Radius | null>(null);
const left = signal<ReadonlySet<string>>(new Set());
const repair = signal<api.Repair | null>(null);
const problem = signal('');
const busy = signal(false);

const close = (): void => {
  outOfDate.value = false;
};

async function attempt(work: () => Promise<void>): Promise<void> {
  problem.value = '';
  busy.value = true;
  try {
    await work();
  } catch (cause) {
    problem.value = wordsFor(cause);
  } finally {
    busy.value = false;
  }
}

const look = (story: Story): Promise<void> =>
  attempt(async () => {
    repair.value = await api.repairUnderWay(story.id); // also one that somebody ordered and went away from
    told.value = await api.staleNow(story.id);
    left.value = new Set();
  });

const order = (story: Story, scenes: string[]): Promise<void> =>
  attempt(async () => {
    const found = await api.repairStale(story.id, scenes);
    repair.value = found.repair;
    problem.value = found.notRepaired.map((each) => each.message).join(' ');
  });

const callOff = (story: Story, id: string): Promise<void> =>
  attempt(async () => {
    repair.value = await api.cancelRepair(story.id, id);
  });

export function RadiusSheet({ story }: { story: Story }) {
  const open = outOfDate.value;
  const current = repair.value;
  const following = open && current !== null && !current.over;
  useEffect(() => {
    told.value = null;
    repair.value = null;
    if (open) void look(story);
  }, [open, story]);
  useEffect(() => {
    if (!following || current === null) return undefined;
    const timer = setInterval(() => {
      api
        .repairOf(story.id, current.id)
        .then((found) => (repair.value = found ?? repair.peek()))
        .catch(() => undefined); // the next look tells
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [following, current?.id]);
  if (!open) return null;
  const found = told.value;
  const wanted = found?.scenes.filter((scene) => !left.value.has(scene.sceneId)).map((scene) => scene.sceneId) ?? [];
  return (
    <Sheet title="Out of date" onClose={close}>
      {found === null && problem.value === '' && <p role="status">Comparing every film with its scene…</p>}
      {problem.value !== '' && (
        <p class="field-errors" role="alert">
          {problem.value}
        </p>
      )}
      {found !== null && <p data-testid="radius-summary">{radiusWords(found)}</p>}
      {found !== null && <Rows story={story} scenes={found.scenes} />}
      {current !== null && <Order story={story} repair={current} />}
      <div class="form-end">
        {wanted.length > 0 && (current === null || current.over) && (
          <button type="button" class="primary" data-testid="repair-stale" disabled={busy.value} onClick={() => void order(story, wanted)}>
            {wanted.length === 1 ? 'Film it again' : `Film ${wanted.length} again`}
          </button>
        )}
        <button type="button" class="quiet" onClick={close}>
          Done
        </button>
      </div>
    </Sheet>
  );
}

/** How far it is. It goes on when this is closed, and is found here again. */
function Order({ story, repair: placed }: { story: Story; repair: api.Repair }) {
  return (
    <div class="repair-order">
      <p role="status" data-testid="repair">
        {repairWords(placed)}
      </p>
      {!placed.over && (
        <>
          <progress aria-label="Films made again" value={placed.done + placed.failed} max={filmsOf(placed)} />{' '}
          <button
            type="button"
            class="quiet small"
            data-testid="cancel-repair"
            disabled={busy.value || !mayWrite.value}
            onClick={() => void callOff(story, placed.id)}
          >
            Call it off
          </button>
        </>
      )}
      {placed.notRepaired.map((each) => (
        <p key={each.sceneId}>
          <small>{each.message}</small>
        </p>
      ))}
    </div>
  );
}

const choose = (id: string, on: boolean): void => {
  const next = new Set(left.peek());
  if (on) next.delete(id);
  else next.add(id);
  left.value = next;
};

function Rows({ story, scenes }: { story: Story; scenes: readonly api.StaleScene[] }) {
  return (
    <ul>
      {scenes.map((scene) => (
        <li key={scene.sceneId} data-testid="stale-scene">
          <label>
            <input
              type="checkbox"
              checked={!left.value.has(scene.sceneId)}
              onChange={(event) => choose(scene.sceneId, event.currentTarget.checked)}
            />{' '}
            {scene.heading}
          </label>{' '}
          <small>{reasonsWords(scene.reasons)}</small>{' '}
          <button
            type="button"
            class="quiet small"
            onClick={() => {
              close();
              navigate(pathTo(story.id, scene.sceneId));
            }}
          >
            Go there
          </button>
        </li>
      ))}
    </ul>
  );
}
