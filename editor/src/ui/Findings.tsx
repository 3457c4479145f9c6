/** What the continuity watch found in this scene: the words, a suggestion, and a fix where there is one. */
import type { Finding } from '../api/types';
import { applyFix, revealFinding } from '../script/margin';
import { navigate, pathTo } from '../story/router';
import { mayWrite } from '../story/role';
import type { Story } from '../story/story';
import { say } from '../story/toasts';
import { desk, outdated } from './deskView';

/** What a reason is called, by its name without case. */
const REASONS: Readonly<Record<string, string>> = {
  dream: 'a dream',
  flashback: 'a flashback',
  lie: 'a lie',
  unreliable_narrator: 'an unreliable narrator',
  intended: 'intended',
};
export const reasonWords = (reason: string): string => REASONS[reason.toLowerCase()] ?? reason;

export function Findings({ story }: { story: Story }) {
  const findings = story.findings.value;
  const meant = story.found.value.filter((finding) => finding.waived);
  return (
    <section aria-labelledby="findings" class="findings">
      <h2 id="findings">
        Findings {findings.length > 0 && <span class="findings-count">{findings.length}</span>}
      </h2>
      {findings.length === 0 && <p class="findings-none">Nothing stands out. The story holds together here.</p>}
      <ul>
        {findings.map((finding) => (
          <li key={finding.id}>
            <Card finding={finding} story={story} />
          </li>
        ))}
        {meant.map((finding) => (
          <li key={finding.id} class="finding-suggestion" data-testid="finding-meant">
            {finding.message} This is {reasonWords(finding.waiver?.reason ?? 'intended')}
            {finding.waiver?.name ? `, says ${finding.waiver.name}` : ''}.{' '}
            {mayWrite.value && (
              <button type="button" class="quiet small" onClick={() => void story.waive(finding, null)}>
                It is not
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Card({ finding, story }: { finding: Finding; story: Story }) {
  const sceneId = story.sceneId.value;
  const here = finding.evidence.some((evidence) => evidence.sceneId === sceneId);
  const elsewhere = finding.evidence.find((evidence) => evidence.sceneId !== sceneId);
  const numberOf = (id: string): number | undefined => story.scenes.value.find((card) => card.id === id)?.number;
  return (
 <article
      class="finding"
      data-outdated={outdated.value.has(finding.id)}
      data-testid="finding" data-severity={finding.severity} data-code={finding.code}>
      <p class="finding-message">
        <span class="unseen">{finding.severity === 'ERROR' ? 'Serious: ' : 'Note: '}</span>
        {finding.message}
      </p>
      {finding.suggestion && !outdated.value.has(finding.id) && (
        <p class="finding-suggestion">{finding.suggestion}</p>
      )}
      {outdated.value.has(finding.id) && (
        <p class="finding-suggestion">These words have changed. Continuity will look again.</p>
      )}
      <div class="finding-ways" hidden={outdated.value.has(finding.id)}>
        {here && (
          <button type="button" class="quiet small" onClick={() => reveal(finding, sceneId)}>
            Show
          </button>
        )}
        {elsewhere !== undefined && numberOf(elsewhere.sceneId) !== undefined && (
          <button type="button" class="quiet small" onClick={() => navigate(pathTo(story.id, elsewhere.sceneId))}>
            Scene {numberOf(elsewhere.sceneId)}
          </button>
        )}
        <FixButton finding={finding} story={story} />
        <CastButton finding={finding} story={story} />
        {mayWrite.value && finding.reasons.length > 0 && (
          <select
            class="quiet small"
            aria-label="This is meant"
            data-testid="waive"
            value=""
            onChange={(event) => void story.waive(finding, event.currentTarget.value)}
          >
            <option value="">This is meant…</option>
            {finding.reasons.map((reason) => (
              <option key={reason} value={reason}>
                {reasonWords(reason)}
              </option>
            ))}
          </select>
        )}
      </div>
    </article>
  );
}

/** The finding's code for somebody who speaks or acts without being in the cast. */
const NEW_CHARACTER = 'new_character';

function CastButton({ finding, story }: { finding: Finding; story: Story }) {
  const name = finding.evidence[0]?.text.trim();
  if (finding.code.toLowerCase() !== NEW_CHARACTER || finding.fix !== null || !name) return null;
  return (
    <button
      type="button"
      class="quiet small accent"
      data-testid="add-cast"
      onClick={() => void story.addCast(name.replace(/^@/u, '').toLocaleUpperCase())}
    >
      Add to the cast
    </button>
  );
}

function FixButton({ finding, story }: { finding: Finding; story: Story }) {
  const { fix } = finding;
  if (fix === null) return null;
  if (fix.sceneId !== story.sceneId.value) {
    return (
      <button type="button" class="quiet small" onClick={() => navigate(pathTo(story.id, fix.sceneId))}>
        Go to the fix
      </button>
    );
  }
  return (
    <button
      type="button"
      class="quiet small accent"
      data-testid="apply-fix"
      disabled={story.status.value === 'LOCKED'}
      title={fix.replacement ? `Write “${fix.replacement}”` : 'Remove these words'}
      onClick={() => {
        const view = desk.peek();
        if (view !== null && !applyFix(view, finding)) say('These words have changed since. Nothing was touched.');
      }}
    >
      Apply fix
    </button>
  );
}

function reveal(finding: Finding, sceneId: string | null): void {
  const view = desk.peek();
  if (view === null || sceneId === null) return;
  if (!revealFinding(view, sceneId, finding)) say('These words are not in the scene any more.');
}
