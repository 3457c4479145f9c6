/**
 * Owns who is here: this tab's name and colour, and the list of others read from awareness.
 *
 * Invariant: a person's colour is the same in the avatar, the caret and the strip; presence is never stored with the story.
 */
import { signal, type Signal } from '@preact/signals';
import type { Awareness } from 'y-protocols/awareness';

/** Readable on the dark page and apart from each other for the common kinds of colour blindness. */
export const COLOURS = ['#f2b45a', '#7cc4f0', '#8fd19e', '#f28b82', '#c4a5f5', '#f5d76b', '#6fd6c9', '#f29fc6'] as const;
const NAME_CHARS_MAX = 40;
const STORAGE_KEY = 'storyforge.name';

export interface Identity {
  name: string;
  color: string;
}

export interface Person extends Identity {
  clientId: number;
  self: boolean;
  sceneId: string | null;
}

export function cleanName(raw: string): string {
  return [...raw.replace(/\s+/gu, ' ').trim()].slice(0, NAME_CHARS_MAX).join('');
}

export function colourFor(name: string): string {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return COLOURS[hash % COLOURS.length] ?? COLOURS[0];
}

export function initials(name: string): string {
  const words = name.split(' ').filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? '?')][0]?.toUpperCase() ?? '').join('') || '?';
}

/** `?name=` wins for this tab; otherwise what was chosen before in this browser. Empty when nobody has chosen. */
export const identity: Signal<Identity> = signal({ name: '', color: COLOURS[0] });

export function loadIdentity(search: string): void {
  const given = cleanName(new URLSearchParams(search).get('name') ?? '');
  if (given) sessionStorage.setItem(STORAGE_KEY, given);
  const name = sessionStorage.getItem(STORAGE_KEY) ?? localStorage.getItem(STORAGE_KEY) ?? '';
  identity.value = { name, color: colourFor(name) };
}

export function chooseName(raw: string): void {
  const name = cleanName(raw);
  sessionStorage.setItem(STORAGE_KEY, name);
  localStorage.setItem(STORAGE_KEY, name);
  identity.value = { name, color: colourFor(name) };
}

/** The account's name until the person chooses one; not remembered. */
export function lendName(raw: string): void {
  const name = cleanName(raw);
  if (name && !identity.peek().name) identity.value = { name, color: colourFor(name) };
}

/** Announces this tab in a room. `sceneId` is told only where the whole project listens (the outline). */
export function announce(awareness: Awareness, who: Identity, sceneId?: string | null): void {
  awareness.setLocalStateField('user', { ...who, name: who.name || 'Someone', colorLight: `${who.color}40` });
  if (sceneId !== undefined) awareness.setLocalStateField('sceneId', sceneId);
}

/** Everyone in a room, this tab first, then in the order of their client ids. Server states are not people. */
export function peopleIn(awareness: Awareness): Person[] {
  const people: Person[] = [];
  for (const [clientId, state] of awareness.getStates()) {
    const user = state['user'] as Partial<Identity> | undefined;
    if (typeof user?.name !== 'string') continue;
    const color = /^#[0-9a-f]{6}$/i.test(user.color ?? '') ? (user.color as string) : colourFor(user.name);
    const sceneId = typeof state['sceneId'] === 'string' ? state['sceneId'] : null;
    people.push({ clientId, name: user.name, color, sceneId, self: clientId === awareness.clientID });
  }
  return people.sort((a, b) => Number(b.self) - Number(a.self) || a.clientId - b.clientId);
}

/** How many are served before us, ourselves counted, while the server makes this tab wait for a large document. */
export function placeInQueue(awareness: Awareness): number | null {
  for (const state of awareness.getStates().values()) {
    const place = (state['joining'] as { position?: unknown } | undefined)?.position;
    if (state['server'] === true && typeof place === 'number') return place;
  }
  return null;
}

/** Two people whose names hash alike: the one with the higher client id takes the next free colour. */
export function settleColour(awareness: Awareness, who: Identity): string {
  const others = peopleIn(awareness).filter((person) => !person.self && person.clientId < awareness.clientID);
  const taken = new Set(others.map((person) => person.color));
  if (!taken.has(who.color)) return who.color;
  return COLOURS.find((color) => !taken.has(color)) ?? who.color;
}
