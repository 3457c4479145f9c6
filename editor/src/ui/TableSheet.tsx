/** The table read: people say lines to the open scene, its roles answer, and what somebody takes enters the script. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { wordsFor } from '../api/operations';
import * as api from '../api/tableRead';
import { identity } from '../collab/people';
import { mayWrite, readerWords } from '../story/role';
import type { Story } from '../story/story';
import { lineWords, speakerWords, titled } from '../story/tableWords';
import '../styles/tableread.css';
import { modKey } from './keys';
import { Sheet } from './Sheet';
import { talking } from './sharing';
import { ProposalCard } from './TableProposal';
import { Roles } from './TableRoles';

const ENTRY_AGAIN_MS = 700;

const lines = signal<api.Line[] | null>(null);
const entry = signal<api.Entry | null>(null);
const problem = signal('');
const busy = signal(false);

const close = (): void => {
  talking.value = false;
};

async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  problem.value = '';
  busy.value = true;
  try {
    await work();
    return true;
  } catch (cause) {
    problem.value = wordsFor(cause);
    return false;
  } finally {
    busy.value = false;
  }
}

/** What came back of one line takes its place; the others stay as they are. */
function show(line: api.Line): void {
  const known = lines.peek() ?? [];
  lines.value = known.some((each) => each.id === line.id)
    ? known.map((each) => (each.id === line.id ? line : each))
    : [...known, line];
}

export function TableSheet({ story }: { story: Story }) {
  const sceneId = story.sceneId.value;
  if (!talking.value || sceneId === null) return null;
  return <Table key={sceneId} story={story} sceneId={sceneId} />;
}

function Table({ story, sceneId }: { story: Story; sceneId: string }) {
  const card = story.scenes.value.find((each) => each.id === sceneId);
  useConversation(story, sceneId);
  const told = lines.value;
  return (
    <Sheet title="Table read" class="table-sheet" onClose={close}>
      <p class="table-scene">{card === undefined ? '' : `Scene ${card.number} · ${card.heading}`}</p>
      {told === null && problem.value === '' && <span class="ghost sheet-ghost" role="status" aria-label="Sitting down" />}
      <div class="table-room">
        <div class="table-talk">
          {told !== null && <Lines told={told} sceneId={sceneId} />}
          {problem.value !== '' && (
            <p class="field-errors" role="alert">
              {problem.value}
            </p>
          )}
          {mayWrite.value ? <Say story={story} sceneId={sceneId} /> : <p class="table-reader">{readerWords.value}: you read along.</p>}
        </div>
        <Roles story={story} entry={entry.value} onGo={close} />
      </div>
      <div class="form-end">
        <button type="button" class="quiet" onClick={close}>
          Done
        </button>
      </div>
    </Sheet>
  );
}

/** Everybody at the table sees the same: `live` says that something moved, and the rows are read again. */
function useConversation(story: Story, sceneId: string): void {
  useEffect(() => {
    lines.value = null;
    entry.value = null;
    problem.value = '';
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = (): void => {
      api
        .linesOf(sceneId)
        .then((found) => !gone && (lines.value = found))
        .catch((cause: unknown) => !gone && (problem.value = wordsFor(cause)));
    };
    const hear = (found: api.Entry): void => {
      entry.value = found;
      if (!found.whole) enter();
    };
    const enter = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        api
          .entryOf(sceneId)
          .then((found) => !gone && hear(found))
          .catch(() => !gone && enter()); // the story is still being read
      }, ENTRY_AGAIN_MS);
    };
    const tables = story.rooms.live.doc.getMap<unknown>('tables');
    const moved = (event: { keysChanged: ReadonlySet<string | null> }): void => {
      if (!event.keysChanged.has(sceneId)) return;
      read();
      enter();
    };
    tables.observe(moved);
    read();
    enter();
    return () => {
      gone = true;
      clearTimeout(timer);
      tables.unobserve(moved);
    };
  }, [story, sceneId]);
}

function Lines({ told, sceneId }: { told: api.Line[]; sceneId: string }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [told.length, told.at(-1)?.state]);
  if (told.length === 0) {
    return (
      <div class="table-empty" data-testid="table-empty">
        <p>Nobody has said anything here yet.</p>
        <p>
          Ask the scene something: “Who is here?” goes to the narrator, “Nora, where is the key?” to Nora. They answer only what they
          can know. What you accept enters the script.
        </p>
      </div>
    );
  }
  return (
    <div class="table-lines" role="log" aria-label="Conversation" aria-live="polite">
      {told.map((line) => (
        <LineView key={line.id} line={line} told={told} sceneId={sceneId} />
      ))}
      <div ref={end} />
    </div>
  );
}

function LineView({ line, told, sceneId }: { line: api.Line; told: api.Line[]; sceneId: string }) {
  const words = lineWords(line);
  const stop = (): void => void attempt(async () => show(await api.stopLine(sceneId, line.id)));
  const decide = (proposal: api.Proposal, take: boolean, anyway: boolean): Promise<boolean> =>
    attempt(async () =>
      show(
        take
          ? await api.acceptLine(sceneId, proposal.id, identity.peek().name, anyway)
          : await api.declineLine(sceneId, proposal.id),
      ),
    );
  return (
    <article class="table-line" data-testid="table-line" data-state={line.state}>
      <p class="table-said">
        <strong>{speakerWords(line)}</strong> {line.text}
      </p>
      {line.proposals.map((proposal) => (
        <ProposalCard key={proposal.id} proposal={proposal} told={told} onDecide={decide} may={mayWrite.value && !busy.value} />
      ))}
      {words !== '' && (
        <p class="table-state" role="status">
          {line.state === 'ANSWERING' && <span class="table-dots" aria-hidden="true" />}
          {words}{' '}
          {line.state === 'ANSWERING' && mayWrite.value && (
            <button type="button" class="quiet small" data-testid="table-stop" onClick={stop}>
              Stop
            </button>
          )}
        </p>
      )}
    </article>
  );
}

function Say({ story, sceneId }: { story: Story; sceneId: string }) {
  const text = useRef<HTMLInputElement>(null);
  const role = useRef<HTMLSelectElement>(null);
  useEffect(() => text.current?.focus(), []);
  const say = async (event: Event): Promise<void> => {
    event.preventDefault();
    const words = text.current?.value.trim() ?? '';
    if (words === '' || busy.peek()) return;
    const said = await attempt(async () =>
      show(await api.sayLine(sceneId, words, role.current?.value ?? '', identity.peek().name)),
    );
    if (said && text.current !== null) text.current.value = '';
  };
  return (
    <form class="table-say" onSubmit={(event) => void say(event)}>
      <label>
        <span>You speak as</span>
        <select ref={role} data-testid="table-as">
          <option value="">Yourself: the narrator answers</option>
          {story.names.value.cast.map((name) => (
            <option key={name} value={name}>
              {titled(name)}
            </option>
          ))}
        </select>
      </label>
      <label class="table-words">
        <span class="unseen">Your line</span>
        <input ref={text} data-testid="table-words" maxLength={500} placeholder="Say something to this scene" autocomplete="off" />
      </label>
      <button type="submit" class="primary" data-testid="table-say" title={`Enter. The sheet opens with ${modKey}Alt T`}>
        Say
      </button>
    </form>
  );
}
