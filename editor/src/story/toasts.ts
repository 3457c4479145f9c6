/** Owns the short messages at the foot of the page. Bounded: the oldest leaves when a fifth comes. */
import { signal } from '@preact/signals';

const TOASTS_MAX = 4;
const TOAST_SHOWN_MS = 7000;

export interface Toast {
  id: number;
  tone: 'plain' | 'bad';
  text: string;
}

export const toasts = signal<readonly Toast[]>([]);
let nextId = 1;

export function say(text: string, tone: Toast['tone'] = 'plain'): void {
  const id = nextId;
  nextId += 1;
  // The same sentence twice is one message that stays longer.
  const others = toasts.peek().filter((toast) => toast.text !== text);
  toasts.value = [...others, { id, tone, text }].slice(-TOASTS_MAX);
  setTimeout(() => dismiss(id), TOAST_SHOWN_MS);
}

export function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}
