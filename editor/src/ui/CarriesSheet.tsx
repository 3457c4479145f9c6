/** What the open scene carries: notes by section with where they come from, the shot before as a picture; each may be left out. */
import { carriesOf, type Carries, leaveOut, type ShotBefore } from '../api/carries';
import { wordsFor } from '../api/operations';
import { carriesSummary, type Section, sectionsOf, switched } from '../story/carriesWords';
import { mayWrite } from '../story/role';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import { say } from '../story/toasts';
import '../styles/carries.css';
import { carrying } from './sharing';
import { SheetFrame } from './SheetFrame';

const close = (): void => {
  carrying.value = false;
};

export function CarriesSheet({ story }: { story: Story }) {
  const scene = story.sceneId.value;
  if (!carrying.value || scene === null) return null;
  return (
    <SheetFrame
      key={scene}
      title="What this scene carries"
      class="carries-sheet"
      coming="Reading the scenes before"
      ask={() => carriesOf(scene)}
      onClose={close}
    >
      {(told, again) => <Told story={story} scene={scene} told={told} again={again} />}
    </SheetFrame>
  );
}

interface ToldProps {
  story: Story;
  scene: string;
  told: Carries;
  again: () => Promise<void>;
}

function Told({ story, scene, told, again }: ToldProps) {
  const sections = sectionsOf(told.notes);
  const turn = async (id: string): Promise<void> => {
    try {
      await leaveOut(scene, switched(sections, id));
    } catch (cause) {
      say(wordsFor(cause), 'bad');
    }
    await again();
  };
  return (
    <>
      <p data-testid="carries-summary">{carriesSummary(told)}</p>
      <ul class="carries">
        {sections.map((section) => (
          <li key={section.id} data-left-out={section.leftOut}>
            <Switch section={section} turn={turn} />
            {section.id === 'shot' && told.shot !== null ? (
              <Shot story={story} shot={told.shot} />
            ) : (
              <ul class="carries-notes">
                {section.notes.map((note) => (
                  <li key={note.words}>
                    <bdi>{note.words}</bdi> <From story={story} scene={note.sceneId} />
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function Switch({ section, turn }: { section: Section; turn: (id: string) => Promise<void> }) {
  return (
    <label class="carries-switch">
      <input
        type="checkbox"
        checked={!section.leftOut}
        disabled={!mayWrite.value}
        onChange={() => void turn(section.id)}
      />
      <span>{section.name}</span>
      {section.leftOut && <em>left out</em>}
    </label>
  );
}

function Shot({ story, shot }: { story: Story; shot: ShotBefore }) {
  return (
    <figure class="carries-shot">
      <img src={shot.sheetUrl} alt={`Frames of the film before: ${shot.light}`} />
      <figcaption>
        <span class="carries-colours" aria-hidden="true">
          {shot.colours.map((colour) => (
            <i key={colour} style={{ background: colour }} />
          ))}
        </span>
        It goes on in {shot.light}. <From story={story} scene={shot.sceneId} />
      </figcaption>
    </figure>
  );
}

/** The scene somebody would look into, by its number. */
function From({ story, scene }: { story: Story; scene: string }) {
  const card = story.scenes.value.find((each) => each.id === scene);
  if (card === undefined) return null;
  const go = (): void => {
    close();
    navigate(pathTo(story.id, scene));
  };
  return (
    <button type="button" class="quiet small" title={card.heading} onClick={go}>
      scene {card.number}
    </button>
  );
}
