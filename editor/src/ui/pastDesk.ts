/** The chunk behind *History*: the page of the past and the panel beside it. */
import '../styles/past.css';

export { History } from './History';
export { PastPage } from './PastPage';
