/** Starts the editor: identity, address, page. The whole wiring of the browser side is here and in ui/App.tsx. */
import { render } from 'preact';
import { loadIdentity } from './collab/people';
import { startRouter } from './story/router';
import './styles/tokens.css';
import './styles/shell.css';
import './styles/home.css';
import './styles/strip.css';
import './styles/page.css';
import './styles/stage.css';
import './styles/board.css';
import './styles/overlay.css';
import './styles/share.css';
import './styles/comments.css';
import { App } from './ui/App';

loadIdentity(location.search);
startRouter();

const root = document.getElementById('app');
if (root === null) throw new Error('index.html lost its #app');
render(<App />, root);
