/** The page as it was: what came and what went between two moments, in the colours of those who did it. Read only. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { lineKinds } from '../script/fountain';
import { linesOf, momentWords, type Piece, SERVER } from '../story/pastPoints';
import type { Past } from '../story/past';
import type { Story } from '../story/story';
import { TimeLine, wordsOf } from './TimeLine';

export function PastPage({ story }: { story: Story }) {
  const { past } = story;
  const card = story.scenes.value.find((each) => each.id === story.sceneId.value);
  return (
    <main class="paper-desk past" aria-label="History of this scene" data-region="page">
      <div class="slug past-slug">
        <span class="slug-number">
          Scene {card?.number} <span class="slug-of">{past.atEnd.value ? 'as it stands' : `as of ${wordsOf(past, past.to.value)}`}</span>
        </span>
        <fieldset class="past-colours">
          <legend class="unseen">What the colours show</legend>
          <Choice past={past} byAuthor={false} words="Changes" />
          <Choice past={past} byAuthor words="Who wrote it" />
        </fieldset>
        <button type="button" class="quiet small" data-testid="leave-history" onClick={() => past.close()}>
          Back to writing
        </button>
      </div>
      {past.sittings.value.length > 0 && <TimeLine past={past} />}
      <Page past={past} />
    </main>
  );
}

function Choice({ past, byAuthor, words }: { past: Past; byAuthor: boolean; words: string }) {
  return (
    <label>
      <input
        type="radio"
        name="past-colours"
        checked={past.byAuthor.value === byAuthor}
        onChange={() => past.colourBy(byAuthor)}
      />
      {words}
    </label>
  );
}

function Page({ past }: { past: Past }) {
  const found = past.shown.value;
  const paper = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    // What changed is what the eye came for.
    const first = paper.current?.querySelector('ins, del');
    if (first instanceof HTMLElement) first.scrollIntoView({ block: 'center' });
  }, [found]);
  if (past.trouble.value !== null) return <p class="paper-none">{past.trouble.value}</p>;
  if (found === null) return <p class="paper-none">{past.loaded.value ? 'Reading…' : 'Looking back…'}</p>;
  if (past.sittings.value.length === 0) return <p class="paper-none">Nobody has written in this scene yet.</p>;
  const lines = linesOf(found.runs);
  const kinds = lineKinds(lines.map((line) => line.map((piece) => piece.text).join('')));
  return (
    // A page that scrolls must be reachable by keys.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <article class="past-paper" ref={paper} tabIndex={0} aria-label="The text with what changed" data-testid="past-page">
      <div class="past-sheet">
        {lines.map((line, row) => (
          <p key={row} dir="auto" class={`fountain fountain-${kinds[row] ?? 'action'}`}>
            {line.map((piece, at) => (
              <Words key={at} piece={piece} past={past} />
            ))}
            {line.length === 0 && <br />}
          </p>
        ))}
      </div>
    </article>
  );
}

function Words({ piece, past }: { piece: Piece; past: Past }) {
  const { run } = piece;
  const who = run.author.name;
  const style = { '--person': past.colours.value.get(who) };
  const title = `${who}, ${momentWords(run.at)}`;
  if (piece.kind === 'ADDED') {
    return (
      <ins style={style} title={title} data-author={who}>
        {piece.text}
      </ins>
    );
  }
  if (piece.kind === 'REMOVED') {
    return (
      <del style={style} title={`${title} (${run.writtenBy.name} had written it)`} data-author={who}>
        {piece.text}
      </del>
    );
  }
  if (!past.byAuthor.value || run.author.id === SERVER) return <>{piece.text}</>;
  return (
    <span class="by" style={style} title={title} data-author={who}>
      {piece.text}
    </span>
  );
}
