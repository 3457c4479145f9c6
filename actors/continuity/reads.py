"""A whole story read once, scene by scene, for whoever folds it: the breakdown sheet, identities, environments.

Invariant: a pure function of the scripts in story order and the cast's names; people that a script introduces are the
same person in every scene, whether a list has them or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from actors.continuity.aside import aside_after, aside_marks
from actors.continuity.check import SCENE_CHARS_READ_MAX
from actors.continuity.days import DayClock, StoryDay, day_of, marks_of
from actors.continuity.rules.view import Known, Names
from actors.screenplay.breakdown import Breakdown, breakdown
from actors.screenplay.happenings import Happening
from actors.screenplay.names import name_key
from actors.screenplay.reading import happenings_of


@dataclass(frozen=True, slots=True)
class SceneRead:
    """``number``: the script's own, else counted; ``chars``: of the whole script, of which ``script`` is what is read;
    ``day``: None outside the clock of the story."""

    scene: str
    number: str
    script: str
    chars: int
    found: Breakdown
    told: tuple[Happening, ...]
    day: StoryDay | None


def reads_of(scripts: Iterable[tuple[str, str]], cast: Sequence[Known]) -> tuple[Names, tuple[SceneRead, ...]]:
    """``scripts``: (scene id, text) in story order. Heavy (about 2 ms a page): for a thread."""
    texts = [(scene, text[:SCENE_CHARS_READ_MAX], len(text)) for scene, text in scripts]
    spellings = [spelling for each in cast for spelling in (each.name, *each.aliases)]
    firsts = [breakdown(script, spellings) for _, script, _ in texts]
    known = [*cast, *_met(firsts, Names(cast))]
    names, everybody = Names(known), dict.fromkeys([*spellings, *(each.name for each in known)])
    unlisted = [name for name in everybody if name not in spellings]
    clock: DayClock | None = None
    aside_left = 0
    reads: list[SceneRead] = []
    for index, ((scene, script, chars), first) in enumerate(zip(texts, firsts, strict=True), 1):
        folded = script.casefold()
        again = any(name.casefold() in folded for name in unlisted)
        found = breakdown(script, everybody) if again else first
        aside, aside_left = aside_after(aside_left, aside_marks(found))
        day, clock = day_of(clock, marks_of(found), aside)
        number = (found.heading.scene_number if found.heading is not None else None) or str(index)
        told = happenings_of(script, found, names.person_key)
        reads.append(SceneRead(scene, number, script, chars, found, told, day))
    return names, tuple(reads)


def _met(firsts: Iterable[Breakdown], names: Names) -> Iterator[Known]:
    """People whom a script introduces or lets speak, and no list has: they are the same in every scene."""
    met = dict.fromkeys(p.name for found in firsts for p in found.cast if p.cues or p.introductions)
    yield from (Known(name) for name in met if names.find_person(name_key(name)) is None)
