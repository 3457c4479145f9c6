/** Goes on with a scene: what happens next, in Fountain or plain words; it enters the script with its take. */
import { useState } from 'preact/hooks';
import { isOver } from '../story/jobWords';
import { mayWrite } from '../story/role';
import type { Story } from '../story/story';

const TEXT_CHARS_MAX = 20_000;

export function Continue({ story }: { story: Story }) {
  const [text, setText] = useState('');
  const scene = story.scene.value;
  const job = story.generation.job.value;
  const running = job !== null && !isOver(job.state);
  if (scene === null || !mayWrite.value || story.status.value === 'LOCKED') return null;
  const send = async (): Promise<void> => {
    // The words stay in the box until the server has them: a scene that went on meanwhile refuses them.
    if (await story.generation.goOn(scene.id, text.trim(), scene.bibleVersion)) setText('');
    else story.refreshSoon();
  };
  return (
    <details class="continue" data-testid="continue">
      <summary>Continue this scene</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <label class="field">
          <span>What happens next? Fountain or plain words; they join the script with the film of them.</span>
          <textarea
            rows={4}
            maxLength={TEXT_CHARS_MAX}
            dir="auto"
            data-testid="continue-text"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button
          type="submit"
          class="small primary"
          data-testid="continue-send"
          disabled={running || story.generation.busy.value || text.trim() === ''}
        >
          {running ? 'A take is under way' : 'Go on'}
        </button>
      </form>
    </details>
  );
}
