"""Rule prop_custody: somebody uses a thing that they gave away, threw away or saw destroyed.

Within one unbroken stretch of a day, or the next few scenes of that day for what is gone for good, since what happens
off screen gives many things back. Lets pass: anybody who takes
it again, another one of its kind, its pieces, and things of which there are many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from actors.continuity.findings import FindingDraft
from actors.continuity.rules.telling import Story, of_story, same_day, same_run, shown, slip
from actors.continuity.rules.view import SceneView
from actors.screenplay.happenings import Happening

EVERYBODY = ""

SCENES_MAX = 3
"""Scenes of one day within which a thing is still missing where nothing ties them: later it may have come back."""


@dataclass(slots=True)
class _Hands:
    """Who lost what, and where that was told; a thing destroyed is lost to everybody."""

    lost: dict[tuple[str, str], tuple[SceneView, Happening]] = field(default_factory=dict)
    told_in: dict[str, int] = field(default_factory=dict)

    def take(self, view: SceneView, each: Happening) -> None:
        if each.kind == "loses":
            self.lost[each.who, each.what] = (view, each)
        elif each.kind == "destroys":
            self.lost[EVERYBODY, each.what] = (view, each)
        elif each.kind == "gains":
            self.lost.pop((EVERYBODY, each.what), None)
            self.lost.pop((each.who, each.what), None)

    def missing(self, view: SceneView, number: int, each: Happening) -> tuple[SceneView, Happening] | None:
        for who in (each.who, EVERYBODY):
            found = self.lost.get((who, each.what))
            if found is not None:
                near = number - self.told_in.get(found[0].id, number) <= SCENES_MAX
                # What was given away may be given back behind a cut; what was thrown in the sea stays there.
                for_good = found[1].kind == "destroys" or not found[1].value
                within = same_run(view, found[0]) or (near and for_good and same_day(view, found[0]))
                return found if found[0].id != view.id and within else None
        return None


def judge(story: Story) -> Iterator[FindingDraft]:
    hands = _Hands()
    for number, (view, told) in enumerate(of_story(story)):
        hands.told_in[view.id] = number
        said: set[tuple[str, str]] = set()
        for each in told:
            if each.kind != "uses":
                hands.take(view, each)
                continue
            there = hands.missing(view, number, each)
            if there is not None and (each.who, each.what) not in said:
                said.add((each.who, each.what))
                yield _finding(view, each, there)


def _finding(view: SceneView, each: Happening, there: tuple[SceneView, Happening]) -> FindingDraft:
    name, thing, told = shown(view, each.who), each.what, there[1]
    if told.kind == "destroys":
        why = f"the {thing} was destroyed before"
    elif told.value:
        why = f"{shown(there[0], told.value)} has it since the scene before"
    else:
        why = f"{name} left it behind before"
    return slip(
        "prop_custody",
        (view, each),
        there,
        f"{name} has the {thing} here, but {why}.",
        f"Show how {name} gets the {thing} again, or leave it out here.",
        each.who,
        thing,
    )
