/** What only a job needs, as one chunk of the bundle: its board, and how its scene goes on. */
export { Board } from './Board';
export { Continue } from './Continue';
