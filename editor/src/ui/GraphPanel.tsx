/** Beside the picture: whom or what is chosen, its edges, why one is there, and the form in which people say what it is worth. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { wordsFor } from '../api/operations';
import { type Evidence, type Link, type Said, whyOf } from '../api/storyGraph';
import type { GraphDesk, Shown } from '../story/graphDesk';
import { evidenceWords, keyOf, LABEL_OF, tiedTo, typedNumber, worthWords } from '../story/graphWords';
import { mayWrite } from '../story/role';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import type { Names } from './GraphSheet';
import { graphing } from './sharing';

const why = signal<{ key: string; found: Evidence[] } | null>(null);
const refused = signal('');

interface Props {
  desk: GraphDesk;
  found: Shown;
  links: readonly Link[];
  names: Names;
  story: Story;
}

export function GraphPanel(props: Props) {
  const { desk, found } = props;
  const looked = desk.edge.value ?? desk.hovered.value;
  const edge = found.links.find((link) => keyOf(link) === looked);
  if (edge !== undefined) return <Edge {...props} edge={edge} pinned={desk.edge.value !== null} />;
  const chosen = desk.chosen.value;
  return chosen === null ? (
    <aside class="graph-panel" aria-label="What is chosen">
      <p class="graph-hint">Choose somebody, or hold the pointer over an edge: it says why it is there.</p>
    </aside>
  ) : (
    <Node {...props} chosen={chosen} />
  );
}

const go = (story: Story, sceneId: string): void => {
  graphing.value = false;
  navigate(pathTo(story.id, sceneId));
};

function Node({ desk, found, links, names, story, chosen }: Props & { chosen: string }) {
  const node = found.nodes.find((each) => each.id === chosen);
  const strongest = Math.max(0, ...found.links.map((link) => link.strength ?? 0));
  const mine = tiedTo(links, chosen).toSorted((a, b) => (b.strength ?? 0) - (a.strength ?? 0));
  if (node === undefined) return <aside class="graph-panel" aria-label="What is chosen" />;
  const last = found.view === 'scenes' ? node.id : node.state.sceneId;
  return (
    <aside class="graph-panel" aria-label="What is chosen" data-testid="graph-panel">
      <h3>{node.name || names.node(node.id)}</h3>
      {last !== null && (
        <p class="graph-where">
          {found.view === 'scenes' ? '' : 'Last in '}
          <button type="button" class="quiet small" onClick={() => go(story, last)}>
            {found.view === 'scenes' ? `Open ${names.scene(last)}` : names.scene(last)}
          </button>
        </p>
      )}
      {node.state.seen.length > 0 && <p class="graph-where">Seen in its film: {node.state.seen.map((fact) => `${fact.attribute} ${fact.value}`).join(', ')}</p>}
      {mine.length === 0 && <p class="graph-hint">No edge of those shown begins or ends here.</p>}
      <ul class="graph-ties">
        {mine.map((link) => (
          <li key={keyOf(link)}>
            <button type="button" class="graph-tie" data-testid="graph-tie" onClick={() => (desk.edge.value = keyOf(link))}>
              <span>{link.source === chosen ? `→ ${names.node(link.target)}` : `← ${names.node(link.source)}`}</span>
              <small>{worthWords(link, strongest)}</small>
            </button>
          </li>
        ))}
      </ul>
      {mayWrite.value && found.view !== 'scenes' && node.id.startsWith('zone:') === false && (
        <NewTie key={chosen} desk={desk} found={found} chosen={chosen} />
      )}
    </aside>
  );
}

/** A tie that no scene tells. */
function NewTie({ desk, found, chosen }: { desk: GraphDesk; found: Shown; chosen: string }) {
  const label = LABEL_OF[found.view];
  const tied = new Set(found.links.filter((link) => link.source === chosen && link.label === label).map((link) => link.target));
  const others = found.shown.filter((node) => node.id !== chosen && !tied.has(node.id) && !node.id.startsWith('zone:'));
  if (others.length === 0) return null;
  return (
    <select
      class="graph-new"
      aria-label="Add an edge that no scene tells"
      value=""
      disabled={desk.busy.value}
      onChange={(event) => {
        const target = event.currentTarget.value;
        event.currentTarget.value = '';
        if (target === '') return;
        void desk.say({ label, source: chosen, target }).then(() => (desk.edge.value = keyOf({ label, source: chosen, target })));
      }}
    >
      <option value="">Add an edge to …</option>
      {others.map((node) => (
        <option key={node.id} value={node.id}>
          {node.name}
        </option>
      ))}
    </select>
  );
}

/** Under the pointer it says why; looked at, it can also be answered. */
function Edge({ desk, found, names, story, edge, pinned }: Props & { edge: Link; pinned: boolean }) {
  const key = keyOf(edge);
  const strongest = Math.max(0, ...found.links.map((link) => link.strength ?? 0));
  useEffect(() => {
    refused.value = '';
    why.value = null;
    whyOf(story.id, edge)
      .then((evidence) => (why.value = { key, found: evidence }))
      .catch((cause) => (refused.value = wordsFor(cause)));
  }, [key, found]);
  const told = why.value?.key === key ? why.value.found : edge.evidence;
  return (
    <aside class="graph-panel" aria-label="Why this edge is there" data-testid="graph-edge">
      <h3>
        {names.node(edge.source)} → {names.node(edge.target)}
      </h3>
      <p class="graph-worth" data-testid="graph-worth">
        {worthWords(edge, strongest)}
      </p>
      <ul class="graph-why" data-testid="graph-why">
        {told.map((said, index) => (
          <li key={index} data-kind={said.kind}>
            {evidenceWords(said, names.scene)}{' '}
            {said.sceneId !== null && (
              <button type="button" class="quiet small" onClick={() => go(story, said.sceneId ?? '')}>
                Open
              </button>
            )}
          </li>
        ))}
      </ul>
      {pinned && mayWrite.value && <SayForm key={key} desk={desk} edge={edge} />}
      {pinned && (
        <button type="button" class="quiet small" onClick={() => (desk.edge.value = null)}>
          Back to {names.node(desk.chosen.value ?? edge.source)}
        </button>
      )}
    </aside>
  );
}

const FIELDS = {
  RELATES_TO: [
    { name: 'trustCompetence', label: 'Trust in what they can do', least: -1, most: 1 },
    { name: 'trustBenevolence', label: 'Trust that they mean well', least: -1, most: 1 },
    { name: 'debt', label: 'Owes them', least: 0, most: 1 },
  ],
  ADJACENT_TO: [{ name: 'traversalCost', label: 'What the way costs', least: 0, most: 1e6 }],
} as const;

type Field = { name: 'trustCompetence' | 'trustBenevolence' | 'debt' | 'traversalCost'; label: string; least: number; most: number };

function SayForm({ desk, edge }: { desk: GraphDesk; edge: Link }) {
  const fields: readonly Field[] = edge.label === 'RELATES_TO' || edge.label === 'ADJACENT_TO' ? FIELDS[edge.label] : [];
  const authored = edge.evidence.some((said) => said.kind === 'author');
  const of = { label: edge.label, source: edge.source, target: edge.target };
  const submit = (form: HTMLFormElement): void => {
    const typed = new FormData(form);
    const said: Said = { ...of, words: String(typed.get('words') ?? '') };
    for (const field of fields) {
      const value = typedNumber(String(typed.get(field.name) ?? ''), field.least, field.most);
      if (value === undefined) {
        refused.value = `${field.label}: a number from ${field.least} to ${field.most}.`;
        return;
      }
      if (value !== null) said[field.name] = value;
    }
    refused.value = '';
    void desk.say(said);
  };
  return (
    <form
      class="graph-say"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit(event.currentTarget);
      }}
    >
      {fields.map((field) => (
        <label key={field.name} class="field">
          <span>
            {field.label} <small>{field.most > 1 ? 'from 0' : `${field.least} to ${field.most}`}</small>
          </span>
          <input name={field.name} inputMode="decimal" autocomplete="off" defaultValue={edge[field.name] === null ? '' : String(edge[field.name])} />
        </label>
      ))}
      {fields.length > 0 && (
        <label class="field">
          <span>Why</span>
          <input name="words" autocomplete="off" maxLength={120} />
        </label>
      )}
      <p class="field-errors" role="alert">
        {refused.value}
      </p>
      <div class="graph-views">
        {fields.length > 0 && (
          <button type="submit" class="quiet small" data-testid="graph-say" disabled={desk.busy.value}>
            Say so
          </button>
        )}
        <button type="button" class="quiet small" data-testid="graph-deny" disabled={desk.busy.value} onClick={() => void desk.say({ ...of, removed: true })}>
          It is not so
        </button>
        {authored && (
          <button type="button" class="quiet small" disabled={desk.busy.value} onClick={() => void desk.say({ ...of, cleared: true })}>
            Leave it to the scripts
          </button>
        )}
      </div>
    </form>
  );
}
