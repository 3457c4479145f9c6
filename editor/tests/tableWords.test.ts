import { describe, expect, it } from 'vitest';
import type { Frame, Line, Piece, Proposal } from '../src/api/tableRead';
import { bondWords, knownWords, lineWords, openOf, pieceWords, roleWords, speakerWords, stateWords, stepProposal, sureWords, titled } from '../src/story/tableWords';

const proposal = (over: Partial<Proposal>): Proposal => ({
  id: 'prp_1', role: 'nora', name: 'Nora', kind: 'dialogue', words: 'Here.', sure: 'likely', knows: true, writer: 'grammar', lost: [],
  because: [], findings: [], contradicts: false, state: 'OPEN', ...over,
});
const line = (over: Partial<Line>): Line => ({
  id: 'lin_1', text: 'Where?', as: '', shownAs: 'Ida', at: '', state: 'ANSWERED', writer: 'grammar', model: '', insteadOf: [],
  proposals: [], answerBy: null, ...over,
});
const piece = (over: Partial<Piece>): Piece => ({
  about: 'holds', who: 'nora', words: 'lantern', now: true, quote: { sceneId: 's', start: 0, end: 1, text: 'x' }, ...over,
});
const frame = (over: Partial<Frame>): Frame => ({ role: 'nora', name: 'NORA', pieces: [], bonds: [], remembers: [], ...over });
const bond = { name: 'CARL', trustCompetence: null, trustBenevolence: null, debt: null };

describe('E-110: a table read reads in words', () => {
  it('says who speaks, and as whom', () => {
    expect(speakerWords(line({}))).toBe('Ida');
    expect(speakerWords(line({ as: 'nora', shownAs: '' }))).toBe('Somebody as Nora');
    expect(titled('MARGARET BELL')).toBe('Margaret Bell');
    expect(titled('McCoy')).toBe('McCoy');
  });

  it('says how sure an answer is, who wrote it, and that a role cannot know', () => {
    expect(sureWords(proposal({}))).toBe('Likely · film grammar');
    expect(sureWords(proposal({ knows: false, writer: 'openai' }))).toBe('Does not know · openai');
    expect(sureWords(proposal({ writer: 'person' }))).toBe('As it was said');
    expect(stateWords.LAPSED).toContain('newer');
  });

  it('says what waits and who stood in', () => {
    expect(lineWords(line({}))).toBe('');
    expect(lineWords(line({ state: 'ANSWERING' }))).toContain('what they know');
    expect(lineWords(line({ state: 'ANSWERING', answerBy: '2026-01-01T00:00:00Z' }))).toContain('Thinking');
    expect(lineWords(line({ insteadOf: ['vllm', 'openai'] }))).toBe('Film grammar answers: vllm, openai gave nothing in time.');
    expect(lineWords(line({ state: 'STOPPED' }))).toContain('Stopped');
  });
});

describe('E-111: what a role knows reads in words', () => {
  it('names others and not oneself', () => {
    expect(pieceWords(piece({}), frame({}))).toBe('has lantern');
    expect(pieceWords(piece({ who: 'ben', now: false }), frame({}))).toBe('Ben had lantern');
    expect(pieceWords(piece({}), frame({ role: '' }))).toBe('Nora has lantern');
    expect(pieceWords(piece({ about: 'looks', words: '34, tired' }), frame({}))).toBe('34, tired');
    expect(pieceWords(piece({ about: 'seen_at', who: 'ben', words: 'MILL' }), frame({}))).toBe('Ben was last seen at Mill');
    expect(pieceWords(piece({ about: 'mood', words: 'low' }), frame({}))).toBe('mood: low');
  });

  it('says ties and counts', () => {
    expect(bondWords({ ...bond, trustBenevolence: -0.6, debt: 0.2 })).toBe('distrusts and owes Carl');
    expect(bondWords({ ...bond, trustCompetence: 0.8 })).toBe('trusts Carl');
    expect(bondWords(bond)).toBe('has been with Carl');
    expect([roleWords(frame({ role: '' })), roleWords(frame({}))]).toEqual(['Narrator', 'Nora']);
    expect(knownWords(frame({}))).toBe('knows nothing yet');
    expect(knownWords(frame({ pieces: [piece({})] }))).toBe('knows one thing');
    expect(knownWords(frame({ pieces: [piece({})], bonds: [bond] }))).toBe('knows 2 things');
  });
});

describe('E-112: proposals are decided from the keyboard', () => {
  const told = [
    line({ proposals: [proposal({ id: 'a' }), proposal({ id: 'b', state: 'ACCEPTED' })] }),
    line({ id: 'lin_2', proposals: [proposal({ id: 'c' })] }),
  ];

  it('goes from one that is open to the next', () => {
    expect(openOf(told).map((each) => each.id)).toEqual(['a', 'c']);
    expect(stepProposal(told, 'a', 1)?.id).toBe('c');
    expect(stepProposal(told, 'c', 1)).toBeUndefined();
    expect(stepProposal(told, 'c', -1)?.id).toBe('a');
  });
});
