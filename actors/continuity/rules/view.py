"""What a rule sees: one scene, the story it stands in, and the names people gave.

Invariant: everything here is a value. A view is made by the engine (`actors.continuity.check`) from a scene's text and
from what the scenes before it leave; rules read it and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.continuity.days import StoryDay
from actors.continuity.facts import Fact
from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import TimeOfDay
from actors.screenplay.names import name_key, near
from actors.screenplay.prose_nouns import KIND_OF

SHORT_NAME_MIN = 4
"""Letters of a last name that action may use alone."""


@dataclass(frozen=True, slots=True)
class Known:
    """A name of the project's cast or places, as people wrote it, with its other spellings."""

    name: str
    aliases: tuple[str, ...] = ()


class Names:
    """The known names of one kind, by key. A single word of a longer name stands for it: BELL for MARGARET BELL."""

    def __init__(self, names: Iterable[Known]) -> None:
        known = tuple(names)
        self._by_key: dict[str, str] = {}
        parts: dict[str, set[str]] = {}
        for entry in known:
            for spelling in (entry.name, *entry.aliases):
                key = name_key(spelling)
                if key:
                    self._by_key.setdefault(key, entry.name)
                    for word in key.split():
                        parts.setdefault(word, set()).add(entry.name)
        self._parts = {word: next(iter(names)) for word, names in parts.items() if len(names) == 1}
        written = {spelling for entry in known for spelling in (entry.name, *entry.aliases)}
        self.spellings: frozenset[str] = frozenset(written | {short for each in written for short in self._short(each)})
        """As action may write them: AGENT RUIZ, and Ruiz."""

    def _short(self, name: str) -> Iterator[str]:
        """The last word of a name of several, where it stands for nobody else and is no trade (MRS. FINCH, Finch)."""
        parts = name.split()
        last = parts[-1] if len(parts) > 1 else ""
        key = name_key(last)
        if len(key) >= SHORT_NAME_MIN and last.isalpha() and key in self._parts and key not in KIND_OF:
            yield last

    def find(self, key: str) -> str | None:
        """The known name this key stands for."""
        return self._by_key.get(key) or (self._parts.get(key) if " " not in key else None)

    def find_person(self, key: str) -> str | None:
        """As ``find``; a longer form of a known name counts too (CAPTAIN MARGARET for MARGARET)."""
        whole = self.find(key)
        if whole is not None:
            return whole
        inside = {self._by_key[word] for word in key.split() if word in self._by_key}
        return inside.pop() if len(inside) == 1 else None

    def nearest(self, key: str, slips_max: int | None = None) -> str | None:
        """A known name that ``key`` looks like a slip of the pen for."""
        return next((name for other, name in self._by_key.items() if near(key, other, slips_max)), None)

    def person_key(self, name: str) -> str:
        """One key for all names of one person: the cast's, where it knows them."""
        key = name_key(name)
        known = self.find_person(key)
        return key if known is None else name_key(known)


NOBODY = Names(())


@dataclass(frozen=True, slots=True)
class Premise:
    """What holds for the whole story and stands in no scene. ``read`` may look at ``cast`` and ``places`` only.

    ``facts`` are those a person set by hand; ``brain`` is the project's, as its data file has it.
    """

    cast: Names = NOBODY
    places: Names = NOBODY
    facts: tuple[Fact, ...] = ()
    brain: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SceneView:
    """One scene as the rules see it. What the scenes before decide is for ``judge`` alone, ``read`` finds it empty:
    ``before``, the time of day when it begins, None if nobody said; ``day``, its day of the story; ``aside``, whether
    it lies outside the story's clock (a dream, a flashback, a montage)."""

    id: str
    script: str
    breakdown: Breakdown
    before: TimeOfDay | None = None
    day: StoryDay | None = None
    aside: bool = False
    premise: Premise = field(default_factory=Premise)
