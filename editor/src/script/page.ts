/** Lays a Fountain scene out as a screenplay page: one CSS class per line kind; see styles/page.css for the measures. */
import { RangeSetBuilder, type Text } from '@codemirror/state';
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { type LineKind, lineKinds } from './fountain';

// dir=auto: an Arabic line reads from the right, the English cue above it from the left.
const line = (kind: LineKind): Decoration =>
  Decoration.line({ class: `fountain fountain-${kind}`, attributes: { dir: 'auto' } });

const LINES = new Map<LineKind, Decoration>();
const EMPHASIS: readonly [RegExp, Decoration][] = [
  [/\*\*(?!\s)[^*]+\*\*/gu, Decoration.mark({ class: 'fountain-bold' })],
  [/(?<!\*)\*(?![\s*])[^*]+\*(?!\*)/gu, Decoration.mark({ class: 'fountain-italic' })],
  [/_(?!\s)[^_]+_/gu, Decoration.mark({ class: 'fountain-underline' })],
  [/\[\[[^\]]*\]\]/gu, Decoration.mark({ class: 'fountain-aside' })],
];

function decorationFor(kind: LineKind): Decoration {
  const known = LINES.get(kind);
  if (known !== undefined) return known;
  const made = line(kind);
  LINES.set(kind, made);
  return made;
}

class ScreenplayPage {
  decorations: DecorationSet;
  private kinds: LineKind[];

  constructor(view: EditorView) {
    this.kinds = read(view.state.doc);
    this.decorations = this.draw(view);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) this.kinds = read(update.state.doc);
    if (update.docChanged || update.viewportChanged) this.decorations = this.draw(update.view);
  }

  private draw(view: EditorView): DecorationSet {
    const builder = new RangeSetBuilder<Decoration>();
    for (const { from, to } of view.visibleRanges) {
      for (let at = from; at <= to; ) {
        const row = view.state.doc.lineAt(at);
        const kind = this.kinds[row.number - 1] ?? 'action';
        builder.add(row.from, row.from, decorationFor(kind));
        if (kind !== 'empty') emphasise(builder, row.text, row.from);
        at = row.to + 1;
      }
    }
    return builder.finish();
  }
}

function emphasise(builder: RangeSetBuilder<Decoration>, text: string, offset: number): void {
  if (!/[*_[]/u.test(text)) return;
  const found: { from: number; to: number; mark: Decoration }[] = [];
  for (const [pattern, mark] of EMPHASIS) {
    for (const match of text.matchAll(pattern)) {
      found.push({ from: offset + match.index, to: offset + match.index + match[0].length, mark });
    }
  }
  found.sort((a, b) => a.from - b.from || a.to - b.to);
  for (const { from, to, mark } of found) builder.add(from, to, mark);
}

const read = (doc: Text): LineKind[] => lineKinds(doc.toString().split('\n'));

export const screenplayPage = ViewPlugin.fromClass(ScreenplayPage, { decorations: (page) => page.decorations });
