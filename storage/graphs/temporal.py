"""After, Since, Sequence: what may be asked of the order of things in a story.

The invariant: pure functions of the scenes in which something occurs, in narrative order (`calls.Occurrence`); so they
say the same whether memory or SQL found those scenes. Order is the order of telling; days are the story's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.graphs.calls import Occurrence


@dataclass(frozen=True, slots=True)
class Elapsed:
    """`scene`: the last in which it occurred; `days` of the story since, None: one of the two scenes has no day."""

    scene: str
    days: int | None


def before(found: Sequence[Occurrence], now: Occurrence) -> list[Occurrence]:
    return [each for each in found if (each.place, each.scene) < (now.place, now.scene)]


def after(found: Sequence[Occurrence], now: Occurrence) -> Occurrence | None:
    """The first time it had occurred before `now`; None: the moment is not after it."""
    return next(iter(before(found, now)), None)


def since(found: Sequence[Occurrence], now: Occurrence) -> Elapsed | None:
    """The last time it occurred before `now`, and how long ago in the story; None: it never had."""
    past = before(found, now)
    if not past:
        return None
    last = past[-1]
    known = last.story_day is not None and now.story_day is not None
    return Elapsed(last.scene, (now.story_day or 0) - (last.story_day or 0) if known else None)


def sequence(found: Sequence[Sequence[Occurrence]]) -> tuple[str, ...] | None:
    """Scenes in which one after the other occurs, each as early as it can; None: never in this order."""
    stops: list[str] = []
    last: tuple[str, str] | None = None
    for occurrences in found:
        step = next((each for each in occurrences if last is None or (each.place, each.scene) > last), None)
        if step is None:
            return None
        last = step.place, step.scene
        stops.append(step.scene)
    return tuple(stops)
