/** The five brains as radio buttons with their palettes. */
import type { Story } from '../story/story';

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
    </fieldset>
  );
}
