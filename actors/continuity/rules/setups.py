"""Rule abandoned_setup: a thing put before the audience with weight that never comes back in a finished script.

Judged only when the last scene says that the script is over, and only of things planted in its first two thirds. Lets
pass: a thing of the same family coming back by any name, the place where it was put, anything its own scene uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.heading import Span
from actors.screenplay.plants import Plant, Planted, plants_in

Told = tuple[Planted, ...]

PLANTED_BY = 2 / 3
"""Of the scenes: what is shown later belongs to the ending."""


class Setups:
    def read(self, view: SceneView) -> Told:
        found = plants_in(view.script, view.breakdown, view.premise.cast.person_key)
        return () if found is None else (found,)

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        if not story or not story[-1][1] or story[-1][1][0].ends is None:
            return
        last, ending = story[-1][0], story[-1][1][0].ends
        until = max(1, int(len(story) * PLANTED_BY))
        for number, (view, records) in enumerate(story[:until]):
            if view.aside or not records or number == len(story) - 1:
                continue
            for plant in records[0].plants:
                if not any(told and not plant.returns.isdisjoint(told[0].mentions) for _, told in story[number + 1 :]):
                    yield _finding(view, plant, last, ending)


def _finding(view: SceneView, plant: Plant, last: SceneView, ending: Span) -> FindingDraft:
    return FindingDraft(
        finding_id("abandoned_setup", view.id, plant.thing),
        "abandoned_setup",
        "WARNING",
        view.id,
        f"“{plant.thing.capitalize()}” is shown with weight here, and the script ends without its coming back.",
        (quote(view.id, view.script, plant.span), quote(last.id, last.script, ending)),
        "Bring it back, or show it with less weight.",
    )
