/** What the cache did for this project beside what was planned of it, and how wrong it may be; the owner sets that. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import * as cache from '../api/cacheReport';
import { wordsFor } from '../api/operations';
import { type Bar, barsOf, barWords, boundWords, LEVELS, money, percent, rateWords, summary, typedBound, wrongWords } from '../story/cacheWords';
import { mayShare } from '../story/role';
import type { Story } from '../story/story';
import '../styles/cache.css';
import { say } from '../story/toasts';
import { cacheReporting } from './sharing';
import { SheetFrame } from './SheetFrame';

const refused = signal('');
const busy = signal(false);

const close = (): void => {
  cacheReporting.value = false;
};

export function CacheSheet({ story }: { story: Story }) {
  const open = cacheReporting.value;
  useEffect(() => {
    refused.value = '';
  }, [open, story]);
  if (!open) return null;
  return (
    <SheetFrame
      key={story.id}
      title="Cache report"
      class="cache-sheet"
      coming="Counting"
      ask={() => cache.cacheReport(story.id)}
      onClose={close}
    >
      {(told, again) => (
        <>
          <Report report={told.report} />
          <Bound story={story} told={told} again={again} />
        </>
      )}
    </SheetFrame>
  );
}

function Report({ report }: { report: cache.CacheReport }) {
  return (
    <>
      <p class="cache-sum" data-testid="cache-summary">
        {summary(report)}
      </p>
      {report.takes > 0 && (
        <>
          <ul class="cache-bars" aria-label="Beside what was planned">
            {barsOf(report).map((bar) => (
              <BarLine key={bar.id} bar={bar} />
            ))}
          </ul>
          <Levels report={report} />
        </>
      )}
    </>
  );
}

function BarLine({ bar }: { bar: Bar }) {
  return (
    <li data-reached={bar.reached} data-testid={`cache-bar-${bar.id}`}>
      <span class="cache-bar-label">{bar.label}</span>
      <span class="cache-bar" aria-hidden="true">
        <span class="cache-bar-fill" style={{ width: `${(bar.share ?? 0) * 100}%` }} />
        <span class="cache-bar-mark" style={{ left: `${bar.target * 100}%` }} />
      </span>
      <span class="cache-bar-words">{barWords(bar)}</span>
    </li>
  );
}

function Levels({ report }: { report: cache.CacheReport }) {
  const { targets } = report;
  return (
    // Wider than a narrow window: it scrolls by itself, and by keys.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class="cache-scroll" tabIndex={0} role="group" aria-label="Each level of the cache">
      <table class="cache-levels" data-testid="cache-levels">
        <caption class="unseen">Each level of the cache: asked, reused, how often wrong, and money</caption>
        <thead>
          <tr>
            {['Level', 'Asked', 'Reused', 'Rate', 'Planned', 'Said to be wrong', 'Saved'].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {report.levels.map((level) => (
            <tr key={level.level} data-level={level.level}>
              <th scope="row">
                {LEVELS[level.level]?.name ?? level.level}
                <span class="cache-level">{level.level === 'warm' ? '' : level.level}</span>
                <span class="cache-what">{LEVELS[level.level]?.what}</span>
              </th>
              <td>{level.asked}</td>
              <td>{level.hits}</td>
              <td>{rateWords(level)}</td>
              <td>{level.level === 'L1' ? percent(targets.l1HitRate) : '–'}</td>
              <td>{level.level === 'L3' || level.level === 'warm' ? '–' : wrongWords(level)}</td>
              <td>{level.level === 'warm' ? '–' : money(level.savedUsd)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr data-level="all">
            <th scope="row">Films in all</th>
            <td>{report.takes}</td>
            <td>{report.hits}</td>
            <td>{rateWords({ asked: report.takes, hitRate: report.hitRate })}</td>
            <td>{percent(targets.hitRate)}</td>
            <td>{wrongWords(report)}</td>
            <td>{money(report.savedUsd)}</td>
          </tr>
          <tr data-level="money">
            <th scope="row">Money</th>
            <td colSpan={2}>{report.savedShare === null ? '–' : `${money(report.savedUsd)} of ${money(report.savedUsd + report.spentUsd)}`}</td>
            <td>{report.savedShare === null ? 'no prices' : percent(report.savedShare)}</td>
            <td>{percent(targets.savedShare)}</td>
            <td>–</td>
            <td>{money(report.savedUsd)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

interface BoundProps {
  story: Story;
  told: cache.CacheTold;
  again: () => Promise<void>;
}

function Bound({ story, told: { report, bound }, again }: BoundProps) {
  const holds = bound ?? report.installedBoundPer10000;
  const set = async (per10000: number | null): Promise<void> => {
    refused.value = '';
    busy.value = true;
    try {
      await cache.setCacheBound(story.id, per10000);
      await again();
      say(per10000 === null ? 'How wrong a reused film may be is as installed again.' : `At most ${boundWords(per10000)} askings may be answered with a wrong film.`);
    } catch (cause) {
      refused.value = wordsFor(cause);
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="cache-bound" aria-labelledby="cache-bound-head">
      <h3 id="cache-bound-head">How wrong may a reused film be?</h3>
      <p data-testid="cache-bound-now">
        At most {boundWords(holds)} askings may be answered with a wrong film{bound === null ? ', as installed' : ''}. Fewer: more
        is rendered. More: more is reused, and more of it is not what was asked for.
      </p>
      {mayShare.value && (
        <form
          class="cache-bound-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            const typed = typedBound(String(new FormData(event.currentTarget).get('bound') ?? ''));
            if (typed === null) refused.value = 'Write a whole number: how many among 10,000.';
            else void set(typed);
          }}
        >
          <label class="field">
            <span>Wrong films among 10,000 askings</span>
            <input
              key={holds}
              name="bound"
              inputMode="numeric"
              autocomplete="off"
              defaultValue={String(holds)}
              aria-invalid={refused.value !== ''}
              aria-describedby="cache-bound-errors"
              data-testid="cache-bound"
            />
          </label>
          <button type="submit" class="quiet" disabled={busy.value} data-testid="cache-bound-set">
            Set
          </button>
          {bound !== null && (
            <button type="button" class="quiet" disabled={busy.value} onClick={() => void set(null)}>
              As installed ({report.installedBoundPer10000})
            </button>
          )}
          <p class="field-errors" id="cache-bound-errors" role="alert">
            {refused.value}
          </p>
        </form>
      )}
    </section>
  );
}
