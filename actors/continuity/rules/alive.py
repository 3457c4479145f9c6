"""Rule alive_dead: somebody who died speaks or acts later.

Lets pass: voices (V.O., O.S., recordings), dreams and flashbacks, anybody who is said to be alive again or a ghost, and
somebody who goes on acting in many scenes: then the words of the death were misread, or the story is not in order. And
every scene with a word that may show the dead rightly: pictures, screens, letters, twins, the next world, earlier times
(`actors.screenplay.unreal`): this finding holds a film.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.continuity.findings import FindingDraft
from actors.continuity.rules.telling import Story, of_story, shown, slip
from actors.continuity.rules.view import SceneView
from actors.screenplay.happenings import Happening
from actors.screenplay.unreal import laid_out, risen, shows_the_dead
from actors.screenplay.vocabulary import words

ACTIVE_SCENES_MAX = 2
"""Scenes in which a dead person may act and still be a slip. More: nobody is told anything."""

_AS_BODIES_DO = words("stares slides smells stinks blocks sways lolls rolls topples tumbles faces gazes")

_Here = tuple[SceneView, Happening]


def judge(story: Story) -> Iterator[FindingDraft]:
    dead: dict[str, _Here] = {}
    later: dict[str, dict[str, _Here]] = {}
    doubtful: set[str] = set()
    for view, told in of_story(story):
        for each in told:
            if each.kind == "lives":
                doubtful.add(each.who)
            elif each.kind == "dies":
                dead.setdefault(each.who, (view, each))
            elif each.who in dead and _slips(view, each, dead[each.who][0]):
                later.setdefault(each.who, {}).setdefault(view.id, (view, each))
    for who, scenes in later.items():
        if who not in doubtful and len(scenes) <= ACTIVE_SCENES_MAX:
            for here in scenes.values():
                yield _finding(here, dead[who])


def _slips(view: SceneView, each: Happening, died_in: SceneView) -> bool:
    """Speaks, or acts in a later scene, in person and alive: only of a scene that shows what happens now."""
    if each.kind == "acts":
        said = view.script[each.span.start : each.span.end].casefold().split()
        seen = died_in.id != view.id and not laid_out(view.breakdown) and _AS_BODIES_DO.isdisjoint(said)
    else:
        seen = each.kind == "speaks"
    return seen and not shows_the_dead(view.breakdown) and not risen(view.breakdown)


def _finding(here: _Here, there: _Here) -> FindingDraft:
    slipped, who = here[1], there[1].who
    name = shown(there[0], who)
    does = "speaks" if slipped.kind == "speaks" else "acts"
    return slip(
        "alive_dead",
        here,
        there,
        f"{name} {does} here, but died before.",
        f"Give this to somebody else, mark the scene as a flashback, or let {name} live.",
        who,
    )
