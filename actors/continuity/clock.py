"""The story's clock between two neighbouring scenes: which times of day may follow which.

Invariant: a pure table over six times of day; an unknown time never contradicts anything.
"""

from __future__ import annotations

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Relation, TimeOfDay

_ORDER: dict[TimeOfDay, int] = {"dawn": 0, "morning": 1, "day": 2, "dusk": 3, "evening": 3, "night": 4}
# Times so near that one unbroken scene may carry both names.
_TOUCHING: frozenset[frozenset[TimeOfDay]] = frozenset(
    frozenset(pair)
    for pair in (
        ("dawn", "morning"),
        ("morning", "day"),
        ("day", "dusk"),
        ("day", "evening"),
        ("dusk", "evening"),
        ("dusk", "night"),
        ("evening", "night"),
        ("night", "dawn"),
    )
)
UNBROKEN: frozenset[Relation] = frozenset(("continuous", "same", "moments_later"))


def time_after(before: TimeOfDay | None, scene: Breakdown) -> TimeOfDay | None:
    """The time of day that holds at the end of ``scene``: its own, or what an unbroken scene carries on."""
    if scene.heading is not None and scene.heading.aside:
        return before
    if scene.time_of_day is not None:
        return scene.time_of_day
    return before if scene.relation in UNBROKEN else None


def contradicts(before: TimeOfDay, after: TimeOfDay, relation: Relation) -> bool:
    """Whether a scene marked ``relation`` cannot have this time after that one."""
    if relation in UNBROKEN:
        return before != after and frozenset((before, after)) not in _TOUCHING
    if relation == "later":
        return _ORDER[after] < _ORDER[before] and (before, after) != ("night", "dawn")
    return False
