"""What scenes tell, read from their texts alone: for whoever has the projections and no supervisor at hand.

Invariant: the same as `Continuity.heard()` of a supervisor that has read these scenes, without judging any; so a
partner is told what a prompt is told. Pure and heavy (about 2 ms a page): for a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from actors.continuity.aside import aside_after, aside_marks
from actors.continuity.check import SCENE_CHARS_READ_MAX
from actors.continuity.clock import time_after
from actors.continuity.days import DayClock, day_of, marks_of
from actors.continuity.facts import Fact
from actors.continuity.rules import Known, Names, Premise, SceneView, happened
from actors.screenplay.breakdown import breakdown
from actors.screenplay.happenings import Happening
from actors.screenplay.heading import TimeOfDay


def hear(
    scripts: Iterable[tuple[str, str]], cast: Sequence[Known], facts: Iterable[Fact] = ()
) -> tuple[tuple[SceneView, tuple[Happening, ...]], ...]:
    """``scripts``: (scene id, text) in story order; ``facts``: set by hand."""
    premise = Premise(Names(cast), facts=tuple(facts))
    spellings = [spelling for each in cast for spelling in (each.name, *each.aliases)]
    hour: TimeOfDay | None = None
    clock: DayClock | None = None
    aside_left = 0
    heard: list[tuple[SceneView, tuple[Happening, ...]]] = []
    for scene, text in scripts:
        script = text[:SCENE_CHARS_READ_MAX]
        found = breakdown(script, spellings)
        aside, aside_left = aside_after(aside_left, aside_marks(found))
        day, clock = day_of(clock, marks_of(found), aside)
        view = SceneView(scene, script, found, premise=premise)
        heard.append((replace(view, before=hour, day=day, aside=aside), happened.read(view)))
        hour = time_after(hour, found)
    return tuple(heard)
