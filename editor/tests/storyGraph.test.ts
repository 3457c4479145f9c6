import { describe, expect, it } from 'vitest';
import type { GraphNode, Link, Said } from '../src/api/storyGraph';
import { bent, byForces, inOrder, toward } from '../src/story/graphLayout';
import { besideOf } from '../src/story/graphQuestions';
import * as words from '../src/story/graphWords';

const [anna, ben, carl] = ['character:anna', 'character:ben', 'character:carl'] as const;
const bare = { strength: null, trustCompetence: null, trustBenevolence: null, debt: null, traversalCost: null, evidence: [] };
const told = { kind: 'told' as const, words: '', sceneId: 'scn_1', quote: 'Ben, answer me.', takeId: null, observation: null };
const tie = (source: string, target: string, change: Partial<Link> = {}): Link => ({
  ...bare, label: 'RELATES_TO', source, target, strength: 2, evidence: [told], ...change,
});
const node = (id: string, ties = 1): GraphNode => ({ id, name: id.toUpperCase(), ties, storyDay: null, state: { sceneId: null, at: null, seen: [] } });
const scene = (id: string): string => `scene ${id.slice(4)}`;
const all = { layers: new Set(['told', 'seen', 'author'] as const), kinds: new Set(['plain', 'trust', 'tension', 'next', 'causes', 'ways', 'inside']) };

describe('E-125: the story graph is a picture one can walk, and says in words what it draws', () => {
  it('says what an edge is worth, and draws it so', () => {
    const close = tie(anna, ben, { strength: 9, trustCompetence: -0.8, debt: 0.2 });
    expect(words.worthWords(close, 9)).toBe('close (9), distrusts −0.8, owes 0.2');
    expect(words.worthWords(tie(anna, ben, { strength: null }), 9)).toBe('a tie');
    expect([words.toneOf(close), words.toneOf(tie(anna, ben, { trustCompetence: 0.6 })), words.toneOf(tie(anna, ben))]).toEqual([
      'distrust', 'trust', 'plain',
    ]);
    expect(words.widthOf(close, 9)).toBeGreaterThan(words.widthOf(tie(anna, ben), 9));
    const way = (traversalCost: number | null): Link => tie('setting:pier', 'setting:room', { label: 'ADJACENT_TO', traversalCost });
    expect([words.worthWords(way(2.5), 0), words.worthWords(way(null), 0)]).toEqual(['a way that costs 2.5', 'a way, its cost untold']);
    expect(words.widthOf(way(1), 0)).toBeGreaterThan(words.widthOf(way(6), 0));
    const next = tie('scn_1', 'scn_2', { label: 'LEADS_TO', evidence: [{ ...told, words: 'told next' }] });
    expect([words.worthWords(next, 1), words.worthWords({ ...next, evidence: [] }, 1)]).toEqual(['told next', 'sets it going']);
  });

  it('says why an edge is there: the words, the film, the person', () => {
    expect(words.evidenceWords(told, scene)).toBe('scene 1: “Ben, answer me.”');
    expect(words.evidenceWords({ ...told, kind: 'seen' }, scene)).toBe('Seen in the film of scene 1');
    expect(words.evidenceWords({ ...told, kind: 'author', sceneId: null, words: 'He lied.' }, scene)).toBe('A person says so: He lied.');
    const { quote: _, ...unread } = told;
    expect(words.evidenceWords({ ...unread, words: 'sets going: lantern' }, scene)).toBe('scene 1: sets going: lantern');
  });

  it('shows the layers and kinds that are wanted', () => {
    const links = [tie(anna, ben), tie(ben, carl, { trustCompetence: -0.9, evidence: [{ ...told, kind: 'author' }] })];
    expect(words.filtered('people', links, all)).toEqual(links);
    expect(words.filtered('people', links, { ...all, kinds: new Set(['tension']) })).toEqual([links[1]]);
    expect(words.filtered('people', links, { ...all, layers: new Set(['told']) })).toEqual([links[0]]);
    expect(words.filtered('people', links, { ...all, layers: new Set() })).toEqual([]);
  });

  it('sums up, and has words where nothing is there', () => {
    expect(words.summaryWords('people', 3, 3, 1)).toBe('3 people, 1 edge.');
    expect(words.summaryWords('people', 900, 150, 400)).toBe('150 of 900 people, those nearest to the one chosen; the 400 strongest edges.');
    expect(words.summaryWords('scenes', 0, 0, 0)).toContain('when it is locked');
    expect(words.summaryWords('places', 0, 0, 0)).toContain('headings');
  });

  it('begins a crowd with whom most are tied to, and scenes with those around the open one', () => {
    expect(words.mostTied([node(anna, 2), node(ben, 5), node(carl, 5)])?.id).toBe(ben);
    expect(words.mostTied([])).toBeNull();
    const scenes = Array.from({ length: 300 }, (_, at) => node(`scn_${at}`));
    const shown = words.windowOf(scenes, 'scn_200', 150);
    expect([shown.length, shown[0]?.id]).toEqual([150, 'scn_125']);
    expect(words.windowOf(scenes, 'scn_299', 150).at(-1)?.id).toBe('scn_299');
    expect(words.windowOf(scenes, null, 150)[0]?.id).toBe('scn_0');
  });

  it('knows whom one reaches, in how many steps', () => {
    const links = [tie(anna, ben), tie(carl, ben), tie(carl, 'character:dora'), tie('character:eve', 'character:fay')];
    expect([...words.reach(links, anna, 2)]).toEqual([[anna, 0], [ben, 1], [carl, 2]]);
    expect(words.reach(links, anna, 4).get('character:dora')).toBe(3);
    expect(words.reach(links, anna, 4).has('character:fay')).toBe(false);
  });

  it('lays out the same graph at the same places, nobody on top of another, a thousand edges in time', () => {
    const ids = Array.from({ length: 150 }, (_, at) => `character:${at}`);
    const pulls = Array.from({ length: 1000 }, (_, at) => ({ source: `character:${at % 150}`, target: `character:${(at * 7 + 1) % 150}`, near: (at % 10) / 10 }));
    const one = byForces(ids, pulls);
    expect([...one.at.values()]).toEqual([...byForces(ids, pulls).at.values()]);
    const places = [...one.at.values()];
    const near = places.flatMap((a, at) => places.slice(at + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)));
    expect(Math.min(...near)).toBeGreaterThan(50);
    for (const place of places) {
      expect(place.x).toBeLessThan(one.width);
      expect(place.y).toBeLessThan(one.height);
      expect(Math.min(place.x, place.y)).toBeGreaterThan(0);
    }
    expect(byForces([], []).at.size).toBe(0);
  });

  it('puts scenes in rows, in the order told, and walks by arrows to whom one is tied', () => {
    const picture = inOrder(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    expect(toward(picture, 'a', 'ArrowRight', new Set())).toBe('b');
    expect(toward(picture, 'a', 'ArrowRight', new Set(['c']))).toBe('c');
    expect(toward(picture, 'a', 'ArrowDown', new Set())).toBe('g');
    expect(toward(picture, 'a', 'ArrowLeft', new Set())).toBeNull();
    expect(toward(picture, 'gone', 'ArrowLeft', new Set())).toBe('a');
    const [a, b] = [picture.at.get('a')!, picture.at.get('b')!];
    expect(bent(a, b, 20)).not.toBe(bent(b, a, 20));
    expect([...besideOf([tie(anna, ben), tie(carl, anna)], anna)]).toEqual([ben, carl]);
  });
});

/** What the server keeps of one edge: told and said, as `setRelation` has it. */
function server(before: Link | null): { link: () => Link | null; say: (said: Said) => void } {
  const scripts = before === null ? null : { ...before, ...(before.evidence.some((each) => each.kind === 'author') ? { trustCompetence: null, debt: null } : {}), evidence: before.evidence.filter((each) => each.kind !== 'author') };
  let people: Said | null = null;
  const authored = before?.evidence.find((each) => each.kind === 'author');
  if (before !== null && authored !== undefined) people = { ...before, words: authored.words };
  return {
    say: (said) => {
      people = said.cleared === true ? null : { ...people, ...said };
    },
    link: () => {
      if (people?.removed === true || (people === null && (scripts === null || scripts.evidence.length === 0))) return null;
      const base = scripts ?? tie(anna, ben, { strength: null, evidence: [] });
      if (people === null) return base;
      const { trustCompetence = null, debt = null, words: why = '' } = people;
      return { ...base, trustCompetence, debt, evidence: [...base.evidence, { ...told, kind: 'author', sceneId: null, quote: null, words: why }] };
    },
  };
}

describe('E-126: what a person says of an edge can be taken back to what stood before', () => {
  const author = { ...told, kind: 'author' as const, sceneId: null, quote: null, words: 'He lied.' };
  const edge = { label: 'RELATES_TO' as const, source: anna, target: ben };
  const sayings: Said[] = [{ ...edge, trustCompetence: 0.9 }, { ...edge, removed: true }, { ...edge, debt: 1 }, { ...edge, cleared: true }];
  const befores = [null, tie(anna, ben), tie(anna, ben, { trustCompetence: -0.8, evidence: [told, author] }), tie(anna, ben, { strength: null, debt: 0.4, evidence: [author] })];

  it('whatever was said, and whatever stood there', () => {
    for (const before of befores) {
      for (const said of sayings) {
        const kept = server(before);
        const stood = kept.link();
        kept.say(said);
        for (const back of words.undoOf(said, before)) kept.say(back);
        expect(kept.link()).toEqual(stood);
      }
    }
  });

  it('gives back what a way cost', () => {
    const way = tie('setting:pier', 'setting:room', { label: 'ADJACENT_TO', traversalCost: 3, evidence: [author] });
    const said: Said = { label: 'ADJACENT_TO', source: way.source, target: way.target, traversalCost: 9 };
    expect(words.undoOf(said, way).at(-1)).toMatchObject({ traversalCost: 3, words: 'He lied.' });
  });

  it('takes numbers as people write them, within bounds', () => {
    expect([' −0,8 ', '1', '', '2', 'x', '-1.01'].map((text) => words.typedNumber(text, -1, 1))).toEqual([-0.8, 1, null, undefined, undefined, undefined]);
  });
});
