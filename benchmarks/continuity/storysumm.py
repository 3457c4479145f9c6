"""StorySumm: whether a summary of a short story says only what the story says, by its words alone.

Invariant: one number a summary, the share of its words that the story does not have, and one threshold, chosen on the
33 summaries of the validation split; the 63 of the test split are only measured. It knows nothing of meaning: a summary
that turns a story round in the story's own words passes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actors.screenplay.vocabulary import words
from benchmarks.continuity import data
from benchmarks.continuity.intervals import balanced_accuracy

PUBLISHED = {
    "UniEval (test)": 51.8, "AlignScore (test)": 46.4, "MiniCheck": 50.8, "GPT-4, one question": 56.4,
    "GPT-4, reasoning aloud": 55.0, "Claude 3, one question": 54.2, "Claude 3, reasoning aloud": 56.1,
    "FABLES (claims by GPT-4)": 68.1,
}  # fmt: skip
"""Balanced accuracy, from the repository's own table of 22 August 2024 (all 96 summaries where not said)."""

DRAWS, SEED = 2_000, 7
_BROKEN = re.compile(r"\", \"\n(\s+\")")
"""The published file has one quotation mark too many in one place; without it, it is JSON."""

_WORD = re.compile(r"[A-Za-z]+")
_STEM = 5
_COMMON = words("""
    a an the and or but of to in on at by for with from as that this these those it its he she they him them his her
    their i you we is are was were be been being has have had do does did will would can could not who which what when
    where while after before into out up down over about than then so if also more most some any all no just only own
    same such there here how why both each few other very through during between again once until because himself
    herself themselves itself
""")


def measure(folder: Path | None) -> dict[str, Any]:
    if folder is None:
        raise data.NotRun("no DATA given")
    raw = _BROKEN.sub('",\n\\1', data.text("storysumm", folder))
    lines = list(json.loads(raw, strict=False).values())
    threshold, on_validation = _threshold([line for line in lines if line["split"] == "val"])
    test = [line for line in lines if line["split"] == "test"]
    true = [line["label"] == 1 for line in test]
    said = [novelty(line["story"], line["summary"]) <= threshold for line in test]
    low, high = _interval(true, said)
    return {
        "summaries": len(test),
        "faithful": sum(true),
        "threshold": round(threshold, 4),
        "validation": round(on_validation, 4),
        "balanced_accuracy": {"value": round(balanced_accuracy(true, said), 4), "low": low, "high": high},
        "called_faithful": sum(said),
    }


def novelty(story: str, summary: Sequence[str]) -> float:
    """The mean, over a summary's sentences, of the share of words that the story has not."""
    known = {word[:_STEM] for word in _content(story)}
    shares = []
    for sentence in summary:
        said = _content(sentence)
        shares.append(sum(word[:_STEM] not in known for word in said) / len(said) if said else 0.0)
    return sum(shares) / len(shares) if shares else 0.0


def _content(text: str) -> list[str]:
    return [word for word in (m.group().lower() for m in _WORD.finditer(text)) if word not in _COMMON]


def _threshold(lines: Sequence[dict[str, Any]]) -> tuple[float, float]:
    true = [line["label"] == 1 for line in lines]
    found = [novelty(line["story"], line["summary"]) for line in lines]
    return max(((each, balanced_accuracy(true, [f <= each for f in found])) for each in found), key=lambda two: two[1])


def _interval(true: Sequence[bool], said: Sequence[bool]) -> tuple[float, float]:
    draw = np.random.default_rng(SEED)
    figures = []
    for _ in range(DRAWS):
        at = draw.integers(0, len(true), len(true))
        figures.append(balanced_accuracy([true[i] for i in at], [said[i] for i in at]))
    low, high = np.percentile(figures, (2.5, 97.5))
    return round(float(low), 4), round(float(high), 4)
