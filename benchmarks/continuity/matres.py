"""MATRES: which of two verbs of a news text happened first, by `actors.screenplay.prose_order`.

Invariant: the reader sees the text and where the two verbs stand. Its words were chosen with TimeBank and AQUAINT in
view (the training parts); Platinum is only measured. Relations that annotators call vague count for nobody, as in the
papers: precision over what we call ordered, recall over what they do.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from actors.screenplay.heading import Span
from actors.screenplay.prose_order import order_of
from benchmarks.continuity import data
from benchmarks.continuity.intervals import Counts, f1, told

PUBLISHED = {"CogCompTime (Ning et al. 2018)": 66.6, "LSTM with common sense (Ning et al. 2019)": 76.7}
"""F1 on Platinum, as these papers are remembered; not looked up when this was written."""

_TEXT = re.compile(r"<TEXT>(.*?)</TEXT>", re.DOTALL)
_EVENT = re.compile(r"<EVENT\b[^>]*?\beid=\"(\w+)\"[^>]*>(.*?)</EVENT>|<[^>]+>", re.DOTALL)
_INSTANCE = re.compile(r"<MAKEINSTANCE\b[^>]*>")
_ATTRIBUTE = re.compile(r"(\w+)=\"([^\"]*)\"")


def measure(folder: Path | None, part: str = "platinum") -> dict[str, Any]:
    if folder is None:
        raise data.NotRun("no DATA given")
    lines = [line.split("\t") for line in data.text(f"matres-{part}", folder).splitlines()]
    texts = data.manifest()[f"tempeval-{part}"].path(folder)
    rows: dict[str, list[int]] = {}
    plain: dict[str, list[int]] = {}
    missed: Counter[str] = Counter()
    for document, _, _, one, two, relation in lines:
        said = _said(texts / f"{document}.tml", one, two)
        if said is None:
            continue
        _count(rows.setdefault(document, [0, 0, 0]), said, relation)
        _count(plain.setdefault(document, [0, 0, 0]), "BEFORE", relation)
        if said != relation:
            missed[f"{relation.lower()} called {said.lower()}"] += 1
    counts, simple = (np.array(list(each.values()), dtype=float) for each in (rows, plain))
    return {
        "documents": len(rows),
        "pairs": sum(1 for line in lines),
        "f1": told(counts, _f1),
        "majority": round(_f1(simple.sum(axis=0)), 4),
        "missed": [list(each) for each in sorted(missed.items(), key=lambda each: (-each[1], each[0]))],
    }


def _f1(row: Counts) -> float:
    return f1(*map(float, row))


def _count(row: list[int], said: str, relation: str) -> None:
    """(right, wrong, missed); vague is the absence of an order."""
    if said == relation != "VAGUE":
        row[0] += 1
        return
    row[1] += said != "VAGUE"
    row[2] += relation != "VAGUE"


def _said(file: Path, one: str, two: str) -> str | None:
    text, spans = _document(file)
    first, second = spans.get(one), spans.get(two)
    if first is None or second is None:
        return None
    turned = first.start > second.start
    order = (order_of(text, second, first) if turned else order_of(text, first, second)).order
    return "BEFORE" if (order == "before") != turned else "AFTER"


@cache
def _document(file: Path) -> tuple[str, dict[str, Span]]:
    """The text without marks, and where each event instance stands."""
    whole = file.read_text(encoding="utf-8", errors="replace")
    found = _TEXT.search(whole)
    body = found[1] if found else ""
    pieces: list[str] = []
    events: dict[str, Span] = {}
    at = length = 0
    for mark in _EVENT.finditer(body):
        pieces.append(body[at : mark.start()])
        length += len(pieces[-1])
        at = mark.end()
        if mark[1]:
            word = re.sub(r"<[^>]+>", "", mark[2])
            events[mark[1]] = Span(length, length + len(word))
            pieces.append(word)
            length += len(word)
    pieces.append(body[at:])
    spans: dict[str, Span] = {}
    for instance in _INSTANCE.finditer(whole):
        attributes = dict(_ATTRIBUTE.findall(instance.group()))
        if (span := events.get(attributes.get("eventID", ""))) is not None:
            spans[attributes.get("eiid", "").removeprefix("ei")] = span
    return "".join(pieces), spans
