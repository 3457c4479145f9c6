/** Under a take that came from the cache: whose film it is, how sure, and what somebody says of that. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { anotherFilm, drawFrames, keepThis, notThis, type Origin as Told, originOf } from '../api/cache';
import { job as jobOf, wordsFor } from '../api/operations';
import type { Take } from '../api/types';
import { isOver } from '../story/jobWords';
import { judgedWords, originWords } from '../story/originWords';
import { mayWrite } from '../story/role';
import type { Story } from '../story/story';
import { say } from '../story/toasts';
import { reused } from './deskView';

export function Origin({ take, story }: { take: Take; story: Story }) {
  const [told, setTold] = useState<Told | null>(null);
  const [busy, setBusy] = useState(false);
  // The page reads its takes again after every commit: a colleague's word shows here too.
  useEffect(() => {
    let gone = false;
    originOf(take.jobId)
      .then((found) => !gone && setTold(found))
      .catch((cause: unknown) => !gone && say(wordsFor(cause), 'bad'));
    return () => {
      gone = true;
    };
  }, [take]);

  const hit = take.cacheVerdict === 'hit';
  const during = async (send: () => Promise<void>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await send();
    } catch (cause) {
      say(wordsFor(cause), 'bad');
    } finally {
      setBusy(false);
    }
  };
  const judge = (send: () => Promise<void>, judged: boolean): Promise<void> =>
    during(async () => {
      await send();
      setTold((before) => before && { ...before, judged });
    });
  const keep = (): void => void judge(async () => void (await keepThis(take.id)), true);
  const refuse = (): void => void judge(async () => void (await notThis(take.id)), false);
  const another = (): void =>
    void judge(async () => story.generation.show(await jobOf((await anotherFilm(take.id)).id)), false);

  const draw = (): void => void during(async () => story.generation.show(await jobOf((await drawFrames(take.jobId)).id)));

  const current = story.generation.job.value;
  const running = current !== null && !isOver(current.state);
  const may = hit && told !== null && mayWrite.value;
  const shownFirst = told?.shownFirst === true;
  useEffect(() => {
    reused.value = may ? { refuse, another: running ? null : another, draw: running || !shownFirst ? null : draw } : null;
    return () => (reused.value = null);
  }, [may, running, shownFirst, take.id]);

  // The button that was pressed goes away with its word: whoever works by keys goes on at the next one.
  const next = useRef<HTMLButtonElement>(null);
  const pressed = useRef(false);
  const press = (act: () => void): void => {
    pressed.current = true;
    act();
  };
  useEffect(() => {
    if (!pressed.current || busy) return;
    pressed.current = false;
    if (document.activeElement === document.body) next.current?.focus();
  }, [busy]);

  const words = told && originWords(take.cacheVerdict, told, story.sceneId.value ?? '', (id) => story.scenes.value.find((card) => card.id === id)?.number ?? null);
  if (!told || !words) return null;
  return (
    <section class="origin" aria-label="Where this take comes from" data-testid="origin">
      <p data-testid="origin-words">{words}</p>
      {told.why.length > 0 && <p class="origin-why">{told.why.join('; ')}</p>}
      {may && (
        <>
          <p id="origin-follows" class="origin-why" role="status" data-testid="origin-follows">
            {judgedWords(told.judged)}
          </p>
          {shownFirst && (
            <p id="origin-frames" class="origin-why">
              No frame was drawn. Frames to choose from may be drawn instead: the film stays in the list, and nothing is said against it.
            </p>
          )}
          <div class="origin-acts">
            {shownFirst && (
              <button
                type="button"
                class="small quiet"
                disabled={busy || running}
                aria-describedby="origin-frames"
                data-testid="draw-frames"
                onClick={draw}
              >
                Draw frames instead
              </button>
            )}
            {told.judged !== true && (
              <button type="button" class="small quiet" disabled={busy} data-testid="keep-this" onClick={() => press(keep)}>
                Keep this
              </button>
            )}
            {told.judged !== false && (
              <button
                type="button"
                class="small quiet"
                disabled={busy}
                aria-describedby="origin-follows"
                data-testid="not-this"
                onClick={() => press(refuse)}
              >
                Not this
              </button>
            )}
            <button
              ref={next}
              type="button"
              class="small quiet"
              disabled={busy || running}
              aria-describedby="origin-follows"
              data-testid="another-film"
              onClick={another}
            >
              {told.judged === false ? 'Generate another' : 'Not this, generate another'}
            </button>
          </div>
        </>
      )}
    </section>
  );
}
