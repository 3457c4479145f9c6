/**
 * Where the nodes of a picture stand. Pure: the same nodes and edges stand at the same places, so a picture that was
 * looked at is found again, and a colleague's change moves little.
 *
 * People and places are laid out by forces (d3-force); scenes stand in the order they are told, row after row.
 */
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationLinkDatum, type SimulationNodeDatum } from 'd3-force';

export interface Placed {
  id: string;
  x: number;
  y: number;
}

export interface Picture {
  width: number;
  height: number;
  at: ReadonlyMap<string, Placed>;
}

/** How near the ends of an edge want to be: 0 to 1, 1 the nearest. */
export interface Pull {
  source: string;
  target: string;
  near: number;
}

const ROOM = 128;
const MARGIN = 84;
const TICKS = 220;

export function byForces(ids: readonly string[], pulls: readonly Pull[]): Picture {
  const nodes: (SimulationNodeDatum & { id: string })[] = ids.map((id) => ({ id }));
  const known = new Set(ids);
  const links: (SimulationLinkDatum<SimulationNodeDatum & { id: string }> & { near: number })[] = pulls
    .filter((pull) => known.has(pull.source) && known.has(pull.target))
    .map(({ source, target, near }) => ({ source, target, near }));
  const simulation = forceSimulation(nodes)
    .force(
      'link',
      forceLink<SimulationNodeDatum & { id: string }, (typeof links)[number]>(links)
        .id((node) => node.id)
        .distance((link) => ROOM * (1.7 - link.near))
        .strength((link) => 0.05 + 0.35 * link.near),
    )
    .force('apart', forceManyBody().strength(-420).distanceMax(ROOM * 5))
    .force('room', forceCollide(ROOM / 2))
    .force('x', forceX(0).strength(0.03))
    .force('y', forceY(0).strength(0.11)) // windows are wide
    .stop();
  simulation.tick(TICKS);
  const places = nodes.map((node) => ({ id: node.id, x: node.x ?? 0, y: node.y ?? 0 }));
  const left = Math.min(0, ...places.map((place) => place.x));
  const top = Math.min(0, ...places.map((place) => place.y));
  const moved = places.map(({ id, x, y }) => ({ id, x: Math.round(x - left + MARGIN), y: Math.round(y - top + MARGIN) }));
  return {
    width: Math.max(2 * MARGIN, ...moved.map((place) => place.x + MARGIN)),
    height: Math.max(2 * MARGIN, ...moved.map((place) => place.y + MARGIN)),
    at: new Map(moved.map((place) => [place.id, place])),
  };
}

const ROW = 6;
const STEP_X = 150;
const STEP_Y = 104;

/** Row after row, each read from left to right. */
export function inOrder(ids: readonly string[]): Picture {
  const places = ids.map((id, index) => ({
    id,
    x: MARGIN + (index % ROW) * STEP_X,
    y: MARGIN + Math.floor(index / ROW) * STEP_Y,
  }));
  return {
    width: 2 * MARGIN + (Math.max(1, Math.min(ROW, ids.length)) - 1) * STEP_X,
    height: 2 * MARGIN + (Math.max(1, Math.ceil(ids.length / ROW)) - 1) * STEP_Y,
    at: new Map(places.map((place) => [place.id, place])),
  };
}

/** The path of an edge: bent to its right, so that the two ways between two nodes are two lines; its ends stay outside the nodes. */
export function bent(from: Placed, to: Placed, radius: number): string {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const bend = Math.min(26, length * 0.14);
  const [mx, my] = [(from.x + to.x) / 2 - (dy / length) * bend, (from.y + to.y) / 2 + (dx / length) * bend];
  const edge = (at: Placed): string => {
    const away = Math.hypot(mx - at.x, my - at.y) || 1;
    return `${round(at.x + ((mx - at.x) / away) * radius)} ${round(at.y + ((my - at.y) / away) * radius)}`;
  };
  return `M ${edge(from)} Q ${round(mx)} ${round(my)} ${edge(to)}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';
const WAYS: Record<Arrow, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
export const isArrow = (key: string): key is Arrow => key in WAYS;

/** Where an arrow key leads: to whoever it is tied to in that direction, else to whoever stands there. */
export function toward(picture: Picture, from: string, key: Arrow, tied: ReadonlySet<string>): string | null {
  const here = picture.at.get(from);
  if (here === undefined) return picture.at.keys().next().value ?? null;
  const [wx, wy] = WAYS[key];
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const place of picture.at.values()) {
    const [dx, dy] = [place.x - here.x, place.y - here.y];
    const along = dx * wx + dy * wy;
    if (place.id === from || along <= 0) continue;
    const aside = Math.abs(dx * wy - dy * wx);
    if (aside > along * 1.8) continue;
    const cost = (along + aside * 1.5) * (tied.has(place.id) ? 0.4 : 1);
    if (cost < least) [best, least] = [place.id, cost];
  }
  return best;
}
