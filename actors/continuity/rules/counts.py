"""Rule count_drift: the same people or things counted two ways within one unbroken stretch.

Compared are a first count ("three soldiers guard the gate") and a later count of the whole lot ("the four soldiers",
"all four soldiers") with the same words for them. Lets pass: anything once a word between could change the number, a
second count or a part of the lot, people without a trade of their own where somebody named may be among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.continuity.clock import UNBROKEN
from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.counts import GENERIC, CountTold, counts_in
from actors.screenplay.names import name_key

Told = tuple[CountTold, ...]


@dataclass(slots=True)
class _First:
    view: SceneView
    told: CountTold
    spoilt: bool = False


class Counts:
    def read(self, view: SceneView) -> Told:
        return tuple(counts_in(view.script, view.breakdown))

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        known: dict[str, _First] = {}
        last: SceneView | None = None
        for view, records in story:
            if not records or view.aside or last is None or not _goes_on(view, last):
                known = {}
            last = view if records and not view.aside else None
            if last is not None:
                for told in records:
                    yield from _take(view, told, known)


def _take(view: SceneView, told: CountTold, known: dict[str, _First]) -> Iterator[FindingDraft]:
    noun = told.what.split()[-1] if told.what else ""
    match told.kind:
        case "change":
            for each in known.values():
                each.spoilt = True
        case "first":
            again = noun in known
            known[noun] = _First(view, told, spoilt=again or told.open_ended)
        case "other":
            if noun in known:
                known[noun].spoilt = True
        case "whole":
            first = known.get(noun)
            if first is not None and not first.spoilt and _same_lot(first.told, told):
                if told.many != first.told.many and not (noun in GENERIC and _named(view, first.view)):
                    yield _finding(view, told, first)
                first.spoilt = told.many != first.told.many


def _same_lot(first: CountTold, whole: CountTold) -> bool:
    """The same words, or the noun alone for what had adjectives."""
    return whole.what == first.what or whole.what == first.what.split()[-1]


def _named(*views: SceneView) -> bool:
    """Somebody with a name is there, who may be one of them."""
    return any(view.breakdown.cast for view in views)


def _goes_on(view: SceneView, last: SceneView) -> bool:
    relation = view.breakdown.relation
    if relation in UNBROKEN:
        return True
    here, there = view.breakdown.place, last.breakdown.place
    return relation == "later" and here is not None and there is not None and name_key(here) == name_key(there)


def _finding(view: SceneView, told: CountTold, first: _First) -> FindingDraft:
    here = quote(view.id, view.script, told.span)
    there = quote(first.view.id, first.view.script, first.told.span)
    noun = told.what.split()[-1]
    return FindingDraft(
        finding_id("count_drift", view.id, noun, str(told.many), str(first.told.many)),
        "count_drift",
        "WARNING",
        view.id,
        f"There were {first.told.many} {first.told.what}; now all of them are {told.many}, and nobody came or went.",
        (here, there),
        f"Write {first.told.many}, or show who came or went.",
    )
