"""What spaCy's small pipeline would add to our reader of entities, on LitBank: names of its own, and longer spans.

`python -m benchmarks.continuity.spacy_spans [DATA]`, where spaCy and an English pipeline are installed (the extra
`spacy`; EVAL_SPACY_MODEL names the pipeline or its folder); else *not run*. Invariant: texts are divided as in
`litbank`, and the choice of what to add was made on the 80 in view. Decision 0041 holds what came out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from actors.screenplay.prose_entities import entities_in
from benchmarks.continuity import data, litbank
from benchmarks.continuity.litbank import Entity, Text

MODEL = os.environ.get("EVAL_SPACY_MODEL", "en_core_web_sm")
KINDS = {"PERSON": "PER", "FAC": "FAC", "GPE": "GPE", "LOC": "LOC"}
"""Labels of OntoNotes 5 and of LitBank. Organisations, dates and numbers are left."""

BELONGS = ("prep", "relcl")
"""What a noun governs to its right that annotators count as part of it: "a man of fifty", "a man who …"."""

NOT_RUN = "not run: spaCy or its English pipeline is not installed here"


def pipeline() -> Any:
    """None where there is none."""
    if find_spec("spacy") is None:
        return None
    import spacy

    try:
        return spacy.load(MODEL, exclude=["lemmatizer", "attribute_ruler"])
    except OSError:
        return None


def measure(found: list[Text], read: Any) -> dict[str, tuple[float, float, float]]:
    """Precision, recall and F1 in percent, by what is added to the tables."""
    said: dict[str, Callable[[Text], set[Entity]]] = {
        "tables alone": litbank.read,
        "spaCy's names alone": lambda text: named(text, read),
        "tables and spaCy's names": lambda text: litbank.read(text) | named(text, read),
        "names where the tables see nothing": lambda text: _apart(litbank.read(text), named(text, read)),
        "tables, each with what it governs": lambda text: governed(text, read),
    }
    return {words: _row((reader(text), text) for text in found) for words, reader in said.items()}


def named(text: Text, read: Any) -> set[Entity]:
    words, starts, ends = litbank.laid_out(text)
    found = ((starts.get(e.start_char), ends.get(e.end_char), KINDS.get(e.label_)) for e in read(words).ents)
    return {(a, b, kind) for a, b, kind in found if a is not None and b is not None and kind is not None}


def governed(text: Text, read: Any) -> set[Entity]:
    """Our entities, each to the end of what its noun governs."""
    words, starts, ends = litbank.laid_out(text)
    doc, found = read(words), set[Entity]()
    for entity in entities_in(words):
        first, last = starts.get(entity.span.start), ends.get(entity.span.end)
        if first is None or last is None:
            continue
        longer = ends.get(_reach(doc.char_span(entity.span.start, entity.span.end, alignment_mode="expand")), last)
        found.add((first, max(last, longer), litbank.TYPE[entity.kind]))
    return litbank.with_titles(text, found)


def _reach(span: Any) -> int:
    """Where, in characters, what the noun governs ends."""
    right = [child for child in span.root.rights if child.dep_ in BELONGS and child.i >= span.end]
    last = max((child.right_edge for child in right), key=lambda token: token.i, default=span[-1])
    while last.is_punct and last.i > span.root.i:
        last = last.nbor(-1)
    return int(max(span.end_char, last.idx + len(last)))


def _apart(ours: set[Entity], theirs: set[Entity]) -> set[Entity]:
    return ours | {e for e in theirs if not any(e[0] < one[1] and one[0] < e[1] for one in ours)}


def _row(read: Iterable[tuple[set[Entity], Text]]) -> tuple[float, float, float]:
    right, wrong, missed = np.sum([litbank.counts(said, text.entities) for said, text in read], axis=0)
    shares = right / max(right + wrong, 1), right / max(right + missed, 1), 2 * right / (2 * right + wrong + missed)
    precision, recall, f1 = (round(100 * float(share), 1) for share in shares)
    return precision, recall, f1


def main(folder: Path | None) -> str:
    read = pipeline()
    if read is None:
        return NOT_RUN
    parts = {"the committed five": litbank.texts(data.manifest()["litbank-subset"].path(None))}
    if folder is not None:
        every = sorted(data.manifest()["litbank"].path(folder).glob("*.tsv"))
        parts["80 in view"] = [litbank.text_of(file) for file in every if not litbank.held_out(file)]
        parts["20 held out"] = [litbank.text_of(file) for file in every if litbank.held_out(file)]
    lines = [f"{MODEL}; precision, recall, F1 in percent"]
    for words, found in parts.items():
        lines += [words, *(f"  {added}: {p} {r} {f1}" for added, (p, r, f1) in measure(found, read).items())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None) + "\n")
