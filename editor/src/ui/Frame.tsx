/** One frame of the board: picked by pressing it, voted for by its heart or by V while it has the focus. */
import { colourFor, initials } from '../collab/people';
import type { Panel } from '../api/types';
import { voteWords } from '../story/boardWords';
import { mayComment, mayWrite, myId } from '../story/role';
import type { Story } from '../story/story';

const VOTERS_SHOWN = 3;

interface FrameProps {
  panel: Panel;
  number: number;
  /** "Frame 2" or "Shot 3, frame 2". */
  name: string;
  picked: boolean;
  /** May be picked now. */
  open: boolean;
  story: Story;
  testId: string;
  onLook: (panelId: string) => void;
  onPick: (panelId: string) => void;
}

export function Frame({ panel, number, name, picked, open, story, testId, onLook, onPick }: FrameProps) {
  const votes = story.votes.value?.byPanel.value.get(panel.id) ?? [];
  const waiting = story.generation.job.value?.state === 'PREVIEW_READY';
  const mine = votes.some((vote) => vote.principal === myId.value);
  const names = votes.map((vote) => vote.name);
  return (
    <div class="frame">
      <button
        type="button"
        class="panel"
        data-testid={testId}
        data-frame
        data-panel-id={panel.id}
        data-picked={picked}
        aria-pressed={picked}
        aria-label={`${name}${picked ? ', picked' : ''}`}
        aria-keyshortcuts="v"
        disabled={!open || !mayWrite.value || story.generation.busy.value}
        onPointerEnter={() => onLook(panel.id)}
        onFocus={() => onLook(panel.id)}
        onClick={() => onPick(panel.id)}
      >
        <img src={panel.imageUrl} alt="" loading="lazy" />
        {/* Drawn by the style sheet: the button's name already says both. */}
        <span class="panel-number" data-mark={number} />
        {picked && <span class="panel-picked" data-mark="Picked" />}
      </button>
      <button
        type="button"
        class="vote"
        data-testid="vote"
        data-vote-of={panel.id}
        aria-pressed={mine}
        aria-label={`Vote for ${name.toLowerCase()}, ${voteWords(names)}`}
        title={names.length > 0 ? voteWords(names) : 'Vote'}
        disabled={!waiting || !mayComment.value || myId.value === null}
        onClick={() => story.vote(panel.id)}
      >
        <span aria-hidden="true">{mine ? '♥' : '♡'}</span>
        {votes.length > 0 && <span aria-hidden="true">{votes.length}</span>}
        {votes.slice(0, VOTERS_SHOWN).map((vote) => (
          <i key={vote.principal} aria-hidden="true" style={{ '--person': colourFor(vote.name) }} data-mark={initials(vote.name)} />
        ))}
      </button>
    </div>
  );
}
