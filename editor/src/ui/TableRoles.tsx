/** What each role of the scene can know, folded; a press on a piece goes to the words it rests on. */
import type { Entry, Frame, Piece } from '../api/tableRead';
import { revealFinding } from '../script/margin';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import { bondWords, knownWords, pieceWords, roleWords } from '../story/tableWords';
import { say } from '../story/toasts';
import { desk } from './deskView';

export function Roles({ story, entry, onGo }: { story: Story; entry: Entry | null; onGo: () => void }) {
  if (entry === null) return <span class="ghost table-roles" role="status" aria-label="Finding out what they know" />;
  return (
    <section class="table-roles" aria-label="What each role knows">
      {entry.frames.map((frame) => (
        <details key={frame.role} data-testid="table-role">
          <summary>
            <strong>{roleWords(frame)}</strong> <small>{knownWords(frame)}</small>
          </summary>
          <ul>
            {frame.pieces.map((piece, at) => (
              <li key={at}>
                <button type="button" class="quiet small" title={`“${piece.quote.text}”`} onClick={() => go(story, piece, onGo)}>
                  {pieceWords(piece, frame)}
                </button>
              </li>
            ))}
            {frame.bonds.map((bond) => (
              <li key={bond.name} class="table-bond">
                {bondWords(bond)}
              </li>
            ))}
          </ul>
          <Memories frame={frame} />
        </details>
      ))}
      <p class="table-took" data-testid="table-took">
        {entry.whole ? `Found out in ${Math.max(1, Math.round(entry.totalMs))} ms.` : 'The story is still being read…'}
      </p>
    </section>
  );
}

function Memories({ frame }: { frame: Frame }) {
  if (frame.remembers.length === 0) return null;
  return (
    <details class="table-memories">
      <summary>Remembers</summary>
      <ul>
        {frame.remembers.map((memory) => (
          <li key={memory.sceneId}>
            <small>{memory.heading}</small> {memory.words}
          </li>
        ))}
      </ul>
    </details>
  );
}

function go(story: Story, piece: Piece, onGo: () => void): void {
  const view = desk.peek();
  onGo();
  if (piece.quote.sceneId !== story.sceneId.peek()) navigate(pathTo(story.id, piece.quote.sceneId));
  else if (view !== null && !revealFinding(view, piece.quote.sceneId, { evidence: [piece.quote] })) {
    say('These words are not in the scene any more.');
  }
}
