/** Whether the sharing sheet is wanted. The sheet itself is a chunk of its own: most visits never open it. */
import { signal } from '@preact/signals';

export const sharing = signal(false);
