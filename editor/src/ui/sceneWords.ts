/** Words for the state of a scene. */
import type { SceneStatus } from '../api/types';

const STATUS: Record<SceneStatus, string> = {
  PENDING: 'Not shot yet',
  GENERATING: 'In the works',
  COMPLETE: 'Shot',
  LOCKED: 'Locked',
};

export const statusWords = (status: SceneStatus): string => STATUS[status];
export const findingsWords = (count: number): string => (count === 1 ? '1 finding' : `${count} findings`);
