/** What only a job needs, as one chunk of the bundle: its board, what is sent for it, and how its scene goes on. */
export { Board } from './Board';
export { Continue } from './Continue';
export { Sent } from './Sent';
