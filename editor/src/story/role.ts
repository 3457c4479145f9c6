/**
 * What the person of this browser may do here: the owner everything, the holder of a link what its role says.
 *
 * The server decides each time; this only keeps the page from offering what would be refused. Until the answer is here
 * the page offers everything.
 */
import { computed, signal } from '@preact/signals';
import { type AccessRole, myself } from '../api/share';

/** null: the owner. */
export const role = signal<AccessRole | null>(null);
/** The principal this browser acts as; null until the server has said. */
export const myId = signal<string | null>(null);
export const mayWrite = computed(() => role.value === null || role.value === 'EDITOR');
export const mayComment = computed(() => role.value !== 'VIEWER');
export const mayShare = computed(() => role.value === null);

/** The quiet line of a page that cannot be written in; empty for who may write. */
export const readerWords = computed(() => {
  if (mayWrite.value) return '';
  return mayComment.value ? 'You can read and comment' : 'You can read';
});

export async function askRole(): Promise<void> {
  try {
    const me = await myself();
    role.value = me.role;
    myId.value = me.id;
  } catch {
    // Signed out or away: the page says so by itself.
  }
}
