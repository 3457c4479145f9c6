/** Where the generation stands: six steps, one sentence, a bar, a way out. */
import { sentence } from '../api/operations';
import type { Job } from '../api/types';
import type { Generation } from '../story/generation';
import { awaitsPick, beforePick, etaWords, fraction, headline, isHeld, isOver, steps } from '../story/jobWords';

export function Progress({ job, generation }: { job: Job; generation: Generation }) {
  const over = isOver(job.state);
  const percent = Math.round(fraction(job.progress) * 100);
  const moving = !over && !awaitsPick(job) && !isHeld(job);
  return (
    <div class="progress" data-state={job.state}>
      {job.state !== 'CANCELLED' && <Steps job={job} />}
      <div class="progress-line">
        <p data-testid="job-stage" data-state={job.state} data-stage={job.stage ?? ''} data-job-id={job.id} role="status">
          <strong>{headline(job)}</strong>
          {moving && job.message && <span class="progress-message"> {job.message}</span>}
        </p>
        {moving && <span class="progress-eta">{[`${percent} %`, etaWords(job.etaS, beforePick(job))].filter(Boolean).join(' · ')}</span>}
      </div>
      {moving && (
        <div class="bar" role="progressbar" aria-label="Generation" aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
          <span style={{ width: `${percent}%` }} />
        </div>
      )}
      {job.state === 'FAILED' && <Failure job={job} generation={generation} />}
      {!over && (
        <button type="button" class="quiet small" data-testid="cancel" onClick={() => void generation.cancel()}>
          Cancel
        </button>
      )}
    </div>
  );
}

function Steps({ job }: { job: Job }) {
  return (
    <ol class="steps" aria-label="Steps">
      {steps(job).map((step) => (
        <li key={step.name} data-step={step.state} aria-current={step.state === 'current' ? 'step' : undefined}>
          {step.name}
          {(step.state === 'done' || step.state === 'failed') && <span class="unseen"> {step.state}</span>}
        </li>
      ))}
    </ol>
  );
}

function Failure({ job, generation }: { job: Job; generation: Generation }) {
  return (
    <div class="failure" role="alert">
      <p data-testid="job-error">{sentence(job.error?.message ?? 'The server gave no reason')}</p>
      {job.error?.retryable !== false && (
        <button type="button" class="quiet small" data-testid="retry" onClick={() => void generation.retry()}>
          Try again from the last step
        </button>
      )}
    </div>
  );
}
