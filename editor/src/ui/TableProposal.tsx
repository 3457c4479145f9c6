/** One answer of a table read: its words, how sure they are and why, what it would break; accepted or declined by a key. */
import { useRef } from 'preact/hooks';
import type { Line, Proposal } from '../api/tableRead';
import { stateWords, stepProposal, sureWords, titled } from '../story/tableWords';

interface Props {
  proposal: Proposal;
  told: readonly Line[];
  may: boolean;
  onDecide: (proposal: Proposal, take: boolean, anyway: boolean) => Promise<boolean>;
}

export const focusProposal = (id: string | undefined): void => {
  document.querySelector<HTMLElement>(`[data-proposal="${id ?? ''}"] button`)?.focus();
};

export function ProposalCard({ proposal, told, may, onDecide }: Props) {
  const card = useRef<HTMLDivElement>(null);
  const open = proposal.state === 'OPEN';
  const decide = async (take: boolean): Promise<void> => {
    const next = stepProposal(told, proposal.id, 1) ?? stepProposal(told, proposal.id, -1);
    if (await onDecide(proposal, take, take && proposal.contradicts)) focusProposal(next?.id);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || !open) return;
    if (event.key === 'a' && may && !proposal.contradicts) void decide(true); // that takes more than a letter
    else if (event.key === 'd' && may) void decide(false);
    else if (event.key === 'ArrowDown') focusProposal(stepProposal(told, proposal.id, 1)?.id);
    else if (event.key === 'ArrowUp') focusProposal(stepProposal(told, proposal.id, -1)?.id);
    else return;
    event.preventDefault();
  };
  return (
    // Its buttons are buttons of their own: this adds A, D and the arrows for whoever has the focus on one.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={card}
      class="table-proposal"
      role="group"
      aria-label={`${proposal.name || 'Narrator'} answers`}
      data-testid="table-proposal"
      data-proposal={proposal.id}
      data-state={proposal.state}
      onKeyDown={onKey}
    >
      <p class={proposal.kind === 'dialogue' ? 'table-speech' : 'table-action'}>
        {proposal.kind === 'dialogue' && <span class="table-cue">{proposal.name.toLocaleUpperCase()}</span>}
        {proposal.words}
      </p>
      {proposal.findings
        .filter((each) => !each.waived)
        .map((each) => (
          <p key={each.message} class="table-finding" data-severity={each.severity}>
            {each.severity === 'ERROR' ? 'Contradicts the story: ' : 'Continuity: '}
            {each.message}
          </p>
        ))}
      <div class="table-ways">
        {open && (
          <>
            <button
              type="button"
              class={proposal.contradicts ? 'quiet small' : 'primary small'}
              data-testid="table-accept"
              {...(!proposal.contradicts && { 'aria-keyshortcuts': 'a' })}
              disabled={!may}
              onClick={() => void decide(true)}
            >
              {proposal.contradicts ? 'Accept anyway' : 'Accept'} {!proposal.contradicts && <kbd>A</kbd>}
            </button>
            <button type="button" class="quiet small" data-testid="table-decline" aria-keyshortcuts="d" disabled={!may} onClick={() => void decide(false)}>
              Decline <kbd>D</kbd>
            </button>
          </>
        )}
        <small>{open ? sureWords(proposal) : stateWords[proposal.state]}</small>
      </div>
      {open && proposal.because.length > 0 && (
        <details class="table-why">
          <summary>Why</summary>
          <ul>
            {proposal.because.map((quote) => (
              <li key={`${quote.sceneId} ${quote.start}`}>“{quote.text}”</li>
            ))}
            {proposal.lost.length > 0 && <li>A model’s words were not taken: {titled(proposal.lost.join(', '))}.</li>}
          </ul>
        </details>
      )}
    </div>
  );
}
