/** The scenes as a strip: number, still, heading, state. Reordered by drag or with Alt and the arrow keys. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { findingsWords, slug, statusWords } from './sceneWords';
import { navigate, pathTo } from '../story/router';
import type { SceneCard, Story } from '../story/story';
import { fraction } from '../story/jobWords';

export function Strip({ story }: { story: Story }) {
  const cards = story.scenes.value;
  const [dragged, setDragged] = useState<string | null>(null);
  const [target, setTarget] = useState<number | null>(null);
  const [spoken, setSpoken] = useState('');
  const list = useRef<HTMLOListElement>(null);

  const opened = story.sceneId.value;
  useEffect(() => {
    list.current?.querySelector('.scene-open')?.scrollIntoView({ block: 'nearest' });
  }, [opened, cards.length]);

  const move = (card: SceneCard, index: number): void => {
    if (index < 0 || index >= cards.length) return;
    story.move(card.id, index);
    setSpoken(`Scene moved to place ${index + 1} of ${cards.length}`);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-scene-id="${card.id}"] a`)?.focus());
  };
  const drop = (): void => {
    const card = cards.find((each) => each.id === dragged);
    if (card !== undefined && target !== null) {
      move(card, target > card.number - 1 ? target - 1 : target);
    }
    setDragged(null);
    setTarget(null);
  };
  return (
    <nav class="strip" aria-label="Scenes" data-region="strip">
      <div class="strip-head">
        <h2>Scenes</h2>
        <span class="strip-count">{cards.length || ''}</span>
        <button
          type="button"
          class="quiet strip-new"
          data-testid="new-scene"
          aria-label="New scene"
          title="New scene after this one"
          onClick={() => void story.addScene()}
        >
          + New
        </button>
      </div>
      {cards.length === 0 && <StripEmpty loading={story.project.value === null} />}
      {/* Dragging is the second way; the links inside move scenes with Alt and the arrow keys. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <ol class="strip-list" ref={list} onDragOver={(event) => dragged !== null && event.preventDefault()} onDrop={drop}>
        {cards.map((card, index) => (
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
          <li
            key={card.id}
            class={`scene${story.sceneId.value === card.id ? ' scene-open' : ''}${dragged === card.id ? ' scene-dragged' : ''}`}
            data-testid="scene-item"
            data-scene-id={card.id}
            data-drop={target === index ? 'before' : target === index + 1 && index === cards.length - 1 ? 'after' : undefined}
            draggable
            onDragStart={(event) => {
              event.dataTransfer?.setData('text/plain', card.heading);
              setDragged(card.id);
            }}
            onDragOver={(event) => {
              if (dragged === null) return;
              const box = event.currentTarget.getBoundingClientRect();
              setTarget(event.clientY > box.top + box.height / 2 ? index + 1 : index);
            }}
            onDragEnd={() => {
              setDragged(null);
              setTarget(null);
            }}
          >
            <SceneLink card={card} story={story} onMove={(by) => move(card, index + by)} />
          </li>
        ))}
      </ol>
      <output class="unseen">{spoken}</output>
    </nav>
  );
}

function SceneLink({ card, story, onMove }: { card: SceneCard; story: Story; onMove: (by: number) => void }) {
  const path = pathTo(story.id, card.id);
  const open = story.sceneId.value === card.id;
  const { place, when } = slug(card.heading);
  return (
    <a
      href={path}
      class="scene-link"
      draggable={false}
      aria-current={open ? 'page' : undefined}
      aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(path);
      }}
      onKeyDown={(event) => {
        const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
        if (by === 0) return;
        event.preventDefault();
        if (event.altKey) onMove(by);
        else visitNeighbour(event.currentTarget, by);
      }}
    >
      <span class="scene-still">
        {card.thumbnailUrl ? <img src={card.thumbnailUrl} alt="" loading="lazy" /> : <span class="scene-blank" />}
        <span class="scene-number">{card.number}</span>
        {card.progress !== null && (
          <span class="scene-progress" style={{ '--done': `${fraction(card.progress) * 100}%` }} />
        )}
      </span>
      <span class="scene-words">
        <span class="scene-heading" dir="auto" title={card.heading}>
          {place || 'Untitled scene'}
        </span>
        <span class="scene-when">{when}</span>
        <span class="scene-state" data-status={card.activity === null ? card.status : 'GENERATING'}>
          {card.activity ?? statusWords(card.status)}
          {card.findings > 0 && <span class="scene-findings">{findingsWords(card.findings)}</span>}
          {card.people.map((person) => (
            <span key={person.clientId} class="scene-person" style={{ '--person': person.color }} title={person.name} />
          ))}
        </span>
      </span>
    </a>
  );
}

function visitNeighbour(link: HTMLElement, by: number): void {
  const item = link.closest('li');
  const next = by > 0 ? item?.nextElementSibling : item?.previousElementSibling;
  next?.querySelector<HTMLElement>('a')?.focus();
}

function StripEmpty({ loading }: { loading: boolean }) {
  if (!loading) return <p class="strip-empty">No scenes yet. Add one, or drop a .fountain file anywhere.</p>;
  return (
    <div class="strip-loading" aria-label="Loading scenes" role="status">
      {[1, 2, 3, 4].map((row) => (
        <span key={row} class="ghost ghost-scene" />
      ))}
    </div>
  );
}
