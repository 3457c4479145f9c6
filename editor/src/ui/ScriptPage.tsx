/** The page in the middle. Mounts one CodeMirror per scene and keeps it in step with findings and the lock. */
import { signal, useComputed, useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { EditorView } from '@codemirror/view';
import { openPage, setLocked } from '../script/editor';
import { eighths } from '../script/fountain';
import { showFindings } from '../script/margin';
import { showThreads } from '../script/remarks';
import { mayComment, mayWrite, readerWords } from '../story/role';
import { NEW_PLACE, type Story } from '../story/story';
import { activeThread, desk, held, outdated } from './deskView';
import { pageWords, playWords } from './sceneWords';

export function ScriptPage({ story }: { story: Story }) {
  const room = story.room.value;
  const card = story.scenes.value.find((each) => each.id === story.sceneId.value);
  const ready = useComputed(() => story.room.value?.synced.value ?? false);
  return (
    <main class="paper-desk" aria-label="Script" data-region="page">
      {card !== undefined && <Slug story={story} number={card.number} locked={card.status === 'LOCKED'} />}
      {room !== null && ready.value ? (
        <Paper key={room.name} story={story} />
      ) : (
        <PaperGhost empty={story.project.value !== null && story.scenes.value.length === 0} />
      )}
    </main>
  );
}

/** The line above the page: which scene, how long it is, and the lock. */
function Slug({ story, number, locked }: { story: Story; number: number; locked: boolean }) {
  const size = length.value;
  return (
    <div class="slug">
      <span class="slug-number">
        Scene {number} <span class="slug-of">of {story.scenes.value.length}</span>
      </span>
      {size > 0 && (
        <span>
          {pageWords(size)} · {playWords(size)}
        </span>
      )}
      <button
        type="button"
        class="quiet small slug-past"
        data-testid="history"
        title="Who wrote what, and how it was before"
        onClick={() => void story.past.look()}
      >
        History
      </button>
      {readerWords.value !== '' && (
        <span class="slug-reader" role="note" data-testid="reader">
          {readerWords.value}
        </span>
      )}
      <button
        type="button"
        class="quiet small slug-lock"
        disabled={!mayWrite.value}
        aria-pressed={locked}
        data-testid="lock"
        title={locked ? 'Locked: nobody can change the text' : 'Lock the text of this scene'}
        onClick={() => void story.toggleLock()}
      >
        {locked ? 'Locked' : 'Lock'}
      </button>
    </div>
  );
}

/** Marks the words somebody is about to comment, as if their thread were there already. */
const HELD = 'held';

/** After a pause in typing, findings are matched with the words again. */
const REDRAW_PAUSE_MS = 300;

/** Eighths of a page of the open scene. */
const length = signal(0);

function redraw(story: Story): void {
  const view = desk.peek();
  const sceneId = story.sceneId.peek();
  length.value = view === null ? 0 : eighths(view.state.doc.toString());
  if (view !== null && sceneId !== null) outdated.value = showFindings(view, sceneId, story.findings.peek());
}

function selectPlace(view: EditorView): void {
  const from = view.state.doc.toString().indexOf(NEW_PLACE);
  if (from >= 0) view.dispatch({ selection: { anchor: from, head: from + NEW_PLACE.length } });
  view.focus();
}

function Paper({ story }: { story: Story }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const room = story.room.value;
  useLayoutEffect(() => {
    if (host.current === null || room === null) return undefined;
    const locked = story.status.peek() === 'LOCKED' || !mayWrite.peek();
    let pause: ReturnType<typeof setTimeout> | undefined;
    const opened = openPage(host.current, room, locked, {
      generate: () => void story.generate(),
      known: () => story.names.peek(),
      changed: () => {
        clearTimeout(pause);
        pause = setTimeout(() => redraw(story), REDRAW_PAUSE_MS);
      },
      comment: (from, to) => {
        if (mayComment.peek()) held.value = story.threads.peek()?.hold(from, to) ?? null;
      },
      reached: (thread) => {
        if (thread !== null) activeThread.value = thread;
      },
    });
    view.current = opened;
    desk.value = opened;
    if (story.takeUnnamed()) selectPlace(opened);
    return () => {
      clearTimeout(pause);
      desk.value = null;
      view.current = null;
      opened.destroy();
    };
  }, [room, story]);
  useSignalEffect(() => {
    void story.findings.value;
    void desk.value;
    redraw(story);
  });
  useSignalEffect(() => {
    const opened = desk.value;
    const threads = story.threads.value?.list.value ?? [];
    const words = held.value === null ? null : (story.threads.value?.spanOf(held.value.anchor) ?? null);
    if (opened === null) return;
    if (words === null) showThreads(opened, threads, activeThread.value);
    else showThreads(opened, [...threads, { id: HELD, span: words, resolved: null }], HELD);
  });
  const locked = story.status.value === 'LOCKED' || !mayWrite.value;
  // Before anybody sees that the page may be written in: what is typed at once must not be lost.
  useLayoutEffect(() => {
    if (view.current !== null) setLocked(view.current, locked);
  }, [locked]);
  return <div class="paper" ref={host} />;
}

function PaperGhost({ empty }: { empty: boolean }) {
  if (empty) return <p class="paper-none">A blank project. Add a scene, or drop a .fountain file anywhere.</p>;
  return (
    <div class="paper paper-ghost" role="status" aria-label="Opening the scene">
      {[44, 0, 58, 52, 0, 16, 34, 30, 0, 55].map((width, row) => (
        <span key={row} class="ghost" style={{ width: `${width}ch` }} />
      ))}
    </div>
  );
}
