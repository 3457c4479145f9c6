/** The form of the sheet of facts: who, what, which, from the words at the caret on. */
import { useEffect, useRef } from 'preact/hooks';
import type { Holding, Said } from '../api/facts';
import { ATTRIBUTES, correction, factWords, titled } from '../story/factsWords';
import type { Story } from '../story/story';
import { busy, draft, type Part, say } from './factsDesk';

export function FactsForm({ story, at, holding, again }: Part) {
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
