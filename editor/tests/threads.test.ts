import { beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { identity } from '../src/collab/people';
import { Threads } from '../src/story/threads';

const TEXT = 'INT. KITCHEN 🎬 - DAY\n\nANA\nSoup again.\n';

function desk(): { notes: Y.Doc; scene: Y.Doc; script: Y.Text; threads: Threads } {
  const notes = new Y.Doc();
  const scene = new Y.Doc();
  const script = scene.getText('script');
  script.insert(0, TEXT);
  return { notes, scene, script, threads: new Threads({ doc: notes }, { doc: scene }) };
}

const entry = (fields: Record<string, unknown>): Y.Map<unknown> => new Y.Map(Object.entries(fields));

const only = (threads: Threads) => {
  expect(threads.list.value).toHaveLength(1);
  const [thread] = threads.list.value;
  if (thread === undefined) throw new Error('no thread');
  return thread;
};

beforeEach(() => {
  identity.value = { name: 'Ada', color: '#7cc4f0' };
});

describe('E-43: a comment follows its words', () => {
  it('stays with them while others write around and inside', () => {
    const { script, threads } = desk();
    const from = TEXT.indexOf('Soup');
    threads.add(threads.hold(from, from + 'Soup again'.length), ' Why soup? ');
    script.insert(0, 'FADE IN: 🎬\n\n');
    script.insert(script.toString().indexOf('again'), 'once ');
    const thread = only(threads);
    expect(thread).toMatchObject({ text: 'Why soup?', name: 'Ada', quote: 'Soup again', resolved: null });
    expect(script.toString().slice(thread.span?.from, thread.span?.to)).toBe('Soup once again');
  });

  it('holds the words from the moment they were selected', () => {
    const { script, threads } = desk();
    const from = TEXT.indexOf('Soup');
    const held = threads.hold(from, from + 4);
    script.insert(0, 'Typed by Bo meanwhile. ');
    threads.add(held, 'Late, but right.');
    const { span } = only(threads);
    expect(script.toString().slice(span?.from, span?.to)).toBe('Soup');
  });

  it('finds them again by the quotation in a document that was renewed', () => {
    const { notes, script, threads } = desk();
    const from = TEXT.indexOf('Soup again');
    threads.add(threads.hold(from, from + 10), 'Why?');
    const renewed = new Y.Doc();
    renewed.getText('script').insert(0, script.toString());
    const again = new Threads({ doc: notes }, { doc: renewed });
    expect(only(again).span).toEqual({ from, to: from + 10 });
    renewed.getText('script').insert(0, 'Soup again and ');
    expect(only(again).span).toBeNull();
  });

  it('says that the words are gone and keeps the quotation', () => {
    const { script, threads } = desk();
    const from = TEXT.indexOf('Soup');
    threads.add(threads.hold(from, from + 4), 'Why?');
    script.delete(from - 1, 8);
    expect(only(threads)).toMatchObject({ span: null, quote: 'Soup' });
  });
});

describe('E-44: threads are answered, settled and opened again by anybody', () => {
  it('joins what two people did apart', () => {
    const { notes, scene, threads } = desk();
    const id = threads.add(threads.hold(0, 4), 'Inside?');
    const other = new Y.Doc();
    Y.applyUpdate(other, Y.encodeStateAsUpdate(notes));
    const theirs = new Threads({ doc: other }, { doc: scene });
    identity.value = { name: 'Bo', color: '#f2b45a' };
    theirs.reply(id, 'Outside.');
    theirs.resolve(id, true);
    identity.value = { name: 'Ada', color: '#7cc4f0' };
    threads.reply(id, 'Hm.');
    Y.applyUpdate(notes, Y.encodeStateAsUpdate(other));
    const thread = only(threads);
    expect(thread.replies.map((reply) => `${reply.name}: ${reply.text}`).sort()).toEqual(['Ada: Hm.', 'Bo: Outside.']);
    expect(thread.resolved?.name).toBe('Bo');
    threads.resolve(id, false);
    expect(only(threads).resolved).toBeNull();
  });

  it('comes in the order of the page, what lost its words last', () => {
    const { script, threads } = desk();
    const at = TEXT.indexOf('ANA');
    threads.add(threads.hold(at, at + 3), 'two');
    threads.add(threads.hold(0, 4), 'one');
    const soup = TEXT.indexOf('Soup');
    threads.add(threads.hold(soup, soup + 4), 'gone');
    script.delete(soup, 4);
    expect(threads.list.value.map((thread) => thread.text)).toEqual(['one', 'two', 'gone']);
  });
});

it('E-45: what others wrote into the notes and is no comment is left out', () => {
  const { notes, threads } = desk();
  const comments = notes.getMap<unknown>('comments');
  comments.set('a', 'words');
  comments.set('b', entry({ text: 7 }));
  comments.set('c', entry({ text: 'odd', name: 3, at: 'x', anchor: { start: { item: 'no' }, end: null }, resolved: 'yes' }));
  comments.set('d', entry({ text: 'lost', parent: 'nobody' }));
  expect(threads.list.value).toMatchObject([{ id: 'c', name: 'Someone', at: 0, span: null, resolved: null, replies: [] }]);
});
