/**
 * Puts findings in the margin: an underline below the evidence, a mark beside the line, the words and the fix on hover
 * or F8. Built on CodeMirror's diagnostics, which keep the spans in place while people type.
 */
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import type { EditorView } from '@codemirror/view';
import type { Finding, Fix } from '../api/types';
import { locate, toUtf16 } from './codepoints';

/** Draws the findings of a scene; returns the ids of those whose words are not in the text any more. */
export function showFindings(view: EditorView, sceneId: string, findings: readonly Finding[]): ReadonlySet<string> {
  const text = view.state.doc.toString();
  const diagnostics: Diagnostic[] = [];
  const lost = new Set<string>();
  for (const finding of findings) {
    for (const evidence of finding.evidence) {
      // What a film shows has no place in the text.
      if (evidence.sceneId !== sceneId || evidence.start === evidence.end) continue;
      const span = locate(text, evidence.start, evidence.end, evidence.text);
      if (span === null) lost.add(finding.id);
      else diagnostics.push(diagnosticFor(finding, span.from, span.to, sceneId));
    }
  }
  diagnostics.sort((a, b) => a.from - b.from);
  view.dispatch(setDiagnostics(view.state, diagnostics));
  return lost;
}

function diagnosticFor(finding: Finding, from: number, to: number, sceneId: string): Diagnostic {
  const { fix } = finding;
  return {
    from,
    to,
    severity: finding.severity === 'ERROR' ? 'error' : 'warning',
    message: finding.suggestion ? `${finding.message}\n${finding.suggestion}` : finding.message,
    markClass: `finding-mark finding-mark-${finding.severity.toLowerCase()}`,
    actions:
      fix !== null && fix.sceneId === sceneId
        ? [{ name: 'Apply fix', apply: (view) => void applyFix(view, finding) }]
        : [],
  };
}

/** Replaces the words the finding points at. False when they changed in the meantime: then nothing is touched. */
export function applyFix(view: EditorView, finding: Finding): boolean {
  const { fix } = finding;
  if (fix === null) return false;
  const span = spanOf(view.state.doc.toString(), fix, finding);
  if (span === null) return false;
  view.dispatch({
    changes: { from: span.from, to: span.to, insert: fix.replacement },
    selection: { anchor: span.from + fix.replacement.length },
    scrollIntoView: true,
    userEvent: 'input.fix',
  });
  view.focus();
  return true;
}

/**
 * A fix has no words of its own to check against. When the evidence covers the same place, its words must still stand
 * there; otherwise the offsets are trusted as they are.
 */
function spanOf(text: string, fix: Fix, finding: Finding): { from: number; to: number } | null {
  const witness = finding.evidence.find(
    (evidence) => evidence.sceneId === fix.sceneId && evidence.start <= fix.start && evidence.end >= fix.end,
  );
  const from = toUtf16(text, fix.start);
  const to = toUtf16(text, fix.end);
  if (witness === undefined) return { from, to };
  const now = locate(text, witness.start, witness.end, witness.text);
  if (now === null) return null;
  const shift = now.from - toUtf16(text, witness.start);
  return { from: from + shift, to: to + shift };
}

/** Brings the evidence into view and selects it. */
export function revealFinding(view: EditorView, sceneId: string, finding: Pick<Finding, 'evidence'>): boolean {
  const text = view.state.doc.toString();
  for (const evidence of finding.evidence) {
    if (evidence.sceneId !== sceneId || evidence.start === evidence.end) continue;
    const span = locate(text, evidence.start, evidence.end, evidence.text);
    if (span === null) continue;
    view.dispatch({ selection: { anchor: span.from, head: span.to }, scrollIntoView: true });
    view.focus();
    return true;
  }
  return false;
}
