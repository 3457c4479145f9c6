import { describe, expect, it } from 'vitest';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { announce, cleanName, colourFor, COLOURS, initials, peopleIn, placeInQueue, settleColour } from '../src/collab/people';
import { readFindings } from '../src/story/live';
import { parseRoute, pathTo } from '../src/story/router';
import { decode, titleOf } from '../src/ui/importing';

function awareness(others: Record<number, unknown>): Awareness {
  const doc = new Y.Doc();
  doc.clientID = 50;
  const made = new Awareness(doc);
  for (const [id, state] of Object.entries(others)) made.states.set(Number(id), state as Record<string, unknown>);
  return made;
}

describe('E-30: people have a name and one colour everywhere', () => {
  it('keeps names short, single-spaced and whole in their characters', () => {
    expect(cleanName('  Ada \n Lovelace ')).toBe('Ada Lovelace');
    expect([...cleanName('🎬'.repeat(60))]).toHaveLength(40);
    expect(initials('Ada Lovelace')).toBe('AL');
    expect(initials('ليلى')).toBe('ل');
    expect(initials('')).toBe('?');
    expect(COLOURS).toContain(colourFor('Ada'));
    expect(colourFor('Ada')).toBe(colourFor('Ada'));
  });

  it('lists this tab first, skips the server and states without a name, and distrusts colours', () => {
    const room = awareness({ 7: { jobs: {} }, 9: {}, 12: { user: { name: 'Bo', color: 'url(x)' }, sceneId: 'scn_2' } });
    announce(room, { name: 'Ada', color: '#f2b45a' }, 'scn_1');
    const people = peopleIn(room);
    expect(people.map((person) => person.name)).toEqual(['Ada', 'Bo']);
    expect(people[1]).toMatchObject({ color: colourFor('Bo'), sceneId: 'scn_2', self: false });
    room.destroy();
  });

  it('gives way to an older client with the same colour', () => {
    const taken = COLOURS[0];
    const older = awareness({ 3: { user: { name: 'Bo', color: taken } } });
    expect(settleColour(older, { name: 'Ada', color: taken })).toBe(COLOURS[1]);
    const younger = awareness({ 90: { user: { name: 'Bo', color: taken } } });
    expect(settleColour(younger, { name: 'Ada', color: taken })).toBe(taken);
    older.destroy();
    younger.destroy();
  });
});

it('E-31: the address names the project and the scene', () => {
  expect(parseRoute('/')).toEqual({ projectId: null, sceneId: null });
  expect(parseRoute(pathTo('prj_1'))).toEqual({ projectId: 'prj_1', sceneId: null });
  expect(parseRoute(pathTo('prj_1', 'scn_2'))).toEqual({ projectId: 'prj_1', sceneId: 'scn_2' });
});

it('E-32: a dropped file is read as what it is', () => {
  expect(titleOf('Title: The Long Road\nAuthor: N')).toBe('The Long Road');
  expect(titleOf('\uFEFFTitle:\n    _**Big Fish**_\n')).toBe('Big Fish');
  expect(titleOf('INT. A - DAY\n\nTitle: not here')).toBeNull();
  expect(decode(new TextEncoder().encode('ليلى 🎬').buffer as ArrayBuffer)).toBe('ليلى 🎬');
  expect(decode(new Uint8Array([0x43, 0x61, 0x66, 0xe9]).buffer)).toBe('Café');
});

it('E-33: findings of an unexpected shape are skipped, never shown half', () => {
  expect(readFindings('nonsense')).toEqual([]);
  expect(readFindings([null, 3, {}, { message: 'Who is this?', severity: 'LOUD' }])).toEqual([
    { id: 'finding:Who is this?', code: 'FINDING', severity: 'WARNING', message: 'Who is this?', suggestion: null, evidence: [], fix: null, waived: false, waiver: null, reasons: [] },
  ]);
});

it('R-74: a tab that waits for a large document knows its place, and is shown no ghost for it', () => {
  const waiting = awareness({ 7: { server: true, joining: { position: 12, waiting: 150 } } });
  expect(placeInQueue(waiting)).toBe(12);
  expect(peopleIn(waiting)).toEqual([]);
  expect(placeInQueue(awareness({ 8: { joining: { position: 1 }, user: { name: 'Mallory' } } }))).toBeNull();
  expect(placeInQueue(awareness({}))).toBeNull();
});
