/** The list behind the palette: every command with its words and its keys, for the moment the palette opens. */
import { signal } from '@preact/signals';
import * as api from '../api/operations';
import { saveCheckpoint } from '../api/past';
import { identity } from '../collab/people';
import { isOver } from '../story/jobWords';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import { say } from '../story/toasts';
import { revealThread } from '../script/remarks';
import { activeThread, desk, held, reused } from './deskView';
import { mayShare, mayWrite } from '../story/role';
import { modKey } from './keys';
import { breakingDown, cacheReporting, carrying, deleting, factsOpen, graphing, outOfDate, sharing, talking, whoAndWhereOpen } from './sharing';

export interface Command {
  id: string;
  label: string;
  keys?: string;
  run: () => void;
}

/** The heading being changed in its sheet; null while the sheet is closed. */
export const renaming = signal<string | null>(null);

export function commandsOf(story: Story, query: string): Command[] {
  const job = story.generation.job.peek();
  const cards = story.scenes.peek();
  const card = cards.find((each) => each.id === story.sceneId.peek());
  const commands: Command[] = [
    { id: 'generate', label: 'Generate this scene', keys: `${modKey}Enter`, run: () => void story.generate() },
    { id: 'new-scene', label: 'New scene after this one', keys: `${modKey}⇧ Enter`, run: () => void story.addScene() },
  ];
  if (job !== null && !isOver(job.state)) {
    commands.push({ id: 'cancel', label: 'Cancel the generation', run: () => void story.generation.cancel() });
  }
  const given = reused.peek();
  if (given !== null) {
    commands.push({ id: 'not-this', label: 'Not this: the film is not what was asked for', run: given.refuse });
    if (given.draw !== null) {
      commands.push({ id: 'draw-frames', label: 'Draw frames instead of this film', run: given.draw });
    }
    if (given.another !== null) {
      commands.push({ id: 'another', label: 'Not this, generate another film', run: given.another });
    }
  }
  if (card !== undefined) {
    commands.push(
      { id: 'up', label: 'Move this scene up', keys: 'Alt ↑ in the strip', run: () => story.move(card.id, card.number - 2) },
      { id: 'down', label: 'Move this scene down', keys: 'Alt ↓ in the strip', run: () => story.move(card.id, card.number) },
      {
        id: 'lock',
        label: card.status === 'LOCKED' ? 'Unlock this scene' : 'Lock this scene',
        run: () => void story.toggleLock(),
      },
      {
        id: 'history',
        label: story.past.open.peek() ? 'Back to writing' : 'History of this scene: who wrote what, and when',
        keys: `${modKey}Alt H`,
        run: () => story.past.toggle(),
      },
      { id: 'table', label: 'Table read: talk to this scene', keys: `${modKey}Alt T`, run: () => void (talking.value = true) },
      { id: 'comment', label: 'Comment on the selected words', keys: `${modKey}Alt M`, run: () => commentSelection(story) },
      { id: 'next-comment', label: 'Next comment in the text', run: () => nextComment(story) },
      { id: 'rename', label: 'Change the heading of this scene', run: () => (renaming.value = card.heading) },
    );
  }
  for (const brain of story.brains.peek()) {
    commands.push({ id: `brain-${brain.id}`, label: `Brain: ${brain.name}`, run: () => void story.chooseBrain(brain.id) });
  }
  commands.push(
    ...(mayWrite.peek()
      ? [{ id: 'save', label: 'Save a version of the whole project', run: () => void saveVersion(story) }]
      : []),
    { id: 'export', label: 'Save the screenplay as .fountain', run: () => void download(story) },
    ...(mayShare.peek()
      ? [
          { id: 'share', label: 'Share this project: links for people', run: () => void (sharing.value = true) },
          { id: 'delete', label: 'Delete this project', run: () => void (deleting.value = true) },
        ]
      : []),
    { id: 'breakdown', label: 'Breakdown sheet: days, cast, props, wardrobe', run: () => void (breakingDown.value = true) },
    { id: 'who', label: 'Who and where: people, voices, places, light', run: () => void (whoAndWhereOpen.value = true) },
    { id: 'graph', label: 'Story graph: people, scenes, places', run: () => void (graphing.value = true) },
    { id: 'facts', label: 'Facts: what holds here, read or set', keys: `${modKey}Alt F`, run: () => void (factsOpen.value = true) },
    ...(card !== undefined ? [{ id: 'carries', label: 'What this scene carries from those before it', run: () => void (carrying.value = true) }] : []),
    { id: 'cache', label: 'Cache report: what was reused, and what that saved', run: () => void (cacheReporting.value = true) },
    ...(mayWrite.peek()
      ? [{ id: 'stale', label: 'Out of date: films that would be made otherwise today', run: () => void (outOfDate.value = true) }]
      : []),
    { id: 'projects', label: 'All projects', run: () => navigate('/') },
    { id: 'next', label: 'Next scene', keys: 'Alt PageDown', run: () => goTo(story, (card?.number ?? 0) + 1) },
    { id: 'previous', label: 'Previous scene', keys: 'Alt PageUp', run: () => goTo(story, (card?.number ?? 2) - 1) },
    { id: 'finding', label: 'Next finding in the text', keys: 'F8', run: () => undefined },
    { id: 'region', label: 'Jump between strip, page and stage', keys: 'F6', run: () => undefined },
    { id: 'pick', label: 'Pick a frame of the board', keys: '1 – 4, Alt 1 – 4 while writing', run: () => undefined },
    { id: 'vote', label: 'Vote for the frame in focus', keys: 'V, arrows from frame to frame', run: () => undefined },
  );
  for (const each of cards) {
    commands.push({ id: each.id, label: `${each.number}  ${each.heading}`, run: () => navigate(pathTo(story.id, each.id)) });
  }
  // Last, since it matches whatever is asked for: what exists goes before what could be added.
  if (query.length > 1) {
    commands.push({ id: 'cast', label: `Add to the cast: ${query}`, run: () => void story.addCast(query.toLocaleUpperCase()) });
  }
  return commands;
}

function commentSelection(story: Story): void {
  const selected = desk.peek()?.state.selection.main;
  if (selected === undefined || selected.empty) say('Select the words first, then comment on them.');
  else held.value = story.threads.peek()?.hold(selected.from, selected.to) ?? null;
}

function nextComment(story: Story): void {
  const view = desk.peek();
  const open = (story.threads.peek()?.list.peek() ?? []).filter((thread) => thread.resolved === null && thread.span !== null);
  const at = open.findIndex((thread) => thread.id === activeThread.peek());
  const next = open[(at + 1) % Math.max(1, open.length)];
  if (view === null || next === undefined) {
    say('Nobody has commented on words of this scene.');
    return;
  }
  activeThread.value = next.id;
  revealThread(view, next);
}

function goTo(story: Story, number: number): void {
  const card = story.scenes.peek()[number - 1];
  if (card !== undefined) navigate(pathTo(story.id, card.id));
}

async function saveVersion(story: Story): Promise<void> {
  const label = new Date().toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  try {
    await saveCheckpoint(story.id, label, identity.peek().name);
    say(`The whole project as it is now is kept as “${label}”.`);
  } catch (cause) {
    say(api.wordsFor(cause), 'bad');
  }
}

async function download(story: Story): Promise<void> {
  try {
    const text = await api.exportFountain(story.id);
    const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${story.title.peek().replace(/[^\p{L}\p{N} _-]+/gu, '').trim() || 'screenplay'}.fountain`;
    link.click();
    URL.revokeObjectURL(url);
  } catch (cause) {
    say(api.wordsFor(cause), 'bad');
  }
}
