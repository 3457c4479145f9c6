/** The story's graph as a picture and as a list: three views, questions with one click, and what people say of an edge. */
import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { GraphDesk } from '../story/graphDesk';
import { nameIn, questionsOf, way } from '../story/graphQuestions';
import { filtered, KINDS, LAYERS, type Layer, summaryWords, VIEWS } from '../story/graphWords';
import type { Story } from '../story/story';
import '../styles/graph.css';
import { GraphList } from './GraphList';
import { GraphPanel } from './GraphPanel';
import { GraphPicture } from './GraphPicture';
import { Sheet } from './Sheet';
import { graphing } from './sharing';

const asList = signal(false);

const close = (): void => {
  graphing.value = false;
};

export function GraphSheet({ story }: { story: Story }) {
  return graphing.value ? <Open story={story} /> : null;
}

function Open({ story }: { story: Story }) {
  const desk = useMemo(() => new GraphDesk(story.id, () => story.sceneId.peek()), [story]);
  useEffect(() => {
    desk.start();
    return () => desk.stop();
  }, [desk]);
  const onKey = (event: KeyboardEvent): void => {
    const typing = event.target instanceof HTMLInputElement && event.target.type !== 'checkbox';
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' || event.shiftKey || typing) return;
    event.preventDefault();
    event.stopPropagation();
    void desk.undoLast();
  };
  return (
    <Sheet title="Story graph" class="graph-sheet" onClose={close}>
      {/* Keys of the whole sheet: undo, wherever the focus is. */}
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div class="graph" onKeyDown={onKey}>
        <Views desk={desk} />
        <Body desk={desk} story={story} />
        <div class="form-end">
          {desk.undo.value.length > 0 && (
            <button type="button" class="quiet" data-testid="graph-undo" disabled={desk.busy.value} onClick={() => void desk.undoLast()}>
              Undo <kbd>Ctrl Z</kbd>
            </button>
          )}
          <button type="button" class="quiet" onClick={close}>
            Done
          </button>
        </div>
      </div>
    </Sheet>
  );
}

function Views({ desk }: { desk: GraphDesk }) {
  return (
    <div class="graph-views" role="group" aria-label="What to show">
      {VIEWS.map((view) => (
        <button
          key={view.id}
          type="button"
          class="quiet small"
          aria-pressed={desk.view.value === view.id}
          data-testid={`graph-${view.id}`}
          onClick={() => {
            desk.answer.value = null;
            void desk.show(view.id);
          }}
        >
          {view.name}
        </button>
      ))}
      <span class="graph-gap" />
      <button type="button" class="quiet small" aria-pressed={asList.value} data-testid="graph-list" onClick={() => (asList.value = !asList.peek())}>
        As a list
      </button>
    </div>
  );
}

function Body({ desk, story }: { desk: GraphDesk; story: Story }) {
  const found = desk.shown.value;
  const problem = desk.problem.value;
  const cards = story.scenes.value;
  const sceneName = useMemo(() => {
    const known = new Map(cards.map((card) => [card.id, `scene ${card.number}`]));
    return (id: string): string => known.get(id) ?? 'a scene that is gone';
  }, [cards]);
  const node = useMemo(() => nameIn(found?.nodes ?? []), [found]);
  const view = desk.view.value;
  const filter = { layers: desk.layers.value, kinds: desk.kinds.value };
  const links = useMemo(() => (found === null ? [] : filtered(found.view, found.links, filter)), [found, filter.layers, filter.kinds]);
  const names = { node: (id: string) => (id.includes(':') ? node(id) : sceneName(id)), scene: sceneName };
  return (
    <>
      {problem !== '' && (
        <p class="field-errors" role="alert">
          {problem}{' '}
          <button type="button" class="quiet small" onClick={() => void desk.load()}>
            Try again
          </button>
        </p>
      )}
      {found === null && problem === '' && <span class="ghost graph-ghost" role="status" aria-label="Reading the graph" />}
      {found !== null && (
        <>
          <p class="graph-sum" data-testid="graph-summary">
            {summaryWords(view, found.nodes.length, found.shown.length, links.length)}
          </p>
          {found.nodes.length > 0 && (
            <>
              <Questions desk={desk} story={story} names={names} />
              <Filters desk={desk} />
              <div class="graph-desk">
                {asList.value ? (
                  <GraphList desk={desk} found={found} links={links} names={names} />
                ) : (
                  <GraphPicture desk={desk} found={found} links={links} story={story} />
                )}
                <GraphPanel desk={desk} found={found} links={links} names={names} story={story} />
              </div>
            </>
          )}
        </>
      )}
      <p class="unseen" role="status">
        {desk.told.value}
      </p>
    </>
  );
}

export interface Names {
  node: (id: string) => string;
  scene: (id: string) => string;
}

function Questions({ desk, story, names }: { desk: GraphDesk; story: Story; names: Names }) {
  const chosen = desk.chosen.value;
  const questions = questionsOf(desk, story.id, story.sceneId.value, chosen, names);
  const others = desk.view.value === 'people' && chosen !== null ? (desk.shown.value?.nodes ?? []).filter((node) => node.id !== chosen) : [];
  return (
    <div class="graph-questions">
      <div class="graph-views" role="group" aria-label="Questions">
        {questions.map((question) => (
          <button
            key={question.id}
            type="button"
            class="quiet small"
            data-testid={`graph-ask-${question.id}`}
            disabled={question.ask === null || desk.busy.value}
            title={question.ask === null ? question.why : ''}
            onClick={() => void question.ask?.()}
          >
            {question.words}
          </button>
        ))}
        {others.length > 0 && (
          <select
            aria-label="The way to somebody else"
            value=""
            onChange={(event) => {
              const to = event.currentTarget.value;
              event.currentTarget.value = '';
              if (to !== '' && chosen !== null) void desk.ask(() => way(story.id, chosen, to, names));
            }}
          >
            <option value="">The way to …</option>
            {others.map((node) => (
              <option key={node.id} value={node.id}>
                {node.name}
              </option>
            ))}
          </select>
        )}
      </div>
      {desk.answer.value !== null && (
        <p class="graph-answer" role="status" data-testid="graph-answer">
          {desk.answer.value.words}{' '}
          <button type="button" class="quiet small" onClick={() => (desk.answer.value = null)}>
            Clear
          </button>
        </p>
      )}
    </div>
  );
}

function flipped<T>(set: ReadonlySet<T>, value: T): Set<T> {
  const next = new Set(set);
  if (!next.delete(value)) next.add(value);
  return next;
}

function Filters({ desk }: { desk: GraphDesk }) {
  return (
    <div class="graph-filters" role="group" aria-label="Which edges">
      {KINDS[desk.view.value].map((kind) => (
        <label key={kind.id} data-kind={kind.id}>
          <input type="checkbox" checked={desk.kinds.value.has(kind.id)} onChange={() => (desk.kinds.value = flipped(desk.kinds.peek(), kind.id))} />{' '}
          {kind.name}
        </label>
      ))}
      <span class="graph-gap" />
      {(Object.keys(LAYERS) as Layer[]).map((layer) => (
        <label key={layer}>
          <input type="checkbox" checked={desk.layers.value.has(layer)} onChange={() => (desk.layers.value = flipped(desk.layers.peek(), layer))} />{' '}
          {LAYERS[layer]}
        </label>
      ))}
    </div>
  );
}

