/** Which sheets are wanted whose code is a chunk of its own: most visits never open them. */
import { signal } from '@preact/signals';

export const sharing = signal(false);
export const cacheReporting = signal(false);
export const outOfDate = signal(false);
export const breakingDown = signal(false);
export const whoAndWhereOpen = signal(false);
export const carrying = signal(false);
export const deleting = signal(false);
export const talking = signal(false);
export const graphing = signal(false);
export const factsOpen = signal(false);
