/** What holds in the story at the caret, by whom: read and set facts side by side; said, corrected and taken back by keys. */
import { useEffect, useRef } from 'preact/hooks';
import { type Fact, factsAt, type SetFact } from '../api/facts';
import { denial, endings, factWords, holders, originWords, titled } from '../story/factsWords';
import { mayWrite } from '../story/role';
import type { Story } from '../story/story';
import '../styles/facts.css';
import { type Again, busy, draft, EMPTY, moment, type Moment, type Part, problem, say, told } from './factsDesk';
import { FactsForm } from './FactsForm';
import { factsOpen } from './sharing';
import { SheetFrame } from './SheetFrame';

const close = (): void => {
  factsOpen.value = false;
};

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
          {mayWrite.value && <FactsForm story={story} at={at} holding={holding} again={again} />}
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
