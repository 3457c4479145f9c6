"""PASTA: a state that a short story implies, the counterfactual of it, and the story made to fit the counterfactual.

Asked two ways. *Each pair*, as published: does this story imply this state? *Which belongs to which*: two stories and
two states, which state is of which story? That is what a changed fact asks of a ledger; it is the easier question,
and not the published one. Invariants: no label of the test split is used but to count; thresholds are of the
validation split (the training split is not in the copy at hand); sentences are compared by the product's embedder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.cache.rates import Rate
from benchmarks.continuity import data
from benchmarks.continuity.intervals import balanced_accuracy, told

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = Mapping[str, NDArray[np.float32]]

PUBLISHED = {"T5-base, fine-tuned on 8,476 (each pair)": 76.1}
"""Accuracy on the test split, from the authors' log in their repository."""

LINES = range(1, 6)
TEXTS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Case:
    """A story and the story changed, each its lines; the state of the one and of the other."""

    story: tuple[str, ...]
    changed: tuple[str, ...]
    state: str
    counter: str

    @property
    def differing(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        pairs = [(a, b) for a, b in zip(self.story, self.changed, strict=True) if a != b]
        return tuple(a for a, _ in pairs), tuple(b for _, b in pairs)


def cases(split: str, folder: Path) -> list[Case]:
    lines = [json.loads(line) for line in data.text(f"pasta-{split}", folder).splitlines()]
    return [
        Case(
            tuple(line[f"Input.line{n}"] for n in LINES),
            tuple(line[f"Answer.mod_line{n}"] or line[f"Input.line{n}"] for n in LINES),
            line["Answer.assertion"],
            line["Answer.mod_assertion"],
        )
        for line in lines
    ]


def embedded(found: Sequence[Case]) -> Rows:
    """Rows of every sentence. Raises NotRun without the embedder's weights."""
    from gpu.embed.minilm import MiniLM
    from gpu.embed.protocol import EmbedError

    texts = sorted({text for case in found for text in (*case.story, *case.changed, case.state, case.counter)}, key=len)
    try:
        embedder = MiniLM()
        parts = [embedder.embed(texts[at : at + TEXTS_AT_ONCE]) for at in range(0, len(texts), TEXTS_AT_ONCE)]
    except EmbedError as error:
        raise data.NotRun(error.message) from error
    return dict(zip(texts, np.concatenate(parts), strict=True))


def measure(folder: Path | None) -> dict[str, Any]:
    if folder is None:
        raise data.NotRun("no DATA given")
    validation, test = cases("val", folder), cases("test", folder)
    rows = embedded([*validation, *test])
    return {
        "stories": len(test),
        "pairs": _pairs(validation, test, rows),
        "fits": _which_story(test, rows),
        "belongs": _belongs(test, rows),
        "belongs_validation": _belongs(validation, rows)["share"],
    }


def _pairs(validation: Sequence[Case], test: Sequence[Case], rows: Rows) -> dict[str, Any]:
    """By the nearest sentence of the story, above a threshold of the validation split."""
    true, scores = _asked(validation, rows)
    threshold = max(np.quantile(scores, np.linspace(0.02, 0.98, 49)), key=lambda t: _balanced(true, scores > t))
    true, scores = _asked(test, rows)
    said = scores > threshold
    counts = np.array(
        [[(said[at] & true[at]).sum(), (~said[at] & ~true[at]).sum(), 2, 2] for at in _by_case(len(test))], dtype=float
    )
    return told(counts, lambda row: float(row[0] / row[2] + row[1] / row[3]) / 2)


def _by_case(count: int) -> list[slice]:
    return [slice(4 * at, 4 * at + 4) for at in range(count)]


def _asked(found: Sequence[Case], rows: Rows) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    true: list[bool] = []
    scores: list[float] = []
    for case in found:
        for lines, holds in ((case.story, case.state), (case.changed, case.counter)):
            for state in (case.state, case.counter):
                true.append(state == holds)
                scores.append(max(float(rows[line] @ rows[state]) for line in lines))
    return np.array(true), np.array(scores)


def _balanced(true: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    return balanced_accuracy([bool(t) for t in true], [bool(s) for s in said])


def _which_story(found: Sequence[Case], rows: Rows) -> dict[str, Any]:
    """One state, two stories: which of them implies it?"""
    right = 0.0
    for case in found:
        old, new = (np.stack([rows[line] for line in lines]) for lines in case.differing)
        for state, ours, other in ((case.state, old, new), (case.counter, new, old)):
            right += float((ours @ rows[state]).max() > (other @ rows[state]).max())
    return Rate(int(right), 2 * len(found)).told()


def _belongs(found: Sequence[Case], rows: Rows) -> dict[str, Any]:
    """Two stories and two states: the change of the states lies along the change of the stories, or against it."""
    right = 0
    for case in found:
        old, new = (np.mean([rows[line] for line in lines], axis=0) for lines in case.differing)
        right += bool((rows[case.state] - rows[case.counter]) @ (old - new) > 0)
    return Rate(right, len(found)).told()
