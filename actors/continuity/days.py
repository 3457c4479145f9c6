"""Days of the story: D1, N1, D2 … for each scene, from what headings and titles say and from the order of their hours.

Invariant: a fold over scenes in story order; each scene's day depends on the scenes before it alone. A day ends with
its night: the first scene in light after one in the dark opens the next day. Dreams, flashbacks and montages take no
part: they have no day and leave the clock as it was. Read by rules, the breakdown sheet and the story's graphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Relation, TimeOfDay
from actors.screenplay.numbers import NUMBER, number

DAYS_MAX = 100_000
"""Of a story. Further scenes keep this number: a chronicle of 270 years is no script supervisor's."""

TITLES_READ_MAX = 3
"""Paragraphs at the beginning of a scene that may be a title on the screen (SUPER: THREE DAYS LATER)."""

_LINKED: frozenset[Relation] = frozenset(("continuous", "same", "moments_later", "later"))
_UNIT_DAYS = {"DAY": 1, "NIGHT": 1, "WEEK": 7, "MONTH": 30, "YEAR": 365}
_SOME = {"A": 1, "AN": 1, "COUPLE": 2, "FEW": 3, "SEVERAL": 3}
_LEAP = re.compile(
    rf"\b(?:(?P<count>{NUMBER}|[A-Z]+)\s+(?:OF\s+)?)?(?P<unit>DAY|NIGHT|WEEK|MONTH|YEAR)S?\s+LATER\b", re.IGNORECASE
)
_NEXT = re.compile(
    r"\b(?:NEXT|FOLLOWING)\s+(?P<unit>DAY|MORNING|NIGHT|EVENING|AFTERNOON|DAWN|WEEK|MONTH|YEAR)\b", re.IGNORECASE
)
_TITLE = re.compile(r"^[>\s]*(?:SUPER(?:IMPOSE)?|TITLE|CHYRON|CAPTION|LEGEND|CARD)\b[^:\n]{0,20}:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StoryDay:
    """``number`` counts from 1; ``night``: after dark; ``leapt``: days that words say passed since the one before.

    ``run`` is equal for scenes that words tie together without a break (CONTINUOUS, SAME, LATER). A bare cut from day
    to day may hide a week: a rule that needs the *same* day asks for the same run.
    """

    number: int
    night: bool
    run: int
    leapt: int = 0

    @property
    def label(self) -> str:
        return f"{'N' if self.night else 'D'}{self.number}"


@dataclass(frozen=True, slots=True)
class DayMarks:
    """What one scene says of the calendar."""

    hour: TimeOfDay | None
    relation: Relation | None
    leap: int
    headless: bool


@dataclass(frozen=True, slots=True)
class DayClock:
    """What one scene hands to the next: the day so far, the hour last told in it, the run it belongs to."""

    number: int = 1
    hour: TimeOfDay | None = None
    run: int = 0


def marks_of(scene: Breakdown) -> DayMarks:
    """Read once a scene."""
    heading = scene.heading
    leap = leap_in(heading.text) if heading is not None else 0
    for title in () if leap else _titles(scene):
        leap = leap or leap_in(title)
    return DayMarks(scene.time_of_day, scene.relation, leap, heading is None)


def day_of(clock: DayClock | None, marks: DayMarks, aside: bool) -> tuple[StoryDay | None, DayClock | None]:
    """The day of a scene and the clock it leaves; ``clock`` is None before the first scene."""
    if aside:
        return None, clock
    if clock is None:
        first = DayClock(1, marks.hour, 0)
        return StoryDay(1, _after_dark(marks.hour), 0), first
    turned = 0
    if not marks.leap and marks.relation is None and marks.hour is not None and clock.hour is not None:
        turned = int(_turns(clock.hour, marks.hour))
    number = min(clock.number + marks.leap + turned, DAYS_MAX)
    tied = not marks.leap and (marks.relation in _LINKED or marks.headless)
    hour = marks.hour if marks.hour is not None or not tied else clock.hour
    run = clock.run if tied else clock.run + 1
    return StoryDay(number, _after_dark(hour), run, marks.leap), DayClock(number, hour, run)


def leap_in(said: str) -> int:
    """Days that words say have passed: NEXT DAY 1, THREE WEEKS LATER 21; 0 where they say none."""
    found = _LEAP.search(said)
    if found is not None:
        count = found.group("count") or ""
        said_number = number(count)
        many = _SOME.get(count.upper(), 2) if said_number is None else said_number
        return min(max(1, many) * _UNIT_DAYS[found.group("unit").upper()], DAYS_MAX)
    found = _NEXT.search(said)
    return 0 if found is None else _UNIT_DAYS.get(found.group("unit").upper(), 1)


def _titles(scene: Breakdown) -> Iterator[str]:
    """Titles on the screen, and lines in capitals that stand for one, where a scene begins."""
    for action in scene.actions[:TITLES_READ_MAX]:
        line = action.text[:80]
        if _TITLE.match(line) or (line.upper() == line and len(line.split()) <= 5):
            yield line


def _after_dark(hour: TimeOfDay | None) -> bool:
    return hour in ("night", "evening")


def _turns(before: TimeOfDay, after: TimeOfDay) -> bool:
    """Whether going from one hour to another, with no word of how, passes a midnight."""
    if after in ("dawn", "morning"):
        return before != after and (before, after) != ("dawn", "morning")
    if after == "day":
        return before in ("night", "evening", "dusk")
    return after == "dusk" and before == "night"
