/**
 * Says in words what a held job may do, and shows its corrections inside their lines.
 *
 * Invariant: pure functions of what the gate told; offsets are Unicode code points of the words that were asked for.
 */
import type { Correction, Gate, Issue } from '../api/gate';

/** What a person still has to decide, contradictions before what only became known. */
export const errorsOf = (gate: Gate): Issue[] => gate.issues.filter((issue) => issue.severity === 'ERROR' && !issue.waived);

export const warningsOf = (gate: Gate): Issue[] => gate.issues.filter((issue) => issue.severity === 'WARNING' && !issue.waived);

/** Whether there is a script to take: one that was corrected here, or one that people put right. */
export const mayCorrect = (gate: Gate): boolean => gate.held?.fixed === true || gate.corrections.length > 0;

export const correctWords = (gate: Gate): string =>
  gate.held?.fixed === true ? 'Film the script as it reads now' : 'Use the correction';

export const changeWords = (change: Correction): string => {
  const did = change.before === '' ? `adds “${change.after}”` : change.after === '' ? `removes “${change.before}”` : `“${change.before}” becomes “${change.after}”`;
  return change.made ? `${did}, in the prompt already` : did;
};

/** “The clock runs wrong” and its like, for codes nobody named: words of the code itself. */
export const typeWords = (type: string): string => {
  const words = type.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};
