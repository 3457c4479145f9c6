/** The board: frames as they arrive, one to pick by click or by its number. */
import type { Job } from '../api/types';
import type { Generation } from '../story/generation';
import { isOver } from '../story/jobWords';

const PANELS = 4;

interface BoardProps {
  job: Job;
  generation: Generation;
  /** Waits for a pick. */
  open: boolean;
  /** A frame is under the pointer or the focus: the screen shows it large. */
  onLook: (panelId: string) => void;
}

export function Board({ job, generation, open, onLook }: BoardProps) {
  const settled = job.panels.some((panel) => panel.picked);
  const missing = settled || isOver(job.state) ? 0 : Math.max(0, PANELS - job.panels.length);
  return (
    <section aria-labelledby="board" class={`board${open ? ' board-open' : ''}`}>
      <h2 id="board">
        Board
        {open && <span class="board-hint">Pick a frame: click, or press 1–{job.panels.length}</span>}
      </h2>
      <ol>
        {job.panels.map((panel, index) => (
          <li key={panel.id}>
            <button
              type="button"
              class="panel"
              data-testid="panel"
              data-panel-id={panel.id}
              data-picked={panel.picked}
              aria-pressed={panel.picked}
              aria-label={`Frame ${index + 1}${panel.picked ? ', picked' : ''}`}
              disabled={!open || generation.busy.value}
              onPointerEnter={() => onLook(panel.id)}
              onFocus={() => onLook(panel.id)}
              onClick={() => void generation.pick(panel.id)}
            >
              <img src={panel.imageUrl} alt="" />
              {/* Drawn by the style sheet: the button's name already says both. */}
              <span class="panel-number" data-mark={index + 1} />
              {panel.picked && <span class="panel-picked" data-mark="Picked" />}
            </button>
          </li>
        ))}
        {Array.from({ length: missing }, (_, index) => (
          <li key={`empty-${index}`} class="panel-ghost" aria-hidden="true" />
        ))}
      </ol>
    </section>
  );
}
