"""Rule wardrobe_break: clothes that change colour, or are worn after being taken off, with nobody changing.

Within one unbroken stretch of a day. Lets pass: shades of one colour, garments without a colour, and anybody who
changes, undresses or puts something on between.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.continuity.findings import FindingDraft, Fix
from actors.continuity.rules.telling import UNBROKEN, Story, of_story, same_run, shown, slip
from actors.continuity.rules.view import SceneView
from actors.screenplay.clothes import OUTFIT, SORT
from actors.screenplay.happenings import Happening

_Worn = dict[tuple[str, str], tuple[SceneView, Happening]]


def judge(story: Story) -> Iterator[FindingDraft]:
    worn: _Worn = {}
    for view, told in of_story(story):
        for each in told:
            if each.kind == "changes":
                for key in [key for key in worn if key[0] == each.who]:
                    del worn[key]
            elif each.kind == "sheds":
                worn[each.who, each.what] = (view, each)
            elif each.kind in ("wears", "dons"):
                there = worn.get((each.who, each.what))
                finding = None if there is None or each.kind == "dons" else _slip(view, each, there)
                if finding is not None:
                    yield finding
                worn[each.who, each.what] = (view, each)


def _slip(view: SceneView, each: Happening, there: tuple[SceneView, Happening]) -> FindingDraft | None:
    before, told = there
    if before.id == view.id or not same_run(view, before):
        return None
    if told.kind == "sheds":
        return _after_taking_off(view, each, there) if view.breakdown.relation in UNBROKEN else None
    if not each.value or not told.value or each.value == told.value or each.mark is None or told.mark is None:
        return None
    if each.what == OUTFIT and view.breakdown.relation not in UNBROKEN:
        return None
    if each.value.startswith(SORT) != told.value.startswith(SORT):
        return None
    name, was = shown(view, each.who), before.script[told.mark.start : told.mark.end]
    return slip(
        "wardrobe_break",
        (view, each),
        there,
        f"{name}'s {each.what} is {each.value.removeprefix(SORT)} here; it was {told.value.removeprefix(SORT)},"
        f" and nobody"
        " changed.",
        f"Write {was}, or show {name} changing.",
        each.who,
        each.what,
        each.value,
        fix=Fix(view.id, each.mark.start, each.mark.end, was),
    )


def _after_taking_off(view: SceneView, each: Happening, there: tuple[SceneView, Happening]) -> FindingDraft:
    name = shown(view, each.who)
    return slip(
        "wardrobe_break",
        (view, each),
        there,
        f"{name} wears the {each.what} here, but took it off a moment before.",
        f"Show {name} putting it on again, or leave it out here.",
        each.who,
        each.what,
        "off",
    )
