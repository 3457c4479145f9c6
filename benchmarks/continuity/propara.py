"""ProPara: where things are after each sentence of a paragraph about a process, by `actors.continuity.whereabouts`.

Invariant: the reader sees sentences and the names of the participants, as every system of the papers does, and nothing
was learned from labels. Its verbs were chosen with the training split in view, tried on the development split; the test
split is only measured.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from actors.continuity.whereabouts import whereabouts
from benchmarks.continuity import data
from benchmarks.continuity.intervals import Counts, told
from benchmarks.continuity.propara_score import UNKNOWN, Grid, Label, Place, Score, labels, moved_at, score

Paragraphs = Mapping[int, Mapping[str, Any]]

_FIELDS = ("right", "wrong", "silent", "rightly_silent")
FAILURES_SHOWN = 6

PUBLISHED: dict[str, tuple[float, ...]] = {
    "majority": (51.01,),
    "rule-based": (57.14, 20.33, 2.40, 26.62, 26.24),
    "feature-based": (58.64, 20.82, 9.66, 29.70, 29.64),
    "QRN": (52.37, 15.51, 10.92, 26.26, 26.49),
    "EntNet": (51.62, 18.83, 7.77, 26.07, 25.96),
    "ProLocal": (62.65, 30.50, 10.35, 34.50, 33.96),
    "ProGlobal": (62.95, 36.39, 35.89, 45.08, 45.37),
    "people": (91.67, 87.66, 62.96, 80.76, 79.69),
}
"""Whether, when, where, macro, micro: table 3 of Dalvi et al. 2018, "Tracking State Changes in Procedural Text".
ProLocal and ProGlobal were looked up when this was written; the other rows are from memory of the table."""


def paragraphs(split: str, folder: Path | None = None) -> dict[int, dict[str, Any]]:
    lines = data.text(f"propara-{split}", folder).splitlines()
    return {int(line["para_id"]): line for line in map(json.loads, lines)}


def _names(paragraph: Mapping[str, Any]) -> list[str]:
    return [name.lower() for name in paragraph["participants"]]


def ours(found: Paragraphs) -> dict[int, Grid]:
    return {
        id: dict(zip(_names(line), whereabouts(line["sentence_texts"], line["participants"]), strict=True))
        for id, line in found.items()
    }


def nothing_happens(found: Paragraphs) -> dict[int, Grid]:
    """The majority: nothing appears, ends or moves."""
    return {
        id: {name: [UNKNOWN] * (len(line["sentence_texts"]) + 1) for name in _names(line)} for id, line in found.items()
    }


def published_predictions(name: str) -> dict[int, Grid]:
    """What the authors' own model said, to hold the scorer against the figures of the paper."""
    states: dict[int, dict[str, dict[int, tuple[str, str]]]] = {}
    for line in data.text(name).splitlines():
        paragraph, sentence, participant, before, after = line.rstrip("\n").split("\t")[:5]
        states.setdefault(int(paragraph), {}).setdefault(participant, {})[int(sentence)] = (before, after)
    return {
        id: {
            who: [_state(steps[1][0]), *(_state(steps[at][1]) for at in sorted(steps))] for who, steps in people.items()
        }
        for id, people in states.items()
    }


def _state(word: str) -> Place:
    return {"null": None, "unk": UNKNOWN}.get(word, word)


def measure(split: str = "test", folder: Path | None = None) -> dict[str, Any]:
    found = paragraphs(split, folder)
    known = {id: _names(line) for id, line in found.items()}
    true = labels(data.text(f"propara-labels-{split}", folder), found, known)
    grids = ours(found)
    counts = np.array([_counts(score({id: told_of}, grids)) for id, told_of in true.items()])
    result: dict[str, Any] = {
        "paragraphs": len(found),
        "participants": sum(map(len, known.values())),
        "ours": score(true, grids).told(),
        "majority": score(true, nothing_happens(found)).told(),
        "intervals": {
            "whether": told(counts, lambda row: _score_of(row).of("whether"), 2),
            "when": told(counts, lambda row: _score_of(row).of("when"), 2),
            "where": told(counts, lambda row: _score_of(row).of("where"), 2),
            "location_f1": told(counts, lambda row: _score_of(row).location_f1(), 2),
        },
    }
    if split == "test":
        result["authors"] = {name: _authors(name, found) for name in ("prolocal", "proglobal")}
        result["fails"] = failures(found, grids)
    return result


def _authors(name: str, found: Paragraphs) -> dict[str, Any]:
    grids = published_predictions(f"propara-{name}")
    known = {id: tuple(grid) for id, grid in grids.items()}
    return score(labels(data.text("propara-labels-test"), found, known), grids).told()


def _counts(result: Score) -> list[int]:
    return [getattr(result.questions[question], name) for question in range(1, 11) for name in _FIELDS]


def _score_of(row: Counts) -> Score:
    result = Score()
    for question in range(1, 11):
        for name, value in zip(_FIELDS, row[(question - 1) * 4 : question * 4], strict=True):
            setattr(result.questions[question], name, int(value))
    return result


def failures(found: Paragraphs, grids: Mapping[int, Grid]) -> dict[str, Any]:
    """How often, by kind, a change that the grids hold was not seen, and where."""
    kinds: Counter[str] = Counter()
    examples: list[str] = []
    for id, line in found.items():
        for name, true in zip(_names(line), line["states"], strict=True):
            places = [None if place == "-" else place for place in true]
            missed = _missed(places, list(grids[id][name]))
            kinds.update(kind for kind, _ in missed)
            if missed and len(examples) < FAILURES_SHOWN:
                kind, at = missed[0]
                examples.append(f"{name} {kind}: {line['sentence_texts'][at - 1]}")
    return {"missed": dict(kinds), "examples": examples}


def _missed(true: Sequence[Place], said: Sequence[Place]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for at, (before, after) in enumerate(pairwise(true), 1):
        if before == after or said[at - 1] != said[at]:
            continue
        kind = "appears" if before is None else "is gone" if after is None else "moves"
        found.append((kind, at))
    return found


__all__ = ["PUBLISHED", "Label", "measure", "moved_at", "paragraphs"]
