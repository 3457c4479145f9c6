/**
 * Owns bringing a screenplay in: a file dropped anywhere or chosen, read, counted, sent, opened.
 *
 * Invariant: one import at a time; a retry after a lost answer sends the same idempotency key, so a file never becomes
 * two projects.
 */
import { signal } from '@preact/signals';
import { newKey } from '../api/graphql';
import * as api from '../api/operations';
import type { UserError } from '../api/types';
import { type Glance, glance } from '../script/fountain';
import { navigate, pathTo } from '../story/router';
import { say } from '../story/toasts';

export const IMPORT_BYTES_MAX = 4 * 1024 * 1024;
const EXTENSIONS = /\.(?:fountain|spmd|txt)$/iu;

export interface Import {
  title: string;
  text: string;
  counted: Glance;
  step: 'sending' | 'refused' | 'failed';
  errors: UserError[];
  key: string;
}

export const current = signal<Import | null>(null);
/** A file hovers over the page. */
export const hovering = signal(false);

export async function importFile(file: File): Promise<void> {
  if (!EXTENSIONS.test(file.name)) {
    say(`“${file.name}” is not a Fountain screenplay. Drop a .fountain file, or plain text in that form.`, 'bad');
    return;
  }
  if (file.size > IMPORT_BYTES_MAX) {
    say(`“${file.name}” is larger than ${IMPORT_BYTES_MAX / 1024 / 1024} MB, far beyond any screenplay.`, 'bad');
    return;
  }
  const text = decode(await file.arrayBuffer());
  if (!text.trim()) {
    say(`“${file.name}” is empty.`, 'bad');
    return;
  }
  await importText(titleOf(text) ?? file.name.replace(EXTENSIONS, ''), text);
}

export async function importText(title: string, text: string): Promise<void> {
  if (current.peek()?.step === 'sending') return;
  await send({ title, text, counted: glance(text), step: 'sending', errors: [], key: newKey() });
}

/** Again with a corrected title (a new intent), or the very same after the line was down (the same key). */
export async function importAgain(title: string): Promise<void> {
  const last = current.peek();
  if (last === null || last.step === 'sending') return;
  const key = last.step === 'refused' ? newKey() : last.key;
  await send({ ...last, title, step: 'sending', errors: [], key });
}

async function send(attempt: Import): Promise<void> {
  current.value = attempt;
  try {
    const project = await api.importScreenplay(attempt.title, attempt.text, attempt.key);
    current.value = null;
    const scenes = `${project.scenes.length} ${project.scenes.length === 1 ? 'scene' : 'scenes'}`;
    const cast = `${project.cast.length} ${project.cast.length === 1 ? 'character' : 'characters'}`;
    // Isolates keep a title written from right to left from dragging the sentence with it.
    say(`\u2068${attempt.title}\u2069: ${scenes}, ${cast}.`);
    navigate(pathTo(project.id));
  } catch (cause) {
    const errors = cause instanceof api.Refused ? cause.errors : [];
    const words = errors.length > 0 ? errors : [{ path: [], code: 'FAILED', message: api.wordsFor(cause) }];
    current.value = { ...attempt, step: errors.length > 0 ? 'refused' : 'failed', errors: words };
  }
}

/** UTF-8 first; old files from Windows are read as what they are instead of as question marks. */
export function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** The `Title:` of a Fountain title page, on its line or indented below it. */
export function titleOf(text: string): string | null {
  const match = /^\uFEFF?\s*Title:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]+)/iu.exec(text);
  return match?.[1]?.replace(/[*_]/gu, '').trim() || null;
}

const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

function dragOver(event: DragEvent): void {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  hovering.value = true;
}

function dragLeave(event: DragEvent): void {
  if (event.relatedTarget === null) hovering.value = false;
}

function dropped(event: DragEvent): void {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  event.stopPropagation();
  hovering.value = false;
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) void importFile(file);
}

/**
 * Takes files dropped anywhere on the page, so that a missed drop never makes the browser leave it. Listens while
 * events go down, since the editor would otherwise paste the file's text into the open scene.
 */
export function catchDrops(): () => void {
  window.addEventListener('dragover', dragOver, true);
  window.addEventListener('dragleave', dragLeave, true);
  window.addEventListener('drop', dropped, true);
  return () => {
    window.removeEventListener('dragover', dragOver, true);
    window.removeEventListener('dragleave', dragLeave, true);
    window.removeEventListener('drop', dropped, true);
  };
}
