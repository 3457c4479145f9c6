import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { BoardShot, Job, Panel } from '../src/api/types';
import { decidedWords, frameByDigit, keyShot, leading, leftWords, pictureOf, rowsOf, shotWords, tickMs, voteWords } from '../src/story/boardWords';
import { awaitsPick } from '../src/story/jobWords';
import { askedWords, priceWords, shotsWords, sourceWords } from '../src/story/sentWords';
import { Votes } from '../src/story/votes';

const panel = (shot: number, candidate: number, change: Partial<Panel> = {}): Panel => ({
  id: `pnl_${shot}_${candidate}`, imageUrl: '/x', seed: '1', votes: 0, picked: false, note: '', shot, candidate, ...change,
});
const shot = (number: number, change: Partial<BoardShot> = {}): BoardShot => ({
  shot: number, words: 'wide shot, eye level, pan right. MARGARET; TOMAS. FERRY PIER, exterior', note: '', pickedPanelId: null, ...change,
});
const job = (change: Partial<Job>): Job => ({
  id: 'job_1', sceneId: 'scn_1', state: 'PREVIEW_READY', stage: 'STORYBOARD', progress: 0, message: null, held: null, queuePosition: null,
  etaS: null, error: null, panels: [panel(1, 0), panel(1, 1), panel(0, 0)], earlierPanels: [], shots: [shot(0), shot(1)],
  pickBy: null, previewUrl: null, autoPick: false, take: null, ...change,
});

describe('E-83: a board has a row for each shot, and one of them stands for the scene', () => {
  it('puts every frame into its shot, in story order; the key shot is whose frames come first', () => {
    const board = job({ earlierPanels: [panel(0, 0, { id: 'old' })] });
    expect(rowsOf(board).map((row) => [row.shot, row.frames.length, row.earlier.length])).toEqual([[0, 1, 1], [1, 2, 0]]);
    expect(keyShot(board)).toBe(1);
    expect(frameByDigit(board, '2')?.id).toBe('pnl_1_1');
    expect(frameByDigit(board, '3')).toBeUndefined();
    const [first] = rowsOf(board);
    expect(first === undefined ? '' : shotWords(first)).toBe('wide shot · MARGARET; TOMAS');
  });

  it('reads a job that knows of no shots as one of its key shot', () => {
    expect(rowsOf(job({ shots: [] })).map((row) => row.frames.length)).toEqual([2]);
  });

  it('waits until every shot is decided, and says how many are', () => {
    const [a, b] = [shot(0, { pickedPanelId: 'pnl_0_0' }), shot(1)];
    expect(awaitsPick(job({ shots: [a, b] }))).toBe(true);
    expect(decidedWords(job({ shots: [a, b] }))).toBe('1 of 2 shots decided');
    expect(decidedWords(job({}))).toBe('2 shots to decide');
    expect(awaitsPick(job({ shots: [a, { ...b, pickedPanelId: 'pnl_1_1' }] }))).toBe(false);
  });

  it('films what is picked, else what most voted for, else the first', () => {
    const frames = [panel(1, 0, { votes: 1 }), panel(1, 1, { votes: 2 }), panel(1, 2, { votes: 2 })];
    const row = { shot: 1, words: '', note: '', frames, earlier: [], pickedId: null };
    expect(leading(row)?.candidate).toBe(1);
    expect(leading({ ...row, pickedId: 'pnl_1_0' })?.candidate).toBe(0);
    expect(leading({ ...row, frames: [panel(1, 0), panel(1, 1)] })?.candidate).toBe(0);
  });
});

describe('E-84: a vote is one entry of a person for a frame', () => {
  it('is given, shown to others and taken back', () => {
    const [here, there] = [new Y.Doc(), new Y.Doc()];
    here.on('update', (update: Uint8Array) => Y.applyUpdate(there, update));
    const [mine, theirs] = [new Votes({ doc: here }), new Votes({ doc: there })];
    expect(mine.toggle('pnl_1', 'usr_ada')).toBe(true);
    expect(theirs.byPanel.value.get('pnl_1')?.map((vote) => vote.principal)).toEqual(['usr_ada']);
    expect(mine.toggle('pnl_1', 'usr_ada')).toBe(false);
    expect(theirs.byPanel.value.size).toBe(0);
    mine.stop();
    theirs.stop();
  });

  it('leaves out what is no vote', () => {
    const doc = new Y.Doc();
    doc.getMap('votes').set('pnl_1/usr_x', 'a text');
    doc.getMap('votes').set('nonsense', new Y.Map());
    expect(new Votes({ doc }).byPanel.value.size).toBe(0);
    expect(voteWords([])).toBe('no votes');
    expect(voteWords(['Ada', 'Bo'])).toBe('2 votes: Ada, Bo');
  });
});

it('E-85: what is left never reads as nothing while something is left, and is looked at as often as it changes', () => {
  expect([1, 25_000, 89_000].map(leftWords)).toEqual(['1 s', '25 s', '89 s']);
  expect([240_000, 23 * 3_600_000, 40 * 3_600_000].map(leftWords)).toEqual(['4 min', '23 h', '2 days']);
  expect(leftWords(-5)).toBe('0 s');
  expect(tickMs(60_000)).toBe(1000);
  expect(tickMs(86_400_000)).toBeGreaterThan(60_000);
});

it('E-90: the screen shows the film in the making, else the picked frame, else the one looked at', () => {
  expect(pictureOf(null, null)).toBeNull();
  expect(pictureOf(job({ state: 'FINAL_READY' }), null)).toBeNull();
  const panels = [panel(1, 0, { imageUrl: '/a' }), panel(1, 1, { imageUrl: '/b', picked: true })];
  expect(pictureOf(job({ panels }), 'pnl_1_0')?.url).toBe('/a');
  const rendering = job({ panels, state: 'PROCESSING', stage: 'VIDEO_GENERATION' });
  expect(pictureOf(rendering, 'pnl_1_0')).toEqual({ url: '/b', words: 'The picked frame, being rendered', dim: true });
  expect(pictureOf({ ...rendering, previewUrl: '/p' }, null)).toEqual({ url: '/p', words: 'The film so far', dim: false });
});

it('E-87: what is sent says for what, who put words in, how long it is, and what the film would take', () => {
  expect([askedWords({ step: 'storyboard' }), askedWords({ step: 'video' })]).toEqual(['Sent for the board', 'Sent for the film']);
  expect([sourceWords('note'), sourceWords('someone')]).toEqual(['A note', 'someone']);
  const each = { shot: 0, prompt: 'a', durationS: 2.4 };
  expect([shotsWords({ shots: [each] }), shotsWords({ shots: [each, { ...each, shot: 1 }] })]).toEqual(['1 shot, 0:02', '2 shots, 0:05']);
  const price = { backend: 'sora', cost: 6, unit: 'usd', workS: 95 };
  expect(priceWords(price)).toBe('sora, about 6.00 usd, 1:35 of work');
  expect(priceWords({ ...price, cost: 0, workS: null })).toBe('sora, nothing to pay');
});
