/** One person: a picture, looks, how they sound (editable), and what their scenes say of age and face. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { wordsFor } from '../api/operations';
import { setPortrait, type StoryPerson, upload } from '../api/whoAndWhere';
import { mayWrite } from '../story/role';
import type { Story } from '../story/story';
import { tellingScenes, toldVoiceWords, voiceWords } from '../story/whoWords';
import { VoiceForm } from './VoiceForm';

interface Props {
  story: Story;
  person: StoryPerson;
  go: (sceneId: string) => void;
  changed: () => Promise<void>;
}

export function PersonCard({ story, person, go, changed }: Props) {
  const state = useMemo(() => ({ editing: signal(false), problem: signal(''), busy: signal(false) }), [person.key]);
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    state.problem.value = '';
    state.busy.value = true;
    try {
      await work();
      await changed();
    } catch (cause) {
      state.problem.value = wordsFor(cause);
    } finally {
      state.busy.value = false;
    }
  };
  const castId = person.castId;
  const portray = async (name: string, picture: Blob): Promise<void> => {
    if (castId !== null) await setPortrait(story.id, castId, await upload(name, picture));
  };
  const scenes = tellingScenes(person);
  return (
    <article class="who-card" aria-label={person.name}>
      <Picture person={person} />
      <div class="who-words">
        <h3>{person.name}</h3>
        {person.looks.length > 0 && (
          <ul class="who-chips" aria-label="Looks">
            {person.looks.map((each) => (
              <li key={each.value}>{each.value}</li>
            ))}
          </ul>
        )}
        <Voice person={person} />
        {state.problem.value !== '' && (
          <p class="field-errors" role="alert">
            {state.problem.value}
          </p>
        )}
        {state.editing.value && castId !== null ? (
          <VoiceForm story={story} castId={castId} voice={person.setVoice} attempt={attempt} busy={state.busy.value} done={() => (state.editing.value = false)} />
        ) : (
          mayWrite.value && (
            <div class="who-acts">
              {castId === null ? (
                <button type="button" class="quiet small" disabled={state.busy.value} onClick={() => void attempt(() => story.addCast(person.name))}>
                  Add to the cast
                </button>
              ) : (
                <>
                  <button type="button" class="quiet small" onClick={() => (state.editing.value = true)}>
                    {person.setVoice === null ? 'Set the voice' : 'Change the voice'}
                  </button>
                  <label class="quiet small who-file">
                    {person.portraitUrl === null ? 'Choose a picture' : 'Change the picture'}
                    <input
                      type="file"
                      accept="image/png,image/jpeg,image/webp"
                      aria-label={`A picture of ${person.name}`}
                      disabled={state.busy.value}
                      onChange={(event) => {
                        const [file] = event.currentTarget.files ?? [];
                        if (file !== undefined) void attempt(() => portray(file.name, file));
                      }}
                    />
                  </label>
                  {person.portraitUrl === null && person.bestFrame !== null && (
                    <button
                      type="button"
                      class="quiet small"
                      disabled={state.busy.value}
                      title={person.bestFrame.why}
                      onClick={() => void attempt(async () => portray('frame.jpg', await frameOf(person)))}
                    >
                      Use this frame
                    </button>
                  )}
                </>
              )}
            </div>
          )
        )}
        {scenes.length > 0 && (
          <ol class="who-scenes" aria-label="By scene">
            {scenes.map((each) => (
              <li key={each.sceneId}>
                <button type="button" class="quiet small" title="Open this scene" aria-label={`Scene ${each.number}`} onClick={() => go(each.sceneId)}>
                  {each.number}
                </button>
                <span>{each.words}</span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </article>
  );
}

async function frameOf(person: StoryPerson): Promise<Blob> {
  const answer = await fetch(person.bestFrame?.url ?? '');
  if (!answer.ok) throw new Error('This frame is not there any more.');
  return answer.blob();
}

function Picture({ person }: { person: StoryPerson }) {
  if (person.portraitUrl !== null) return <img class="who-picture" src={person.portraitUrl} alt={person.name} />;
  if (person.bestFrame !== null)
    return (
      <figure class="who-picture who-guess" title={person.bestFrame.why}>
        <img src={person.bestFrame.url} alt={`A frame of a film with ${person.name}`} />
        <figcaption>from a film</figcaption>
      </figure>
    );
  return (
    <span class="who-picture who-initial" aria-hidden="true">
      {[...person.name][0]}
    </span>
  );
}

function Voice({ person }: { person: StoryPerson }) {
  const set = person.setVoice === null ? '' : voiceWords(person.setVoice);
  const read = toldVoiceWords(person.toldVoice);
  if (set === '' && read === '' && person.setVoice?.sampleUrl == null) return null;
  return (
    <div class="who-voice">
      <p>
        Voice: {set !== '' && <strong>{set}</strong>}
        {read !== '' && <span class="who-read">{set === '' ? read : ` · the script says ${read}`}</span>}
      </p>
      {person.setVoice?.sampleUrl != null && (
        // A reference of somebody's voice has no captions: what it says does not matter.
        // oxlint-disable-next-line jsx-a11y/media-has-caption
        <audio controls preload="none" src={person.setVoice.sampleUrl} aria-label={`How ${person.name} sounds`} />
      )}
    </div>
  );
}
