/** The brains as radio buttons with their palettes, those that ship and the project's own; and where the scene stands. */
import { mayWrite } from '../story/role';
import type { Story } from '../story/story';
import { OwnBrain } from './OwnBrain';
import '../styles/format.css';

export function Brains({ story }: { story: Story }) {
  const brains = story.brains.value;
  const chosen = story.project.value?.brain ?? '';
  const current = brains.find((brain) => brain.id === chosen);
  if (brains.length === 0) return null;
  return (
    <fieldset class="brains">
      <legend>Brain</legend>
      <div class="brains-row">
        {brains.map((brain) => (
          <label key={brain.id} class="brain" title={brain.specialty}>
            <input
              type="radio"
              name="brain"
              value={brain.id}
              checked={brain.id === chosen}
              data-testid="brain"
              onChange={() => void story.chooseBrain(brain.id)}
            />
            <span class="brain-swatches" aria-hidden="true">
              {brain.palette.slice(0, 5).map((color) => (
                <i key={color} style={{ background: color }} />
              ))}
            </span>
            <span class="brain-name">{brain.name}</span>
          </label>
        ))}
      </div>
      {current !== undefined && <p class="brains-note">{current.specialty}</p>}
      <Format story={story} />
      {current !== undefined && mayWrite.value && <OwnBrain key={current.id} story={story} brain={current} />}
    </fieldset>
  );
}

/** How the story is laid out, and where that puts this scene. */
function Format({ story }: { story: Story }) {
  const format = story.project.value?.format ?? '';
  const beat = story.scene.value?.beat;
  return (
    <div class="format">
      <label>
        <span>Format</span>
        <select
          data-testid="format"
          value={format}
          disabled={!mayWrite.value}
          title={story.formats.value.find((each) => each.id === format)?.summary}
          onChange={(event) => void story.chooseFormat(event.currentTarget.value)}
        >
          {story.formats.value.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </select>
      </label>
      {beat && (
        <span data-testid="beat" title={beat.purpose}>
          {beat.name}
        </span>
      )}
    </div>
  );
}
