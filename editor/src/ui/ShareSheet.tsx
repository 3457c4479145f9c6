/** Sharing: a link for each person, with what they may do; links are copied once, changed and taken back here. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import * as share from '../api/share';
import { wordsFor } from '../api/operations';
import type { Story } from '../story/story';
import { say } from '../story/toasts';
import { sharing } from './sharing';
import { Sheet } from './Sheet';

const links = signal<readonly share.AccessLink[]>([]);
/** The link just made, while the sheet is open: nobody can see it again. */
const made = signal<{ label: string; url: string } | null>(null);
const problem = signal('');
const busy = signal(false);

const ROLES: readonly { role: share.AccessRole; words: string }[] = [
  { role: 'VIEWER', words: 'Read' },
  { role: 'COMMENTER', words: 'Comment' },
  { role: 'EDITOR', words: 'Write' },
];

async function attempt(work: () => Promise<void>): Promise<void> {
  problem.value = '';
  busy.value = true;
  try {
    await work();
  } catch (cause) {
    problem.value = wordsFor(cause);
  } finally {
    busy.value = false;
  }
}

const refresh = async (story: Story): Promise<void> => {
  links.value = (await share.accessLinks(story.id)).filter((link) => link.revokedAt === null);
};

export function ShareSheet({ story }: { story: Story }) {
  const open = sharing.value;
  useEffect(() => {
    made.value = null;
    links.value = [];
    if (open) void attempt(() => refresh(story));
  }, [open, story]);
  if (!open) return null;
  return (
    <Sheet title="Share this project" class="share" onClose={() => (sharing.value = false)}>
      <NewLink story={story} />
      {made.value !== null && <Made label={made.value.label} url={made.value.url} />}
      <p class="field-errors" role="alert">
        {problem.value}
      </p>
      {links.value.length > 0 && <Links story={story} />}
      <div class="form-end">
        <button type="button" class="quiet" onClick={() => (sharing.value = false)}>
          Done
        </button>
      </div>
    </Sheet>
  );
}

function NewLink({ story }: { story: Story }) {
  const form = useRef<HTMLFormElement>(null);
  const make = async (): Promise<void> => {
    if (form.current === null) return;
    const given = new FormData(form.current);
    const label = String(given.get('label') ?? '').trim();
    await attempt(async () => {
      const url = await share.createLink(story.id, given.get('role') as share.AccessRole, label);
      made.value = { label, url };
      form.current?.reset();
      await refresh(story);
    });
  };
  return (
    <form
      ref={form}
      class="form"
      data-testid="share-form"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <label class="field">
        <span>Who is it for?</span>
        <input name="label" required maxLength={120} autocomplete="off" dir="auto" data-testid="share-label" />
      </label>
      <fieldset class="choice">
        <legend>They can</legend>
        {ROLES.map(({ role, words }) => (
          <label key={role}>
            <input type="radio" name="role" value={role} defaultChecked={role === 'EDITOR'} />
            {words}
          </label>
        ))}
      </fieldset>
      <div class="form-end">
        <button type="submit" class="primary" disabled={busy.value} data-testid="share-create">
          Make a link
        </button>
      </div>
    </form>
  );
}

function Made({ label, url }: { label: string; url: string }) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(url);
      say(`The link for ${label} is copied.`);
    } catch {
      problem.value = 'The link could not be copied. Select it and copy it by hand.';
    }
  };
  return (
    <div class="share-made" role="status">
      <label class="field">
        <span>Send this to {label}. It is shown only now.</span>
        <input readOnly value={url} data-testid="share-url" onFocus={(event) => event.currentTarget.select()} />
      </label>
      <button type="button" class="quiet" onClick={() => void copy()} data-testid="share-copy">
        Copy
      </button>
    </div>
  );
}

function Links({ story }: { story: Story }) {
  const change = (link: share.AccessLink, role: share.AccessRole): Promise<void> =>
    attempt(async () => {
      await share.changeLink(link.id, role);
      await refresh(story);
    });
  const revoke = (link: share.AccessLink): Promise<void> =>
    attempt(async () => {
      await share.revokeLink(link.id);
      await refresh(story);
      say(`${link.label} cannot enter any more.`);
    });
  return (
    <ul class="share-links" aria-label="Who may enter" data-testid="share-links">
      {links.value.map((link) => (
        <li key={link.id}>
          <span class="share-label" dir="auto">
            {link.label}
          </span>
          <select
            aria-label={`What ${link.label} can do`}
            value={link.role}
            disabled={busy.value}
            onChange={(event) => void change(link, event.currentTarget.value as share.AccessRole)}
          >
            {ROLES.map(({ role, words }) => (
              <option key={role} value={role}>
                {words}
              </option>
            ))}
          </select>
          <button type="button" class="quiet small" disabled={busy.value} onClick={() => void revoke(link)}>
            Take back<span class="unseen"> the link of {link.label}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
