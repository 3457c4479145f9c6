/** Who worked when, as bars of the authors' colours, and the two points that are compared as handles below them. */
import type { Sitting } from '../api/past';
import { barHeight, countWords, momentWords, type Point } from '../story/pastPoints';
import type { Past } from '../story/past';

export function TimeLine({ past }: { past: Past }) {
  const points = past.points.value;
  const last = Math.max(1, points.length - 1);
  const [from, to] = [past.from.value, past.to.value];
  return (
    <div class="timeline" style={{ '--from': from / last, '--to': to / last }}>
      <div class="timeline-bars">
        <span class="timeline-span" aria-hidden="true" />
        {past.sittings.value.map((sitting, index) => (
          <Bar key={sitting.sequence} past={past} sitting={sitting} index={index} stops={stopsOf(points, index)} />
        ))}
        {past.versions.value.map((version) => (
          <Flag key={version.id} name={version.name} at={flagAt(points, Number(version.sequence)) / last} />
        ))}
      </div>
      <div class="timeline-handles">
        <Handle
          label="Compare with"
          words={wordsOf(past, from)}
          value={from}
          most={last}
          testId="from"
          onSlide={(at) => past.compare(at, Math.max(at, past.to.peek()))}
        />
        <Handle
          label="Show the text of"
          words={wordsOf(past, to)}
          value={to}
          most={last}
          testId="to"
          onSlide={(at) => past.slide(at)}
        />
      </div>
    </div>
  );
}

const stopsOf = (points: readonly Point[], sitting: number): number =>
  points.filter((point) => point.sitting === sitting).length;

const flagAt = (points: readonly Point[], sequence: number): number =>
  points.reduce((found, point, index) => (point.sequence <= sequence ? index : found), 0);

export function wordsOf(past: Past, at: number): string {
  const point = past.points.value[at];
  const sitting = past.sittings.value[point?.sitting ?? -1];
  if (point === undefined || sitting === undefined) return momentWords(null);
  if (at === past.points.value.length - 1) return 'now';
  return momentWords(point.end ? sitting.endedAt : sitting.startedAt);
}

const work = (sitting: Sitting): number =>
  sitting.authors.reduce((sum, part) => sum + part.added + part.removed, 0);

interface BarProps {
  past: Past;
  sitting: Sitting;
  index: number;
  stops: number;
}

function Bar({ past, sitting, index, stops }: BarProps) {
  const most = Math.max(...past.sittings.value.map(work));
  const all = work(sitting);
  const who = sitting.authors.map((part) => `${part.author.name} ${countWords(part.added, part.removed)}`).join(', ');
  const label = `${momentWords(sitting.startedAt)}: ${who}`;
  const shown = past.points.value[past.to.value]?.sitting === index;
  return (
    <button
      type="button"
      class="stint"
      style={{ flexGrow: stops }}
      aria-label={label}
      aria-pressed={shown}
      title={label}
      data-testid="sitting-bar"
      onClick={() => past.showSitting(index)}
    >
      <span class="stint-stack" style={{ height: `${barHeight(all, most) * 100}%` }}>
        {sitting.authors.map((part) => (
          <span
            key={part.author.name}
            class="stint-part"
            style={{ '--person': past.colours.value.get(part.author.name), flexGrow: part.added + part.removed }}
          />
        ))}
      </span>
    </button>
  );
}

function Flag({ name, at }: { name: string; at: number }) {
  return <span class="timeline-flag" style={{ left: `${at * 100}%` }} title={name} aria-hidden="true" />;
}

interface HandleProps {
  label: string;
  words: string;
  value: number;
  most: number;
  testId: string;
  onSlide: (at: number) => void;
}

function Handle({ label, words, value, most, testId, onSlide }: HandleProps) {
  return (
    <input
      type="range"
      class={`handle handle-${testId}`}
      aria-label={label}
      aria-valuetext={words}
      min={0}
      max={most}
      value={value}
      data-testid={`slide-${testId}`}
      onInput={(event) => onSlide(Number(event.currentTarget.value))}
    />
  );
}
