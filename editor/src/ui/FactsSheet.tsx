/** What holds in the story at the caret, by whom: read and set facts side by side; said, corrected and taken back by keys. */
import { batch, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type Fact, factsAt, type Holding, type Said, setFact, type SetFact } from '../api/facts';
import { wordsFor } from '../api/operations';
import { identity } from '../collab/people';
import { toCodePoints } from '../script/codepoints';
import { ATTRIBUTES, correction, denial, endings, factWords, holders, originWords, quoteAt, titled } from '../story/factsWords';
import { mayWrite } from '../story/role';
import type { Story } from '../story/story';
import '../styles/facts.css';
import { desk } from './deskView';
import { factsOpen } from './sharing';
import { SheetFrame } from './SheetFrame';

interface Moment {
  sceneId: string;
  /** Code points of the script. */
  at: number;
  quote: string;
}

interface Draft {
  /** The fact that is corrected; null: a new one. */
  was: Fact | null;
  entity: string;
  attribute: string;
  value: string;
}

type Again = () => Promise<void>;

const EMPTY: Draft = { was: null, entity: '', attribute: 'holds', value: '' };
const draft = signal<Draft>(EMPTY);
const problem = signal('');
const told = signal('');
const busy = signal(false);

const close = (): void => {
  factsOpen.value = false;
};

/** Where the caret is, and the words a fact would begin at. */
function moment(story: Story): Moment | null {
  const sceneId = story.sceneId.peek();
  const state = desk.peek()?.state;
  if (sceneId === null) return null;
  if (state === undefined) return { sceneId, at: 0, quote: '' };
  const { from, to } = state.selection.main;
  const script = state.doc.toString();
  return { sceneId, at: toCodePoints(script, to), quote: quoteAt(script, from, to) };
}

async function say(words: string, sayings: readonly Said[], again: Again): Promise<void> {
  problem.value = '';
  busy.value = true;
  try {
    for (const each of sayings) await setFact(each, identity.peek().name);
    await again();
    batch(() => {
      told.value = words;
      draft.value = { ...EMPTY, attribute: draft.peek().attribute };
    });
  } catch (cause) {
    problem.value = wordsFor(cause);
  } finally {
    busy.value = false;
  }
}

export function FactsSheet({ story }: { story: Story }) {
  if (!factsOpen.value) return null;
  return <Open key={story.id} story={story} />;
}

function Open({ story }: { story: Story }) {
  const here = useRef<Moment | null>(null);
  here.current ??= moment(story);
  const at = here.current;
  useEffect(() => {
    draft.value = EMPTY;
    problem.value = '';
    told.value = '';
  }, []);
  if (at === null) return null;
  return (
    <SheetFrame
      title="Facts"
      class="facts-sheet"
      coming="Reading the story"
      ask={() => factsAt(story.id, at.sceneId, at.at)}
      onClose={close}
    >
      {(holding, again) => (
        <>
          {mayWrite.value && <Say story={story} at={at} holding={holding} again={again} />}
          <p class="field-errors" role="alert">
            {problem.value}
          </p>
          <p role="status" data-testid="facts-told">
            {told.value}
          </p>
          <List story={story} at={at} holding={holding} again={again} />
        </>
      )}
    </SheetFrame>
  );
}

interface Part {
  story: Story;
  at: Moment;
  holding: Holding;
  again: Again;
}

function Say({ story, at, holding, again }: Part) {
  const who = useRef<HTMLInputElement>(null);
  const { was, entity, attribute, value } = draft.value;
  useEffect(() => who.current?.focus(), [was]);
  const kind = ATTRIBUTES.find((each) => each.id === attribute)?.value ?? 'what';
  const submit = (): void => {
    const said: Said = { sceneId: at.sceneId, entity: entity.trim(), attribute, value: value.trim(), quote: at.quote };
    if (said.entity !== '') void say(`${titled(said.entity)} ${factWords(said)}, from here on.`, correction(was, said), again);
  };
  return (
    <form
      class="facts-form"
      data-testid="facts-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <p class="facts-quote">
        {was === null ? 'Say what holds' : `Instead of “${titled(was.name)} ${factWords(was)}”, say what holds`}{' '}
        {at.quote === '' ? (
          'from the beginning of the scene on:'
        ) : (
          <>
            from <q data-testid="facts-quote">{at.quote}</q> on:
          </>
        )}
      </p>
      <label class="field">
        <span>Who</span>
        <input
          ref={who}
          name="who"
          required
          maxLength={120}
          autocomplete="off"
          dir="auto"
          list="facts-people"
          data-testid="facts-who"
          value={entity}
          onInput={(event) => (draft.value = { ...draft.peek(), entity: event.currentTarget.value })}
        />
      </label>
      <datalist id="facts-people">
        {people(story, holding).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </datalist>
      <label class="field">
        <span>What</span>
        <select
          name="what"
          data-testid="facts-what"
          value={attribute}
          onChange={(event) => {
            const id = event.currentTarget.value;
            const life = id === 'alive' ? 'no' : '';
            draft.value = { ...draft.peek(), attribute: id, value: (id === 'alive') === (attribute === 'alive') ? value : life };
          }}
        >
          {ATTRIBUTES.map(({ id, words }) => (
            <option key={id} value={id}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {kind === 'life' ? (
        <label class="field">
          <span>Which</span>
          <select
            name="value"
            data-testid="facts-value"
            value={value}
            onChange={(event) => (draft.value = { ...draft.peek(), value: event.currentTarget.value })}
          >
            <option value="no">is dead</option>
            <option value="yes">is alive</option>
          </select>
        </label>
      ) : (
        <label class="field">
          <span>{attribute === 'at' ? 'Where' : 'Which'}</span>
          <input
            name="value"
            required={attribute !== 'hurt' && attribute !== 'well'}
            maxLength={120}
            autocomplete="off"
            dir="auto"
            data-testid="facts-value"
            value={value}
            onInput={(event) => (draft.value = { ...draft.peek(), value: event.currentTarget.value })}
          />
        </label>
      )}
      <button type="submit" class="primary" disabled={busy.value} data-testid="facts-say">
        {was === null ? 'Set' : 'Correct'}
      </button>
    </form>
  );
}

const people = (story: Story, holding: Holding): string[] => [
  ...new Set([...story.names.peek().cast, ...holding.facts.filter((fact) => fact.name !== '').map((fact) => titled(fact.name))]),
];

function List({ at, holding, again }: Part) {
  const found = holders(holding.facts);
  const ends = endings(holding.set);
  if (found.length === 0 && ends.length === 0) {
    return (
      <p data-testid="facts-empty">
        Nothing holds here that the script says in plain words. Say it above, and it holds from these words on.
      </p>
    );
  }
  return (
    <div class="facts-list" role="region" aria-label="What holds here" data-testid="facts-list">
      {found.map((holder) => (
        <section key={holder.entity}>
          <h3>{holder.name === '' ? 'This scene' : holder.name}</h3>
          <ul>
            {holder.facts.map((fact, index) => (
              <Row key={index} at={at} fact={fact} again={again} />
            ))}
          </ul>
        </section>
      ))}
      {ends.length > 0 && <Endings at={at} ends={ends} again={again} />}
      {holding.more && <p>There are more; these are the first.</p>}
    </div>
  );
}

/** The arrows go from fact to fact. */
function walk(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const all = [...document.querySelectorAll<HTMLElement>('button.facts-what')];
  const next = all.indexOf(document.activeElement as HTMLElement) + (event.key === 'ArrowDown' ? 1 : -1);
  event.preventDefault();
  all[Math.max(0, Math.min(all.length - 1, next))]?.focus();
}

function Row({ at, fact, again }: { at: Moment; fact: Fact; again: Again }) {
  const words = factWords(fact);
  const set = fact.reader === 'PERSON';
  const mine = mayWrite.value && fact.name !== '';
  const sayings = mine ? denial(fact, at.sceneId, at.quote) : null;
  const shown = (
    <>
      {words}
      <small>
        {originWords(fact)}
        {fact.evidence.text !== '' && (
          <>
            {' · '}
            <span class="facts-said">{fact.evidence.text}</span>
          </>
        )}
      </small>
    </>
  );
  if (!mine) {
    return (
      <li class="facts-row">
        <span class="facts-what">{shown}</span>
      </li>
    );
  }
  const deny = (): void => {
    if (sayings !== null) void say(`${titled(fact.name)} ${words}: ${set ? 'taken back' : 'not from here on'}.`, sayings, again);
  };
  return (
    <li class="facts-row" data-set={set} data-testid="fact">
      <button
        type="button"
        class="facts-what"
        title="Enter corrects it; Delete says that it is not so"
        onClick={() => {
          draft.value = { was: fact, entity: titled(fact.name), attribute: fact.attribute, value: fact.value };
        }}
        onKeyDown={(event) => {
          if (event.key === 'Delete' || event.key === 'Backspace') deny();
          else walk(event);
        }}
      >
        {shown}
      </button>
      {sayings !== null && (
        <button type="button" class="quiet small" disabled={busy.value} onClick={deny}>
          {set ? 'Take back' : 'Not so'}
        </button>
      )}
    </li>
  );
}

/** What was said to be over holds for nobody, so it has a list of its own: it can be taken back too. */
function Endings({ at, ends, again }: { at: Moment; ends: readonly SetFact[]; again: Again }) {
  return (
    <section>
      <h3>Said to be over in this scene</h3>
      <ul>
        {ends.map((end) => {
          const words = `${titled(end.entity)} ${factWords(end)}`;
          const { entity, attribute, value } = end;
          const back = (): void =>
            void say(`${words}: taken back.`, [{ sceneId: at.sceneId, entity, attribute, value, holds: false }], again);
          return (
            <li key={words} class="facts-row" data-set="true" data-testid="ending">
              <span class="facts-what">
                {words}
                <small>
                  set by {end.by}
                  {end.quote !== '' && ` · ${end.quote}`}
                </small>
              </span>
              {mayWrite.value && (
                <button type="button" class="quiet small" disabled={busy.value} onClick={back}>
                  Take back
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
