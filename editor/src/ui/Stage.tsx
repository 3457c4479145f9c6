/** The right side: the screen, the generation, the board, the takes, the findings. */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Take } from '../api/types';
import { pictureOf } from '../story/boardWords';
import { awaitsPick, durationWords, isOver, standInWords, verdictWords } from '../story/jobWords';
import type { Story } from '../story/story';
import { Brains } from './Brains';
import { Comments } from './Comments';
import { Findings } from './Findings';
import { mayWrite } from '../story/role';
import { say } from '../story/toasts';
import { modKey } from './keys';
import { Player } from './Player';
import { Progress } from './Progress';

type JobDesk = typeof import('./jobDesk');
const jobDesk = signal<JobDesk | null>(null);

/** What only a job needs comes with the first one that this page shows. */
function useJobDesk(wanted: boolean): JobDesk | null {
  useEffect(() => {
    if (!wanted || jobDesk.peek() !== null) return;
    import('./jobDesk')
      .then((chunk) => (jobDesk.value = chunk))
      .catch(() => say('The board could not be loaded. Reload the page.', 'bad'));
  }, [wanted]);
  return jobDesk.value;
}

export function Stage({ story }: { story: Story }) {
  const job = story.generation.job.value;
  const takes = takesOf(story);
  const [chosen, choose] = useState<string | null>(null);
  const [look, setLook] = useState<string | null>(null);
  const newest = takes[0];
  useEffect(() => choose(null), [newest?.id, story.sceneId.value]);
  const take = takes.find((each) => each.id === chosen) ?? newest;
  const waiting = job !== null && awaitsPick(job);
  const given = take !== undefined && take.cacheVerdict !== 'miss';
  const parts = useJobDesk(job !== null || given);
  const pane = useRef<HTMLElement>(null);
  useEffect(() => {
    // A new job, or frames to choose from, are what the eye wants now.
    if (job !== null) pane.current?.scrollTo({ top: 0, behavior: 'smooth' });
  }, [job?.id, waiting]);
  return (
    <aside ref={pane} class="stage" aria-label="Board, takes and findings" data-region="stage">
      <Screen take={take} story={story} look={look} />
      {parts !== null && given && <parts.Origin key={take.id} take={take} story={story} />}
      <section class="make" aria-label="Generate">
        {/* Neither is of use while people choose, and the board comes into sight without them. */}
        {!waiting && <Brains story={story} />}
        {!waiting && <GenerateButton story={story} />}
        {job !== null && <Progress job={job} generation={story.generation} />}
        {job !== null && parts !== null && job.held !== null && <parts.Held key={job.id} job={job} story={story} />}
        {job !== null && parts !== null && <parts.Sent key={job.id} job={job} />}
        {parts !== null && take !== undefined && <parts.Continue key={story.sceneId.value} story={story} />}
      </section>
      {parts !== null && job !== null && job.panels.length > 0 && !(isOver(job.state) && job.state !== 'FINAL_READY') && (
        <parts.Board key={job.id} job={job} story={story} open={waiting} onLook={setLook} />
      )}
      {takes.length > 0 && <Takes takes={takes} shown={take?.id} onChoose={choose} />}
      <Comments story={story} />
      <Findings story={story} />
    </aside>
  );
}

/** Takes of the scene, newest first, with the one that has just been finished in front of a list not yet refreshed. */
function takesOf(story: Story): Take[] {
  const known = story.scene.value?.takes ?? [];
  const fresh = story.generation.job.value?.take;
  const list = [...known];
  if (fresh && !list.some((take) => take.id === fresh.id)) list.push(fresh);
  return fresh ? [...list.filter((take) => take.id === fresh.id), ...list.filter((take) => take.id !== fresh.id)] : list;
}

function Screen({ take, story, look }: { take: Take | undefined; story: Story; look: string | null }) {
  const picture = pictureOf(story.generation.job.value, look);
  if (picture !== null) {
    return (
      <div class="screen">
        <img class={`screen-frame${picture.dim ? ' screen-picked' : ''}`} src={picture.url} alt={picture.words} />
      </div>
    );
  }
  if (take === undefined) {
    return (
      <div class="screen screen-empty">
        <p>No take of this scene yet</p>
      </div>
    );
  }
  return (
    <figure class="screen-figure">
      <Player key={take.id} take={take} />
      <figcaption class="take-facts">
        <span class="tag">{take.backend}</span>
        <span>{durationWords(take.durationS)}</span>
        {take.qualityScore !== null && <span title="Quality score">{Math.round(take.qualityScore * 100)}/100</span>}
        {standInWords(take) !== '' && <span data-testid="stand-in">{standInWords(take)}</span>}
        <span class={`verdict verdict-${take.epistemicState.toLowerCase()}`}>{verdictWords(take)}</span>
      </figcaption>
    </figure>
  );
}

function GenerateButton({ story }: { story: Story }) {
  const job = story.generation.job.value;
  const running = job !== null && !isOver(job.state);
  const locked = story.status.value === 'LOCKED';
  return (
    <button
      type="button"
      class="primary generate"
      data-testid="generate"
      disabled={running || story.generation.busy.value || story.room.value === null || locked || !mayWrite.value}
      aria-keyshortcuts="Control+Enter Meta+Enter"
      onClick={() => void story.generate()}
    >
      {locked ? 'Locked' : running ? 'Generating' : job?.state === 'FINAL_READY' ? 'Generate another take' : 'Generate'}
      <kbd>{modKey}↵</kbd>
    </button>
  );
}

function Takes({ takes, shown, onChoose }: { takes: Take[]; shown: string | undefined; onChoose: (id: string) => void }) {
  return (
    <section aria-labelledby="takes" class="takes">
      <h2 id="takes">Takes</h2>
      <ul>
        {takes.map((take, index) => (
          <li key={take.id}>
            <button
              type="button"
              class="take"
              aria-pressed={take.id === shown}
              aria-label={`Take ${takes.length - index}, ${durationWords(take.durationS)}`}
              data-testid="take"
              data-take-id={take.id}
              onClick={() => onChoose(take.id)}
            >
              <img src={take.thumbnailUrl} alt="" loading="lazy" />
              <span>
                {takes.length - index} · {durationWords(take.durationS)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
