/** What only a job needs, as one chunk of the bundle: its board, what is sent for it, what holds it, how its
 * scene goes on, and whose film a take is. */
export { Board } from './Board';
export { Continue } from './Continue';
export { Held } from './Held';
export { Origin } from './Origin';
export { Sent } from './Sent';
