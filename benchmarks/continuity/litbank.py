"""LitBank: people, places and vehicles in novels, by `actors.screenplay.prose_entities`.

Invariant: an entity counts as found when its first and last token and its type are the annotators', nested ones alike,
as in the paper. The texts are divided by the hash of their names: 80 in view while the tables were written, 20 held out
and only measured. `Mrs.` inside `Mrs. Bennet`, which LitBank marks and we do not, is added here, not in the product.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actors.screenplay.prose_entities import entities_in
from actors.screenplay.prose_nouns import TITLES, EntityKind
from benchmarks.continuity import data
from benchmarks.continuity.intervals import Counts, f1, told

TYPE: dict[EntityKind, str] = {
    "person": "PER", "building": "FAC", "region": "GPE", "nature": "LOC", "vehicle": "VEH", "group": "ORG",
}  # fmt: skip
HELD_OUT_OF = 5
MISSES_SHOWN = 12

PUBLISHED = {"trained on news (ACE 2005)": 45.7, "trained on LitBank": 68.3}
"""F1, Bamman, Popat and Shen 2019, "An annotated dataset of literary entities"; their own ten held-out texts."""

Entity = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Text:
    name: str
    tokens: tuple[str, ...]
    sentences: tuple[tuple[int, int], ...]
    entities: frozenset[Entity]


def held_out(file: Path) -> bool:
    return int(hashlib.sha256(file.name.encode()).hexdigest(), 16) % HELD_OUT_OF == 0


def texts(folder: Path) -> list[Text]:
    return [text_of(file) for file in sorted(folder.glob("*.tsv"))]


def text_of(file: Path) -> Text:
    tokens: list[str] = []
    sentences: list[tuple[int, int]] = []
    entities: set[Entity] = set()
    for block in file.read_text(encoding="utf-8").split("\n\n"):
        rows = [[cell for cell in line.split("\t") if cell] for line in block.splitlines() if line.strip()]
        if rows:
            entities |= set(_spans(rows, len(tokens)))
            sentences.append((len(tokens), len(tokens) + len(rows)))
            tokens.extend(row[0] for row in rows)
    return Text(file.name, tuple(tokens), tuple(sentences), frozenset(entities))


def _spans(rows: list[list[str]], offset: int) -> Iterable[Entity]:
    """Each column after the first is one layer of nesting, in the BIO scheme."""
    for layer in range(1, max(map(len, rows))):
        begun: tuple[int, str] | None = None
        for at in range(len(rows) + 1):
            tag = rows[at][layer] if at < len(rows) and layer < len(rows[at]) else "O"
            if begun is not None and not tag.startswith("I-"):
                yield begun[0] + offset, at + offset, begun[1]
                begun = None
            if tag.startswith("B-"):
                begun = (at, tag[2:])


def laid_out(text: Text) -> tuple[str, dict[int, int], dict[int, int]]:
    """The words as prose, a sentence a line; by character, which token begins and which has ended there."""
    pieces: list[str] = []
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    at = 0
    for first, last in text.sentences:
        for token in range(first, last):
            starts[at], ends[at + len(text.tokens[token])] = token, token + 1
            pieces.append(text.tokens[token] + (" " if token < last - 1 else "\n"))
            at += len(pieces[-1])
    return "".join(pieces), starts, ends


def read(text: Text) -> set[Entity]:
    """What our reader finds, in tokens."""
    words, starts, ends = laid_out(text)
    found: set[Entity] = set()
    for entity in entities_in(words):
        first_token, last_token = starts.get(entity.span.start), ends.get(entity.span.end)
        if first_token is not None and last_token is not None:
            found.add((first_token, last_token, TYPE[entity.kind]))
    return with_titles(text, found)


def with_titles(text: Text, found: set[Entity]) -> set[Entity]:
    titled = {(a, a + 1, kind) for a, b, kind in found if kind == "PER" and b - a > 1 and _title(text.tokens[a])}
    return found | titled


def _title(token: str) -> bool:
    return token.rstrip(".") in TITLES


def majority(text: Text) -> set[Entity]:
    """Every capitalised word inside a sentence is a person: the commonest type and the commonest sign."""
    return {
        (at, at + 1, "PER")
        for first, last in text.sentences
        for at in range(first + 1, last)
        if text.tokens[at][0].isupper() and len(text.tokens[at]) > 1
    }


def measure(folder: Path | None = None) -> dict[str, Any]:
    """The 20 texts held out, from DATA; without DATA the committed five of them."""
    if folder is not None:
        found = [text_of(f) for f in sorted(data.manifest()["litbank"].path(folder).glob("*.tsv")) if held_out(f)]
    else:
        found = texts(data.manifest()["litbank-subset"].path(None))
    return of(found)


def of(found: list[Text]) -> dict[str, Any]:
    said = [read(text) for text in found]
    rows = np.array([counts(read, text.entities) for read, text in zip(said, found, strict=True)], dtype=float)
    simple = np.array([counts(majority(text), text.entities) for text in found], dtype=float)
    missed = Counter(
        f"{' '.join(text.tokens[a : min(b, a + 5)]).lower()} ({kind})"
        for text, read in zip(found, said, strict=True)
        for a, b, kind in text.entities - read
    )
    return {
        "texts": len(found),
        "entities": int(sum(len(text.entities) for text in found)),
        "f1": told(rows, _f1),
        "precision": told(rows, lambda row: float(row[0] / max(row[0] + row[1], 1))),
        "recall": told(rows, lambda row: float(row[0] / max(row[0] + row[2], 1))),
        "majority": round(_f1(simple.sum(axis=0)), 4),
        "by": {kind: _by(said, found, kind) for kind in TYPE.values()},
        "missed": [list(each) for each in sorted(missed.items(), key=lambda each: (-each[1], each[0]))[:MISSES_SHOWN]],
    }


def counts(read: set[Entity], true: frozenset[Entity]) -> tuple[int, int, int]:
    return len(read & true), len(read - true), len(true - read)


def _f1(row: Counts) -> float:
    return f1(*map(float, row))


def _by(said: list[set[Entity]], found: list[Text], kind: str) -> dict[str, float]:
    row = np.zeros(3)
    for read, text in zip(said, found, strict=True):
        row += counts({e for e in read if e[2] == kind}, frozenset(e for e in text.entities if e[2] == kind))
    return {"true": float(row[0] + row[2]), "f1": round(_f1(row), 4)}
