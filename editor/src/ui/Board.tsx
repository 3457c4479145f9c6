/** The board: the scene's frames to pick by one click, or every shot's, decided one by one. */
import { useState } from 'preact/hooks';
import type { Job } from '../api/types';
import { type BoardRow, decidedWords, keyRow, keyShot, leading, rowsOf, shotWords } from '../story/boardWords';
import { isOver } from '../story/jobWords';
import { mayWrite } from '../story/role';
import type { Story } from '../story/story';
import { Countdown } from './Countdown';
import { Frame } from './Frame';
import { Revise } from './Revise';

const PANELS = 4;

interface BoardProps {
  job: Job;
  story: Story;
  /** Waits for a pick. */
  open: boolean;
  /** A frame is under the pointer or the focus: the screen shows it large. */
  onLook: (panelId: string) => void;
}

export function Board({ job, story, open, onLook }: BoardProps) {
  const [apart, setApart] = useState(false);
  const begun = job.shots.some((shot) => shot.pickedPanelId !== null);
  const byShot = job.shots.length > 1 && (apart || (open && begun));
  const row = keyRow(job);
  return (
    // The frames are buttons of their own: this only adds arrows and V for whoever has the focus on one.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section aria-labelledby="board" class={`board${open ? ' board-open' : ''}`} onKeyDown={(event) => boardKey(story, event)}>
      <div class="board-head">
        <h2 id="board">Board</h2>
        {job.shots.length > 1 && (
          <button
            type="button"
            class="quiet small"
            data-testid="by-shot"
            aria-pressed={byShot}
            disabled={open && begun}
            onClick={() => setApart(!apart)}
          >
            Shot by shot
          </button>
        )}
      </div>
      {open && (
        <p class="board-hint" role="status">
          {byShot ? `${decidedWords(job)}. The film begins with the last.` : `Pick a frame: click, or press 1–${row?.frames.length ?? 1}`}
        </p>
      )}
      {open && job.pickBy !== null && <Countdown until={job.pickBy} />}
      {byShot ? (
        <Shots job={job} story={story} open={open} onLook={onLook} />
      ) : (
        row !== undefined && <SceneRow job={job} row={row} story={story} open={open} onLook={onLook} />
      )}
    </section>
  );
}

/** The key shot's frames stand for the scene: one click decides it whole. */
function SceneRow({ job, row, story, open, onLook }: BoardProps & { row: BoardRow }) {
  const settled = job.panels.some((panel) => panel.picked);
  const missing = settled || isOver(job.state) ? 0 : Math.max(0, PANELS - row.frames.length);
  return (
    <>
      <Frames row={row} story={story} open={open} onLook={onLook} named={(n) => `Frame ${n}`} testId="panel" missing={missing} onPick={(id) => void story.generation.pick(id)} />
      {open && mayWrite.value && <Revise key={row.note} row={row} label="these frames" generation={story.generation} />}
    </>
  );
}

function Shots({ job, story, open, onLook }: BoardProps) {
  const rows = rowsOf(job);
  const key = rows.find((row) => row.shot === keyShot(job));
  const first = key === undefined ? undefined : leading(key);
  const busy = story.generation.busy.value;
  return (
    <>
      <ol class="shots">
        {rows.map((row) => (
          <li key={row.shot} class="shot" aria-label={`Shot ${row.shot + 1}`} data-testid="shot">
            <div class="shot-head">
              <h3>
                {row.shot + 1} <span>{shotWords(row)}</span>
              </h3>
              {open && row.pickedId === null && mayWrite.value && (
                <Revise key={row.note} row={row} label={`shot ${row.shot + 1}`} generation={story.generation} />
              )}
            </div>
            {row.note !== '' && <p class="shot-note">“{row.note}”</p>}
            <Frames
              row={row}
              story={story}
              open={open && row.pickedId === null}
              onLook={onLook}
              named={(n) => `Shot ${row.shot + 1}, frame ${n}`}
              testId="shot-panel"
              onPick={(id) => void story.generation.pickShot(id)}
            />
            {row.earlier.length > 0 && (
              <details class="earlier">
                <summary>Earlier frames ({row.earlier.length})</summary>
                <Frames
                  row={{ ...row, frames: row.earlier }}
                  story={story}
                  open={open && row.pickedId === null}
                  onLook={onLook}
                  named={(n) => `Shot ${row.shot + 1}, earlier frame ${n}`}
                  testId="earlier-panel"
                  onPick={(id) => void story.generation.pickShot(id)}
                />
              </details>
            )}
          </li>
        ))}
      </ol>
      {open && first !== undefined && mayWrite.value && (
        <button type="button" class="primary small" data-testid="film-now" disabled={busy} onClick={() => void story.generation.pick(first.id)}>
          Film it now: votes decide the rest
        </button>
      )}
    </>
  );
}

interface FramesProps extends Omit<BoardProps, 'job'> {
  row: BoardRow;
  named: (number: number) => string;
  testId: string;
  onPick: (panelId: string) => void;
  missing?: number;
}

function Frames({ row, story, open, onLook, named, testId, onPick, missing = 0 }: FramesProps) {
  return (
    <ol class="frames">
      {row.frames.map((panel, index) => (
        <li key={panel.id}>
          <Frame
            panel={panel}
            number={index + 1}
            name={named(index + 1)}
            picked={panel.picked}
            open={open}
            story={story}
            testId={testId}
            onLook={onLook}
            onPick={onPick}
          />
        </li>
      ))}
      {Array.from({ length: missing }, (_, index) => (
        <li key={`empty-${index}`} class="panel-ghost" aria-hidden="true" />
      ))}
    </ol>
  );
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** V votes for the frame that has the focus; arrows go from frame to frame. */
function boardKey(story: Story, event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const frame = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-frame]') : null;
  if (frame === null || event.ctrlKey || event.metaKey || event.altKey) return;
  const panelId = frame.dataset['panelId'];
  const step = STEPS[event.key];
  if (event.key.toLowerCase() === 'v' && panelId !== undefined) story.vote(panelId);
  else if (step !== undefined) {
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-frame]:not(:disabled)')];
    all[all.indexOf(frame) + step]?.focus();
  } else return;
  event.preventDefault();
}
