import { describe, expect, it } from 'vitest';
import type { Job, JobStage, JobState } from '../src/api/types';
import { activityWords, awaitsPick, beforePick, currentStep, etaWords, fraction, headline, isHeld, standInWords, STEPS, steps } from '../src/story/jobWords';
import { pageWords, playWords, slug } from '../src/ui/sceneWords';

const STATES: JobState[] = [
  'QUEUED', 'PROCESSING', 'SCRIPT_READY', 'CONTINUITY_CHECKED', 'PREVIEW_READY', 'THROTTLED', 'FINAL_READY', 'FAILED', 'CANCELLED',
];
const STAGES: (JobStage | null)[] = [
  null, 'SCRIPT_EXPANSION', 'CONTINUITY_VALIDATION', 'CACHE_LOOKUP', 'STORYBOARD', 'VIDEO_GENERATION', 'POST_PROCESSING',
  'UPLOAD', 'OBSERVATION', 'FINALIZATION',
];

const job = (change: Partial<Job>): Job => ({
  id: 'job_1', sceneId: 'scn_1', state: 'QUEUED', stage: null, progress: 0, message: null, held: null, queuePosition: null, etaS: null,
  error: null, panels: [], earlierPanels: [], shots: [], pickBy: null, previewUrl: null, autoPick: false, take: null, ...change,
});
const panel = (picked: boolean) => ({ id: `pan_${picked}`, imageUrl: '/x', seed: '1', votes: 0, picked, shot: 0, candidate: 0, note: '' });

describe('E-20: a generation always has words and one current step', () => {
  it('holds for every state and stage', () => {
    for (const state of STATES) {
      for (const stage of STAGES) {
        const each = job({ state, stage });
        expect(headline(each)).not.toBe('');
        const current = steps(each).filter((step) => step.state === 'current').length;
        expect(current).toBe(['FINAL_READY', 'FAILED', 'CANCELLED'].includes(state) ? 0 : 1);
      }
    }
  });

  it('E-101: says that it waits, where continuity holds it', () => {
    const held = job({ state: 'SCRIPT_READY', stage: 'CONTINUITY_VALIDATION', held: 'Held for one contradiction.' });
    expect([isHeld(held), headline(held), STEPS[currentStep(held)]]).toEqual([true, 'Held for you', 'Continuity']);
    expect(activityWords({ ...held })).toBe('Held');
  });

  it('waits for a person only while no frame is picked', () => {
    const waiting = job({ state: 'PREVIEW_READY', stage: 'STORYBOARD', panels: [panel(false)] });
    expect(awaitsPick(waiting)).toBe(true);
    expect(headline(waiting)).toBe('Pick a frame');
    expect(STEPS[currentStep(waiting)]).toBe('Pick');
    const picked = job({ state: 'PREVIEW_READY', stage: 'VIDEO_GENERATION', panels: [panel(true)] });
    expect(awaitsPick(picked)).toBe(false);
    expect(STEPS[currentStep(picked)]).toBe('Render');
  });

  it('says the place in the line', () => {
    expect(headline(job({ queuePosition: 1 }))).toBe('In line, next');
    expect(headline(job({ queuePosition: 2 }))).toBe('In line, 2nd');
    expect(headline(job({ queuePosition: 11 }))).toBe('In line, 11th');
    expect(headline(job({ state: 'PROCESSING', stage: 'VIDEO_GENERATION', queuePosition: 3 }))).toBe('In line, 3rd');
    expect(headline(job({ state: 'PROCESSING', stage: 'VIDEO_GENERATION', queuePosition: 1 }))).toBe('Rendering the picture');
  });

  it('tells the strip in two words, and nothing once it is over', () => {
    expect(activityWords({ state: 'PROCESSING', stage: 'VIDEO_GENERATION', progress: 0.42 })).toBe('Rendering 42 %');
    expect(activityWords({ state: 'PREVIEW_READY', stage: 'STORYBOARD', progress: 0.3 })).toBe('Pick a frame');
    expect(activityWords({ state: 'FINAL_READY', stage: null, progress: 1 })).toBeNull();
    expect(activityWords(undefined)).toBeNull();
  });
});

it('E-21: an estimate never promises zero, and is silent when unknown', () => {
  expect(etaWords(null)).toBe('');
  expect(etaWords(0)).toBe('about 1 s left');
  expect(etaWords(40.4)).toBe('about 40 s left');
  expect(etaWords(300)).toBe('about 5 min left');
  expect(etaWords(12, beforePick(job({ stage: 'STORYBOARD' })))).toBe('frames in about 12 s');
  expect(beforePick(job({ stage: 'STORYBOARD', autoPick: true }))).toBe(false);
  expect(beforePick(job({ state: 'PROCESSING', stage: 'VIDEO_GENERATION' }))).toBe(false);
  expect(fraction(0.5)).toBe(0.5);
  expect(fraction(50)).toBe(0.5);
  expect(fraction(-1)).toBe(0);
});

it('E-89: a take that somebody else made than was asked says who, for whom and why', () => {
  expect(standInWords({ backend: 'animatic', degradations: [] })).toBe('');
  const first = { wanted: 'film-1', used: 'film-2', code: 'QUOTA', why: 'no credit is left.' };
  expect(standInWords({ backend: 'film-2', degradations: [first] })).toBe('film-2 stood in for film-1: no credit is left');
  const second = { wanted: 'film-1', used: 'animatic', code: 'TIMEOUT', why: '' };
  expect(standInWords({ backend: 'animatic', degradations: [first, second] })).toBe('animatic stood in for film-1');
});

it('E-22: headings are taken apart for the strip', () => {
  expect(slug('INT. LAMP WORKSHOP - NIGHT')).toEqual({ place: 'LAMP WORKSHOP', when: 'Int · Night' });
  expect(slug('INT./EXT. CAR - MOVING - DAY')).toEqual({ place: 'CAR - MOVING', when: 'Int./ext · Day' });
  expect(slug('EXT. ROAD')).toEqual({ place: 'ROAD', when: 'Ext' });
  expect(slug('A DREAM')).toEqual({ place: 'A DREAM', when: '' });
  expect(pageWords(3)).toBe('3/8 page');
  expect(pageWords(8)).toBe('1 page');
  expect(pageWords(10)).toBe('1 2/8 pages');
  expect(playWords(4)).toBe('about 30 s');
  expect(playWords(12)).toBe('about 1:30 min');
});
