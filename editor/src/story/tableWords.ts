/** A table read in words: who speaks, how sure they are, what a role knows, what came of a line. */
import type { Frame, Line, Piece, Proposal } from '../api/tableRead';

/** As long as an answer may take before people are shown how to stop it. */
export const STOP_SHOWN_AFTER_MS = 1000;

export const titled = (name: string): string =>
  name === name.toLocaleUpperCase() || name === name.toLocaleLowerCase()
    ? name.toLocaleLowerCase().replace(/(?:^|\s)\p{L}/gu, (letter) => letter.toLocaleUpperCase())
    : name;

export function speakerWords(line: Line): string {
  const person = line.shownAs || 'Somebody';
  return line.as === '' ? person : `${person} as ${titled(line.as)}`;
}

const WRITERS: Record<string, string> = { grammar: 'film grammar', person: 'your own words' };

/** “Likely · film grammar”. What somebody said themselves is as sure as can be. */
export function sureWords(proposal: Proposal): string {
  if (proposal.writer === 'person') return 'As it was said';
  const sure = proposal.knows ? proposal.sure : 'does not know';
  const writer = WRITERS[proposal.writer] ?? proposal.writer;
  return `${sure.charAt(0).toLocaleUpperCase()}${sure.slice(1)} · ${writer}`;
}

export const stateWords: Record<Proposal['state'], string> = {
  OPEN: '',
  ACCEPTED: 'In the script',
  DECLINED: 'Declined',
  LAPSED: 'Let go: newer answers took its place',
};

/** What waits, or what is to be known of who answered. */
export function lineWords(line: Line): string {
  if (line.state === 'STOPPED') return 'Stopped before it was answered.';
  if (line.state === 'ANSWERING') return line.answerBy === null ? 'Finding out what they know…' : 'Thinking of an answer…';
  if (line.insteadOf.length === 0) return '';
  return `Film grammar answers: ${line.insteadOf.join(', ')} gave nothing in time.`;
}

export const openOf = (lines: readonly Line[]): Proposal[] =>
  lines.flatMap((line) => line.proposals.filter((each) => each.state === 'OPEN'));

/** The open proposal `by` places from this one. */
export function stepProposal(lines: readonly Line[], id: string, by: number): Proposal | undefined {
  const open = openOf(lines);
  return open[open.findIndex((each) => each.id === id) + by];
}

const ABOUT: Record<string, (piece: Piece, who: string) => string> = {
  here: (piece) => `is in ${titled(piece.words)}`,
  hour: (piece) => `it is ${piece.words.replaceAll('_', ' ').toLocaleLowerCase()}`,
  day: (piece) => `story day ${piece.words}`,
  with: (_, who) => `with ${who}`,
  holds: (piece, who) => `${who} ${piece.now ? 'has' : 'had'} ${piece.words}`,
  wears: (piece, who) => `${who} ${piece.now ? 'wears' : 'wore'} ${piece.words}`,
  hurt: (piece, who) => `${who}: hurt ${piece.words}`,
  knows: (piece, who) => `${who} knows of ${piece.words}`,
  alive: (piece, who) => `${who} is ${piece.words}`,
  age: (piece, who) => `${who} is ${piece.words}`,
  looks: (piece, who) => `${who}: ${piece.words}`,
  put: (piece) => `${piece.who}: ${piece.words}`,
  seen_at: (piece, who) => `${who} was last seen at ${titled(piece.words)}`,
};

/** One thing a role knows; `own`: of itself, so that no name is needed. */
export function pieceWords(piece: Piece, frame: Frame): string {
  const own = piece.who === frame.role && frame.role !== '';
  const words = (ABOUT[piece.about] ?? (() => `${piece.about}: ${piece.words}`))(piece, own ? '' : titled(piece.who));
  return words.trim().replace(/^:\s*/u, '');
}

export function bondWords(bond: Frame['bonds'][number]): string {
  const trust = [bond.trustBenevolence, bond.trustCompetence].filter((each) => each !== null);
  const parts: string[] = [];
  if (trust.length > 0) parts.push(Math.min(...trust) < -0.3 ? 'distrusts' : Math.max(...trust) > 0.3 ? 'trusts' : 'is unsure of');
  if (bond.debt !== null && bond.debt > 0) parts.push('owes');
  return `${parts.length > 0 ? parts.join(' and ') : 'has been with'} ${titled(bond.name)}`;
}

export const roleWords = (frame: Frame): string => (frame.role === '' ? 'Narrator' : titled(frame.name));

export function knownWords(frame: Frame): string {
  const count = frame.pieces.length + frame.bonds.length;
  return count === 0 ? 'knows nothing yet' : count === 1 ? 'knows one thing' : `knows ${count} things`;
}
