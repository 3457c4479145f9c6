/** Who is here. The first disc is this tab; pressing it changes the name. */
import { useState } from 'preact/hooks';
import { chooseName, identity, initials, type Person } from '../collab/people';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import { Sheet } from './Sheet';

const AVATARS_MAX = 6;

export function Avatars({ story }: { story: Story }) {
  const [naming, setNaming] = useState(false);
  const people = story.presence.people.value;
  const shown = people.slice(0, AVATARS_MAX);
  return (
    <>
      <ul class="avatars" aria-label="Who is here">
        {shown.map((person) => (
          <li key={person.clientId}>
            <Avatar person={person} story={story} onSelf={() => setNaming(true)} />
          </li>
        ))}
        {people.length > shown.length && <li class="avatars-more">+{people.length - shown.length}</li>}
      </ul>
      {naming && <NameSheet onClose={() => setNaming(false)} />}
    </>
  );
}

function Avatar({ person, story, onSelf }: { person: Person; story: Story; onSelf: () => void }) {
  const where = story.scenes.value.find((card) => card.id === person.sceneId);
  const label = person.self
    ? `${person.name} (you). Change your name`
    : `${person.name}${where ? `, in scene ${where.number}. Go there` : ''}`;
  const go = (): void => {
    if (person.self) onSelf();
    else if (where !== undefined) navigate(pathTo(story.id, where.id));
  };
  return (
    <button
      type="button"
      class={`avatar${person.self ? ' avatar-self' : ''}`}
      style={{ '--person': person.color }}
      aria-label={label}
      title={label}
      data-testid="people-avatar"
      data-name={person.name}
      data-mark={initials(person.name)}
      onClick={go}
    />
  );
}

function NameSheet({ onClose }: { onClose: () => void }) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = new FormData(event.currentTarget as HTMLFormElement).get('name');
    if (typeof name === 'string' && name.trim()) chooseName(name);
    onClose();
  };
  return (
    <Sheet title="What should the others call you?" onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <label class="field">
          <span>Your name</span>
          <input name="name" defaultValue={identity.value.name} maxLength={40} autocomplete="name" />
        </label>
        <div class="form-end">
          <button type="button" class="quiet" onClick={onClose}>
            Not now
          </button>
          <button type="submit" class="primary">
            That is me
          </button>
        </div>
      </form>
    </Sheet>
  );
}
