/** "What is sent": the exact words, who put in what is not the scene's own, and every shot; read when somebody opens it. */
import { useEffect, useState } from 'preact/hooks';
import { wordsFor } from '../api/operations';
import { type Sent as Found, type Price, type Review, reviewOf } from '../api/sent';
import type { Job } from '../api/types';
import { askedWords, priceWords, shotsWords, sourceWords } from '../story/sentWords';

export function Sent({ job }: { job: Job }) {
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState<Review | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  // Asked for again as the job goes on: frames drawn anew and the film have words of their own.
  useEffect(() => {
    if (!open) return undefined;
    let gone = false;
    const read = async (): Promise<void> => {
      try {
        const review = await reviewOf(job.id);
        if (!gone) setFound(review);
      } catch (cause) {
        if (!gone) setTrouble(wordsFor(cause));
      }
    };
    void read();
    return () => {
      gone = true;
    };
  }, [open, job.id, job.state, job.stage]);
  return (
    <details class="sent" data-testid="sent" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What is sent</summary>
      {trouble !== null && <p role="alert">{trouble}</p>}
      {trouble === null && !found?.sent && open && <p role="status">Nothing yet: the scene is not worked out.</p>}
      {found?.sent && <Words found={found.sent} price={found.price} />}
    </details>
  );
}

function Words({ found, price }: { found: Found; price: Price | null }) {
  return (
    <>
      <h3>{askedWords(found)}</h3>
      <pre data-testid="sent-prompt">{found.prompt}</pre>
      {found.negative !== '' && (
        <>
          <h3>To be kept out</h3>
          <pre>{found.negative}</pre>
        </>
      )}
      {found.added.length > 0 && <h3>Not the scene’s own words</h3>}
      <dl>
        {found.added.map(({ source, text }) => (
          <div key={`${source} ${text}`}>
            <dt>{sourceWords(source)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
        <div>
          <dt>Written by</dt>
          <dd>
            {found.writer}, brain {found.brain}, seed {found.seed}
          </dd>
        </div>
        {price !== null && (
          <div>
            <dt>Filmed by</dt>
            <dd data-testid="sent-price">{priceWords(price)}</dd>
          </div>
        )}
      </dl>
      <h3>{shotsWords(found)}</h3>
      <ol>
        {found.shots.map((shot) => (
          <li key={shot.shot}>{shot.prompt}</li>
        ))}
      </ol>
      {found.omittedMoments > 0 && <p>{found.omittedMoments} moments at the end found no room.</p>}
    </>
  );
}
