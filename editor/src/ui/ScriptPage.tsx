/** The page in the middle. Mounts one CodeMirror per scene and keeps it in step with findings and the lock. */
import { useComputed, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { EditorView } from '@codemirror/view';
import { openPage, setLocked } from '../script/editor';
import { showFindings } from '../script/margin';
import type { Story } from '../story/story';
import { desk } from './deskView';

export function ScriptPage({ story }: { story: Story }) {
  const room = story.room.value;
  const card = story.scenes.value.find((each) => each.id === story.sceneId.value);
  const ready = useComputed(() => story.room.value?.synced.value ?? false);
  return (
    <main class="paper-desk" aria-label="Script" data-region="page">
      {card !== undefined && (
        <div class="slug">
          <span class="slug-number">Scene {card.number}</span>
          <span class="slug-place" dir="auto">
            {card.heading}
          </span>
          {card.status === 'LOCKED' && <span class="slug-lock">Locked</span>}
        </div>
      )}
      {room !== null && ready.value ? (
        <Paper key={room.name} story={story} />
      ) : (
        <PaperGhost empty={story.project.value !== null && story.scenes.value.length === 0} />
      )}
    </main>
  );
}

function Paper({ story }: { story: Story }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const room = story.room.value;
  useLayoutEffect(() => {
    if (host.current === null || room === null) return undefined;
    const locked = story.status.peek() === 'LOCKED';
    const opened = openPage(host.current, room, locked, { generate: () => void story.generate() });
    view.current = opened;
    desk.value = opened;
    return () => {
      desk.value = null;
      view.current = null;
      opened.destroy();
    };
  }, [room, story]);
  useSignalEffect(() => {
    const findings = story.findings.value;
    const sceneId = story.sceneId.peek();
    if (desk.value !== null && sceneId !== null) showFindings(desk.value, sceneId, findings);
  });
  const locked = story.status.value === 'LOCKED';
  useEffect(() => {
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
