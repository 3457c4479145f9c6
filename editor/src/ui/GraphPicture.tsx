/** The picture: nodes that the keyboard walks along their edges, edges by width and colour, both looked at by hover and focus. */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Link } from '../api/storyGraph';
import type { GraphDesk, Shown } from '../story/graphDesk';
import { bent, byForces, inOrder, isArrow, type Picture, toward } from '../story/graphLayout';
import { besideOf } from '../story/graphQuestions';
import { keyOf, layersOf, plainName, shadeOf, toneOf, widthOf } from '../story/graphWords';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';

const RADIUS = 24;
/** Of the size drawn: smaller, and names cannot be read. */
const ZOOM = { least: 0.55, most: 2, step: 1.25 };
const NAME_CHARS = 18;

const cut = (text: string): string => (text.length > NAME_CHARS ? `${text.slice(0, NAME_CHARS - 1)}…` : text);

/** Nearer the stronger; where ways cost, nearer the cheaper. */
function nearness(link: Link, strongest: number): number {
  if (link.label === 'ADJACENT_TO') return 1 / (1 + (link.traversalCost ?? 2) / 2);
  if (link.label === 'CONTAINS') return 0.9;
  return strongest > 0 ? Math.sqrt(Math.max(0, link.strength ?? 0) / strongest) : 0.4;
}

interface Props {
  desk: GraphDesk;
  found: Shown;
  links: readonly Link[];
  story: Story;
}

export function GraphPicture({ desk, found, links, story }: Props) {
  const strongest = Math.max(0, ...found.links.map((link) => link.strength ?? 0));
  const ids = found.shown.map((node) => node.id).join('\n');
  const picture = useMemo<Picture>(() => {
    const shown = found.shown.map((node) => node.id);
    if (found.view === 'scenes') return inOrder(shown);
    return byForces(
      shown,
      found.links.map((link) => ({ source: link.source, target: link.target, near: nearness(link, strongest) })),
    );
  }, [found.view, ids, found.links]);
  const root = useRef<SVGSVGElement>(null);
  const around = useRef<HTMLDivElement>(null);
  const zoom = useSignal(1);
  useLayoutEffect(() => {
    const room = around.current;
    if (room === null) return;
    const fits = Math.min(room.clientWidth / picture.width, room.clientHeight / picture.height);
    zoom.value = Math.min(1, Math.max(ZOOM.least, fits));
  }, [picture]);
  const size = (by: number): void => {
    zoom.value = Math.min(ZOOM.most, Math.max(ZOOM.least, zoom.peek() * by));
  };
  const chosen = desk.chosen.value;
  const current = chosen !== null && picture.at.has(chosen) ? chosen : (found.shown[0]?.id ?? null);
  const tied = useMemo(() => (chosen === null ? new Set<string>() : besideOf(links, chosen)), [links, chosen]);
  const lit = desk.answer.value;
  const looked = desk.edge.value ?? desk.hovered.value;
  // Hundreds of lines are drawn once, and dimmed as one layer; those looked at are drawn again over them.
  const under = useMemo(
    () => [
      <Arrow key="" />,
      ...links.map((link) => <Line key={keyOf(link)} desk={desk} link={link} picture={picture} strongest={strongest} bright={false} />),
    ],
    [links, picture, strongest, desk],
  );
  const isLit = (link: Link): boolean => lit?.edges.has(keyOf(link)) ?? false;
  const over = links.filter((link) =>
    lit === null ? link.source === chosen || link.target === chosen || keyOf(link) === looked : isLit(link) || keyOf(link) === looked,
  );
  const viewBox = `0 0 ${picture.width} ${picture.height}`;
  const walk = (event: KeyboardEvent): void => {
    if (current === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isArrow(event.key)) {
      const next = toward(picture, current, event.key, besideOf(links, current));
      if (next !== null) {
        desk.chosen.value = next;
        desk.edge.value = null;
        root.current?.querySelector<SVGGElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
      }
    } else if (event.key === 'Enter' || event.key === ' ') choose(current);
    else return;
    event.preventDefault();
  };
  const choose = (id: string): void => {
    desk.edge.value = null;
    desk.chosen.value = id;
    if (found.nodes.length > found.shown.length) void desk.load();
  };
  useEffect(() => {
    root.current?.querySelector('.graph-node[data-chosen="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [chosen]);
  return (
    <div class="graph-frame">
    <div class="graph-zoom" role="group" aria-label="Size">
      <button type="button" class="quiet small" aria-label="Smaller" onClick={() => size(1 / ZOOM.step)}>
        −
      </button>
      <button type="button" class="quiet small" aria-label="Larger" onClick={() => size(ZOOM.step)}>
        +
      </button>
    </div>
      <div class="graph-scroll" ref={around}>
        <div class="graph-canvas" style={{ width: `${picture.width * zoom.value}px`, height: `${picture.height * zoom.value}px` }}>
          <svg class="graph-under" data-dim={chosen !== null || lit !== null} viewBox={viewBox} aria-hidden="true">
            {under}
          </svg>
          {/* Arrow keys walk; each node is a button of its own. */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
          <svg
            ref={root}
            class="graph-picture"
            data-testid="graph-picture"
            viewBox={viewBox}
            role="group"
            aria-label="Picture of the graph: arrow keys walk from one to the next"
            onKeyDown={walk}
          >
            <defs>
              <clipPath id="graph-face">
                <circle r={RADIUS - 2} />
              </clipPath>
            </defs>
            {over.map((link) => (
              <Line key={keyOf(link)} desk={desk} link={link} picture={picture} strongest={strongest} bright={isLit(link) || keyOf(link) === looked} />
            ))}
        {found.shown.map((node, index) => {
          const place = picture.at.get(node.id);
          if (place === undefined) return null;
          const face = desk.faces.value.get(plainName(node.id));
          const number = found.view === 'scenes' ? (story.scenes.value.find((card) => card.id === node.id)?.number ?? index + 1) : null;
          const name = node.name || plainName(node.id);
          return (
            <g
              key={node.id}
              class="graph-node"
              data-node={node.id}
              data-chosen={node.id === chosen}
              data-tied={tied.has(node.id)}
              data-lit={lit?.nodes.has(node.id) ?? false}
              data-zone={node.id.startsWith('zone:')}
              transform={`translate(${place.x} ${place.y})`}
              role="button"
              tabIndex={node.id === current ? 0 : -1}
              aria-pressed={node.id === chosen}
              onClick={() => choose(node.id)}
              onFocus={() => (desk.chosen.value = node.id)}
              onDblClick={() => number !== null && navigate(pathTo(story.id, node.id))}
            >
              {/* The name of the button: what is drawn of it may be cut. */}
              <title>{`${number === null ? '' : `Scene ${number}: `}${name}, ${node.ties} ${node.ties === 1 ? 'edge' : 'edges'}`}</title>
              <circle class="graph-disc" r={RADIUS} />
              {face !== undefined && (
                <image href={face} x={-RADIUS} y={-RADIUS} width={2 * RADIUS} height={2 * RADIUS} clip-path="url(#graph-face)" preserveAspectRatio="xMidYMid slice" />
              )}
              {face === undefined && <text class="graph-initial" aria-hidden="true">{number ?? name.charAt(0).toLocaleUpperCase()}</text>}
              <text class="graph-name" aria-hidden="true" y={RADIUS + 15}>
                {cut(name)}
              </text>
            </g>
          );
        })}
          </svg>
        </div>
      </div>
    </div>
  );
}

/** Both pictures use it; ids are the page's. */
const Arrow = () => (
  <defs>
    <marker id="graph-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">
      <path d="M 0 0 L 8 4 L 0 8 z" />
    </marker>
  </defs>
);

interface LineProps {
  desk: GraphDesk;
  link: Link;
  picture: Picture;
  strongest: number;
  bright: boolean;
}

/** The keyboard's way to an edge is the panel beside the picture. */
function Line({ desk, link, picture, strongest, bright }: LineProps) {
  const [from, to] = [picture.at.get(link.source), picture.at.get(link.target)];
  if (from === undefined || to === undefined) return null;
  const key = keyOf(link);
  const layers = layersOf(link);
  const path = bent(from, to, RADIUS + 3);
  return (
    <g
      class="graph-edge"
      data-tone={toneOf(link)}
      data-layer={layers.size === 1 ? [...layers][0] : 'told'}
      data-bright={bright}
      aria-hidden="true"
      onMouseEnter={() => (desk.hovered.value = key)}
      onMouseLeave={() => (desk.hovered.value = null)}
      onClick={() => (desk.edge.value = key)}
    >
      <path class="graph-hit" d={path} />
      <path class="graph-line" d={path} stroke-width={widthOf(link, strongest)} stroke-opacity={shadeOf(link, strongest)} marker-end="url(#graph-arrow)" />
    </g>
  );
}
