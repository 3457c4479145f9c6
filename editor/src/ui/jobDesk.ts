/** What only a job needs, as one chunk of the bundle: its board, what is sent for it, how its scene goes on, and
 * whose film a take is. */
export { Board } from './Board';
export { Continue } from './Continue';
export { Origin } from './Origin';
export { Sent } from './Sent';
