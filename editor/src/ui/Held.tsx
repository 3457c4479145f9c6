/** A job that continuity holds: why, with both places; what would be written instead; and the ways on. */
import { useEffect, useState } from 'preact/hooks';
import { type Gate, gateOf, type Issue, proceedAnyway, useCorrection as takeCorrection, waive } from '../api/gate';
import { wordsFor } from '../api/operations';
import type { Evidence, Job } from '../api/types';
import { identity } from '../collab/people';
import { revealFinding } from '../script/margin';
import { changeWords, correctWords, errorsOf, mayCorrect, typeWords, warningsOf } from '../story/heldWords';
import { mayWrite } from '../story/role';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import { say } from '../story/toasts';
import { desk } from './deskView';
import { reasonWords } from './Findings';
import '../styles/held.css';

export function Held({ job, story }: { job: Job; story: Story }) {
  const [gate, setGate] = useState<Gate | null>(null);
  useEffect(() => {
    let gone = false;
    gateOf(job.id)
      .then((found) => !gone && setGate(found))
      .catch((cause: unknown) => !gone && say(wordsFor(cause), 'bad'));
    return () => {
      gone = true;
    };
  }, [job.id, job.held]);
  if (job.held === null) return null;
  const may = mayWrite.value && !story.generation.busy.value;
  const proceed = (): void => void story.generation.decide(() => proceedAnyway(job.id));
  const correct = (): void => void story.generation.decide(() => takeCorrection(job.id, identity.peek().name));
  const able = may && gate !== null && mayCorrect(gate) && story.status.value !== 'LOCKED';
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) return;
    if (event.key === 'c' && able) correct();
    else if (event.key === 'g' && may) proceed();
    else return;
    event.preventDefault();
  };
  return (
    // The buttons are buttons of their own: this only adds C and G for whoever has the focus on one.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section class="held" aria-labelledby="held" data-testid="held" onKeyDown={onKey}>
      <h2 id="held">Continuity holds this film</h2>
      <p role="alert" data-testid="held-reason">
        {job.held}
      </p>
      {gate !== null && (
        <>
          <ul>
            {errorsOf(gate).map((issue) => (
              <Contradiction key={issue.id} issue={issue} job={job} story={story} may={may} />
            ))}
          </ul>
          <Changes gate={gate} />
          <Noted issues={warningsOf(gate)} />
        </>
      )}
      <div class="held-ways">
        <button type="button" class="primary small" data-testid="use-correction" aria-keyshortcuts="c" disabled={!able} onClick={correct}>
          {gate === null ? 'Use the correction' : correctWords(gate)}
        </button>
        <button type="button" class="quiet small" data-testid="proceed" aria-keyshortcuts="g" disabled={!may} onClick={proceed}>
          Go on anyway
        </button>
      </div>
    </section>
  );
}

function Contradiction({ issue, job, story, may }: { issue: Issue; job: Job; story: Story; may: boolean }) {
  const meant = (reason: string): void =>
    void story.generation.decide(() => waive(job.id, issue.id, reason, identity.peek().name));
  return (
    <li data-testid="contradiction" data-type={issue.type}>
      <p>
        <strong>{typeWords(issue.type)}.</strong> {issue.description} {issue.suggestion}
      </p>
      <div class="held-places">
        {issue.evidence.map((place) => (
          <Place key={`${place.sceneId} ${place.start}`} place={place} story={story} />
        ))}
        {issue.reasons.length > 0 && (
          <select
            class="quiet small"
            aria-label="This is meant"
            data-testid="held-waive"
            value=""
            disabled={!may}
            onChange={(event) => meant(event.currentTarget.value)}
          >
            <option value="">This is meant…</option>
            {issue.reasons.map((reason) => (
              <option key={reason} value={reason}>
                {reasonWords(reason)}
              </option>
            ))}
          </select>
        )}
      </div>
    </li>
  );
}

/** One of the places that do not agree: a press goes there. */
function Place({ place, story }: { place: Evidence; story: Story }) {
  const number = story.scenes.value.find((card) => card.id === place.sceneId)?.number;
  const go = (): void => {
    const view = desk.peek();
    if (place.sceneId !== story.sceneId.peek()) navigate(pathTo(story.id, place.sceneId));
    else if (view !== null && !revealFinding(view, place.sceneId, { evidence: [place] })) {
      say('These words are not in the scene any more.');
    }
  };
  return (
    <button type="button" class="quiet small" data-testid="held-place" onClick={go}>
      {number === undefined ? '' : `Scene ${number}: `}“{place.text}”
    </button>
  );
}

function Changes({ gate }: { gate: Gate }) {
  if (gate.corrections.length === 0 || gate.held?.fixed === true) return null;
  return (
    <ul class="held-changes" aria-label="What the correction changes">
      {gate.corrections.map((change) => (
        <li key={change.findingId} data-testid="correction">
          <span aria-hidden="true">
            <del>{change.before}</del> <ins>{change.after}</ins>
          </span>
          <span class="unseen">{changeWords(change)}</span>
          {change.made && <small> in the prompt already</small>}
        </li>
      ))}
    </ul>
  );
}

/** What does not hold anything. */
function Noted({ issues }: { issues: Issue[] }) {
  if (issues.length === 0) return null;
  return (
    <details class="held-noted">
      <summary>{issues.length === 1 ? 'One more thing was noted' : `${issues.length} more things were noted`}</summary>
      <ul>
        {issues.map((issue) => (
          <li key={issue.id}>
            {issue.description} <small>{issue.location}</small>
          </li>
        ))}
      </ul>
    </details>
  );
}
