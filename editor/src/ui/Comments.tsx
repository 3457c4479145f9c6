/** The margin: threads on words of this scene, in the order of the page; answering, settling, and writing a new one. */
import { signal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { colourFor, initials } from '../collab/people';
import { revealThread } from '../script/remarks';
import { momentWords } from '../story/pastPoints';
import type { Story } from '../story/story';
import { COMMENT_CHARS_MAX, type Remark, type Thread } from '../story/threads';
import { activeThread, desk, held } from './deskView';
import { modKey } from './keys';

const settledShown = signal(false);

export function Comments({ story }: { story: Story }) {
  const threads = story.threads.value?.list.value ?? [];
  const open = threads.filter((thread) => thread.resolved === null);
  const settled = threads.length - open.length;
  useEffect(() => {
    held.value = null;
    activeThread.value = null;
  }, [story.sceneId.value]);
  return (
    <section aria-labelledby="comments" class="comments">
      <h2 id="comments">
        Comments {open.length > 0 && <span class="findings-count">{open.length}</span>}
      </h2>
      {held.value !== null && <NewComment story={story} />}
      {open.length === 0 && held.value === null && (
        <p class="findings-none">Select words on the page to say something about them.</p>
      )}
      <ul>
        {(settledShown.value ? threads : open).map((thread) => (
          <li key={thread.id}>
            <Card thread={thread} story={story} />
          </li>
        ))}
      </ul>
      {settled > 0 && (
        <button
          type="button"
          class="quiet small comments-settled"
          aria-pressed={settledShown.value}
          onClick={() => (settledShown.value = !settledShown.value)}
        >
          {settledShown.value ? 'Hide settled' : `Show ${settled} settled`}
        </button>
      )}
    </section>
  );
}

function close(): void {
  held.value = null;
  desk.peek()?.focus();
}

function NewComment({ story }: { story: Story }) {
  const words = held.value;
  if (words === null) return null;
  return (
    <article class="comment comment-new">
      <Quote text={words.quote} />
      <Composer
        label="Your comment"
        send="Comment"
        onCancel={close}
        onSend={(text) => {
          activeThread.value = story.threads.peek()?.add(words, text) ?? null;
          close();
        }}
      />
    </article>
  );
}

function Card({ thread, story }: { thread: Thread; story: Story }) {
  const [answering, setAnswering] = useState(false);
  const card = useRef<HTMLElement>(null);
  const active = activeThread.value === thread.id;
  useEffect(() => {
    if (active) card.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }, [active]);
  const reveal = (): void => {
    activeThread.value = thread.id;
    const view = desk.peek();
    if (view !== null) revealThread(view, thread);
  };
  const gone = thread.span === null;
  return (
    <article
      ref={card}
      class={`comment${active ? ' comment-active' : ''}${thread.resolved ? ' comment-settled' : ''}`}
      data-testid="comment"
      data-gone={gone}
      data-settled={thread.resolved !== null}
    >
      {gone ? (
        <div class="comment-gone">
          <p>The text it spoke about is gone.</p>
          <Quote text={thread.quote} />
        </div>
      ) : (
        <button type="button" class="bare comment-words" title="Show these words" onClick={reveal}>
          <Quote text={thread.quote} />
        </button>
      )}
      <Said remark={thread} story={story} />
      {thread.replies.length > 0 && (
        <ul class="comment-replies" aria-label="Answers">
          {thread.replies.map((reply) => (
            <li key={reply.id}>
              <Said remark={reply} story={story} />
            </li>
          ))}
        </ul>
      )}
      {thread.resolved !== null && <p class="comment-end">Settled by {thread.resolved.name}</p>}
      {answering ? (
        <Composer
          label="Your answer"
          send="Answer"
          onCancel={() => setAnswering(false)}
          onSend={(text) => {
            story.threads.peek()?.reply(thread.id, text);
            setAnswering(false);
          }}
        />
      ) : (
        <div class="comment-ways">
          {thread.resolved === null && (
            <button type="button" class="quiet small" data-testid="reply" onClick={() => setAnswering(true)}>
              Answer
            </button>
          )}
          <button
            type="button"
            class="quiet small"
            data-testid="resolve"
            onClick={() => story.threads.peek()?.resolve(thread.id, thread.resolved === null)}
          >
            {thread.resolved === null ? 'Settle' : 'Open again'}
          </button>
        </div>
      )}
    </article>
  );
}

function Quote({ text }: { text: string }) {
  return (
    <q class="comment-quote" dir="auto">
      {text}
    </q>
  );
}

function Said({ remark, story }: { remark: Remark; story: Story }) {
  const here = story.presence.people.value.find((person) => person.name === remark.name);
  return (
    <div class="said">
      <p class="said-who">
        <span
          class="disc"
          style={{ '--person': here?.color ?? colourFor(remark.name) }}
          data-mark={initials(remark.name)}
          aria-hidden="true"
        />
        <strong>{remark.name}</strong>
        <time dateTime={new Date(remark.at).toISOString()}>{momentWords(new Date(remark.at).toISOString())}</time>
      </p>
      <p class="said-text" dir="auto">
        {remark.text}
      </p>
    </div>
  );
}

interface ComposerProps {
  label: string;
  send: string;
  onSend: (text: string) => void;
  onCancel: () => void;
}

function Composer({ label, send, onSend, onCancel }: ComposerProps) {
  const [text, setText] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  useLayoutEffect(() => box.current?.focus(), []);
  const submit = (): void => {
    if (text.trim()) onSend(text.trim());
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label class="unseen" for={id}>
        {label}
      </label>
      <textarea
        id={id}
        ref={box}
        rows={3}
        dir="auto"
        placeholder={label}
        maxLength={COMMENT_CHARS_MAX}
        value={text}
        data-testid="comment-text"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
          else if (event.key === 'Escape') onCancel();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <div class="form-end">
        <button type="button" class="quiet small" onClick={onCancel}>
          Leave it
        </button>
        <button type="submit" class="primary small" disabled={!text.trim()} data-testid="send-comment">
          {send} <kbd>{modKey}↵</kbd>
        </button>
      </div>
    </form>
  );
}
