/** The chunk behind `/p/…`: everything that only an open project needs. */
export { Story } from '../story/story';
export { Desk } from './Desk';
