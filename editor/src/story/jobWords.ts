/**
 * Says in words where a generation stands. A pure function of the job; the stepper and the toasts read it.
 *
 * Invariant: every state and stage of the schema has words, and exactly one step is current while a job runs.
 */
import type { EpistemicState, Job, JobStage, JobState, Take } from '../api/types';

export const STEPS = ['Script', 'Continuity', 'Board', 'Pick', 'Render', 'Finish'] as const;
export type StepName = (typeof STEPS)[number];
export type StepState = 'done' | 'current' | 'failed' | 'ahead';

const STAGE_STEP: Record<JobStage, number> = {
  SCRIPT_EXPANSION: 0,
  CONTINUITY_VALIDATION: 1,
  CACHE_LOOKUP: 2,
  STORYBOARD: 2,
  VIDEO_GENERATION: 4,
  POST_PROCESSING: 5,
  UPLOAD: 5,
  OBSERVATION: 5,
  FINALIZATION: 5,
};

const STAGE_WORDS: Record<JobStage, string> = {
  SCRIPT_EXPANSION: 'Breaking the scene into shots',
  CONTINUITY_VALIDATION: 'Checking continuity',
  CACHE_LOOKUP: 'Looking for an earlier take that fits',
  STORYBOARD: 'Drawing the board',
  VIDEO_GENERATION: 'Rendering the picture',
  POST_PROCESSING: 'Cutting, captions and sound',
  UPLOAD: 'Putting the take on the shelf',
  OBSERVATION: 'Watching it back',
  FINALIZATION: 'Last touches',
};

const STATE_WORDS: Record<JobState, string> = {
  QUEUED: 'In line',
  PROCESSING: 'Working',
  SCRIPT_READY: 'Shots are written',
  CONTINUITY_CHECKED: 'Continuity checked',
  PREVIEW_READY: 'Pick a frame',
  THROTTLED: 'Waiting for a free renderer',
  FINAL_READY: 'The take is ready',
  FAILED: 'The take failed',
  CANCELLED: 'Cancelled',
};

export const isOver = (state: JobState): boolean =>
  state === 'FINAL_READY' || state === 'FAILED' || state === 'CANCELLED';

/** The job waits for a person: panels are there, and some shot is not decided. */
export const awaitsPick = (job: Job): boolean =>
  job.state === 'PREVIEW_READY' &&
  job.panels.length > 0 &&
  (job.shots.length > 1
    ? job.shots.some((shot) => shot.pickedPanelId === null)
    : !job.panels.some((panel) => panel.picked));

/** Continuity holds it, till a person decides. */
export const isHeld = (job: { held?: string | null }): boolean => (job.held ?? null) !== null;

export function currentStep(job: Job): number {
  if (job.state === 'FINAL_READY') return STEPS.length;
  if (awaitsPick(job)) return 3;
  if (job.stage !== null) return STAGE_STEP[job.stage];
  if (job.state === 'SCRIPT_READY') return 1;
  if (job.state === 'CONTINUITY_CHECKED') return 2;
  return 0;
}

export function steps(job: Job): { name: StepName; state: StepState }[] {
  const current = currentStep(job);
  const here: StepState = job.state === 'FAILED' ? 'failed' : isOver(job.state) ? 'ahead' : 'current';
  return STEPS.map((name, index) => ({ name, state: index < current ? 'done' : index === current ? here : 'ahead' }));
}

export function headline(job: Job): string {
  if (isHeld(job)) return 'Held for you';
  if (isOver(job.state) || job.state === 'THROTTLED' || awaitsPick(job)) return STATE_WORDS[job.state];
  const place = job.queuePosition ?? 0;
  // Later steps wait as well, behind other people's; the moment before a worker takes the next one is not worth a word.
  if (place > 1) return `In line, ${ordinal(place)}`;
  if (job.state === 'QUEUED' && (job.stage === null || place > 0)) return 'In line, next';
  return job.stage === null ? STATE_WORDS[job.state] : STAGE_WORDS[job.stage];
}

const ORDINAL_RULES = new Intl.PluralRules('en', { type: 'ordinal' });
const ORDINAL_SUFFIX: Record<string, string> = { one: 'st', two: 'nd', few: 'rd' };
const ordinal = (position: number): string => `${position}${ORDINAL_SUFFIX[ORDINAL_RULES.select(position)] ?? 'th'}`;

/** Two words for the strip, from what everybody is told about a job. */
export function activityWords(
  job: { state: JobState; stage: JobStage | null; progress: number; held?: string | null } | undefined,
): string | null {
  if (job === undefined || isOver(job.state)) return null;
  if (isHeld(job)) return 'Held';
  if (job.state === 'QUEUED' || job.state === 'THROTTLED') return 'In line';
  if (job.stage !== null && STAGE_STEP[job.stage] > 3) return `Rendering ${Math.round(fraction(job.progress) * 100)} %`;
  return job.state === 'PREVIEW_READY' ? 'Pick a frame' : 'On the board';
}

/** "about 40 s left", or until there are frames to pick from; empty when nobody knows. Never promises zero. */
export function etaWords(etaS: number | null, untilPick = false): string {
  if (etaS === null || !Number.isFinite(etaS) || etaS < 0) return '';
  const time = etaS < 90 ? `about ${Math.max(1, Math.round(etaS))} s` : `about ${Math.round(etaS / 60)} min`;
  return untilPick ? `frames in ${time}` : `${time} left`;
}

/** Whether what runs now ends in frames to pick from. */
export const beforePick = (job: Job): boolean => !job.autoPick && currentStep(job) < STEPS.indexOf('Pick');

/** A progress the bar can show, 0–1, whether the server counts to 1 or to 100. */
export const fraction = (progress: number): number =>
  Math.max(0, Math.min(1, progress > 1 ? progress / 100 : progress));

const VERDICTS: Record<EpistemicState, string> = {
  ACCEPTED: 'shows what the scene says',
  EPISTEMICALLY_INCOMPLETE: 'could not be checked in full',
  REJECTED: 'does not show what the scene says',
  UNCERTAIN_TERMINATION: 'the check did not finish',
};

export const verdictWords = (take: Take): string => VERDICTS[take.epistemicState];

/** Who made it instead of whom, and why; empty where it was made as asked. */
export function standInWords(take: Pick<Take, 'degradations' | 'backend'>): string {
  const [first] = take.degradations;
  if (first === undefined) return '';
  const last = take.degradations.at(-1) ?? first;
  const why = last.why.trim().replace(/[.\s]+$/u, '');
  return `${take.backend} stood in for ${first.wanted}${why === '' ? '' : `: ${why}`}`;
}

export function durationWords(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
