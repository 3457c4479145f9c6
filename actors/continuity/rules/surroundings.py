"""Rules light_state_break and space_flip: a place whose lights or whose things changed, and no word changed them.

Lights are judged between two scenes of one place that words mark as unbroken, and only where both sides say it of all
lights: they went out, and are on; they came on, and are out. A flip is left against right of the same two things in
one place. Lets pass: any word of a light, a lamp, a flame or the mains in between; one lamp among others; another hour;
a reverse angle; things that somebody moves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from actors.continuity.clock import UNBROKEN
from actors.continuity.codes import CODES
from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.lighting import EVERY_LIGHT
from actors.continuity.rules.view import SceneView
from actors.screenplay.heading import Span
from actors.screenplay.lights import LightTold, lights_in
from actors.screenplay.names import name_key
from actors.screenplay.said_words import said_words
from actors.screenplay.spatial import rearranged_in, spatial_in


@dataclass(frozen=True, slots=True)
class SideTold:
    """``thing`` stands left of ``other``."""

    thing: str
    other: str
    span: Span


@dataclass(frozen=True, slots=True)
class MovedTold:
    thing: str
    span: Span


Record = LightTold | SideTold | MovedTold
Told = tuple[Record, ...]

_OTHER_SIDE = re.compile(r"\breverse (?:angle|shot)|\bfrom (?:behind|the other side)\b|\bmirror image\b", re.IGNORECASE)
_SIDES = frozenset(("left", "right"))
_Lit = Literal["lit", "out"]


class Surroundings:
    def read(self, view: SceneView) -> Told:
        if not view.breakdown.place:
            return ()
        found: list[Record] = list(lights_in(view.script, view.breakdown))
        if _SIDES & said_words(view.script) and not _OTHER_SIDE.search(view.script):
            for told in spatial_in(view.script, view.breakdown):
                if told.relation == "left_of":
                    found.append(SideTold(told.thing, told.other, told.span))
                elif told.relation == "right_of":
                    found.append(SideTold(told.other, told.thing, told.span))
        found += (MovedTold(thing, span) for thing, span in rearranged_in(view.script, view.breakdown))
        return tuple(sorted(found, key=lambda each: (each.span.start, each.span.end)))

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        sides: dict[tuple[str, str, str], tuple[SceneView, SideTold]] = {}  # by place and pair, in the order they stand
        last: tuple[SceneView, LightTold] | None = None
        for view, told in story:
            if not told or view.aside:
                last = None
                continue
            lights = [each for each in told if isinstance(each, LightTold)]
            if last is not None and lights:
                yield from _lights(view, lights[0], *last)
            last = (
                (view, lights[-1]) if lights and _whole(lights[-1]) and not view.breakdown.ends_in_transition else None
            )
            place = name_key(view.breakdown.place or "")
            for each in told:
                if isinstance(each, MovedTold):
                    for key in [key for key in sides if each.thing in key[1:]]:
                        del sides[key]
                elif isinstance(each, SideTold):
                    yield from _flip(view, each, sides.get((place, each.other, each.thing)))
                    sides[place, each.thing, each.other] = (view, each)


def _whole(told: LightTold) -> _Lit | None:
    """What all lights of the place do or are; None: only one of them, or not electric."""
    if told.kind in ("cut", "restored"):
        return "out" if told.kind == "cut" else "lit"
    if told.thing != EVERY_LIGHT:
        return None
    return "lit" if told.kind in ("on", "is_lit") else "out" if told.kind in ("off", "is_dark") else None


def _lights(view: SceneView, now: LightTold, before: SceneView, was: LightTold) -> Iterator[FindingDraft]:
    """Only states contradict: what is switched on may well have been off."""
    lit, left = _whole(now), _whole(was)
    if now.kind not in ("is_lit", "is_dark") or lit is None or left is None or lit == left:
        return
    if view.breakdown.relation not in UNBROKEN or view.day is None or before.day is None:
        return
    same = name_key(view.breakdown.place or "") == name_key(before.breakdown.place or "")
    if not same or view.day.run != before.day.run or view.breakdown.setting != before.breakdown.setting:
        return
    is_now, then = ("on", "went out") if lit == "lit" else ("off", "came on")
    yield FindingDraft(
        finding_id("light_state_break", view.id, before.id, is_now),
        "light_state_break",
        CODES["light_state_break"].severity,
        view.id,
        f"The lights here are {is_now}, and a moment ago they {then}: nothing says who changed them.",
        (quote(view.id, view.script, now.span), quote(before.id, before.script, was.span)),
        f"Show the lights {'coming back on' if lit == 'lit' else 'going out'}, or leave them as they were.",
    )


def _flip(view: SceneView, now: SideTold, was: tuple[SceneView, SideTold] | None) -> Iterator[FindingDraft]:
    if was is None:
        return
    before, told = was
    yield FindingDraft(
        finding_id("space_flip", view.id, before.id, now.thing, now.other),
        "space_flip",
        CODES["space_flip"].severity,
        view.id,
        f"The {now.thing} is left of the {now.other} here, and was right of it before; nobody moved either.",
        (quote(view.id, view.script, now.span), quote(before.id, before.script, told.span)),
        "Correct one of the two sides, or show who moves them.",
    )
