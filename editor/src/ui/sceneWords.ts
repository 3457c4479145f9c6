/** Words for the state of a scene. */
import type { SceneStatus } from '../api/types';

const STATUS: Record<SceneStatus, string> = {
  PENDING: 'Not shot yet',
  GENERATING: 'In the works',
  COMPLETE: 'Shot',
  LOCKED: 'Locked',
};

export const statusWords = (status: SceneStatus): string => STATUS[status];
/** A scene heading taken apart for a narrow list: "INT. LAMP WORKSHOP - NIGHT" → place "LAMP WORKSHOP", "Int · Night". */
export function slug(heading: string): { place: string; when: string } {
  const words = heading.trim().replace(/\s*#[^#]*#$/u, '');
  const match = /^(int\.?\/ext|i\/e|int|ext|est)[. ]+\s*(.+?)(?:\s+[-–—]\s+([^-–—]+))?$/iu.exec(words);
  if (match === null) return { place: words, when: '' };
  const [, inOut = '', place = '', time] = match;
  return { place, when: [inOut, time].filter(Boolean).map((word) => capital(word ?? '')).join(' · ') };
}

const capital = (word: string): string => word.charAt(0).toLocaleUpperCase() + word.slice(1).toLocaleLowerCase();

/** Eighths of a page the way a breakdown sheet writes them: "3/8 page", "1 2/8 pages". */
export function pageWords(eighths: number): string {
  const whole = Math.floor(eighths / 8);
  const rest = eighths % 8;
  const parts = [whole > 0 ? `${whole}` : '', rest > 0 ? `${rest}/8` : ''].filter(Boolean);
  return `${parts.join(' ')} ${eighths > 8 ? 'pages' : 'page'}`;
}

/** A page plays for about a minute. */
export function playWords(eighths: number): string {
  const seconds = Math.max(5, Math.round((eighths * 60) / 8 / 5) * 5);
  return seconds < 60 ? `about ${seconds} s` : `about ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
}

export const findingsWords = (count: number): string => (count === 1 ? '1 finding' : `${count} findings`);
