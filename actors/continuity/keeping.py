"""What people have on them from scene to scene: clothes, things in hand, wounds; each with where it comes from.

Invariant: a fold over happenings in story order. A new story day clears clothes and hands (nobody says what was done
overnight), a wound stays until it heals; a thing is in one hand. Read by the breakdown sheet and by prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from actors.continuity.days import StoryDay
from actors.screenplay.happenings import Happening

CHANGED = "*"
"""The garment of somebody who changed clothes into nobody says what."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """``words``: ``red coat``, ``lantern``, ``left hand``; ``since``: as the caller calls the scene; ``taken``: a
    thing that was taken or given, not only used."""

    words: str
    since: str
    taken: bool = False


_ByWhom = dict[str, dict[str, Lasting]]


@dataclass(slots=True)
class Kept:
    """By person's key, then by thing."""

    wears: _ByWhom = field(default_factory=dict)
    holds: _ByWhom = field(default_factory=dict)
    hurt: _ByWhom = field(default_factory=dict)
    day: int = 0

    def enter(self, day: StoryDay) -> None:
        """A scene of this day begins."""
        if day.number != self.day:
            self.day = day.number
            self.wears.clear()
            self.holds.clear()

    def hear(self, told: Iterable[Happening], since: str) -> None:
        """What happens in one scene, in its order."""
        for event in told:
            match event.kind:
                case "wears" | "dons" if event.what:
                    worn = self.wears.setdefault(event.who, {})
                    worn[event.what] = Lasting(f"{event.value} {event.what}".strip(), since)
                case "sheds":
                    self.wears.get(event.who, {}).pop(event.what, None)
                case "changes":
                    self.wears[event.who] = {CHANGED: Lasting("changes clothes", since)}
                case "gains" | "uses" if event.what:
                    before = self.holds.get(event.who, {}).get(event.what)
                    self._drop(event.what)
                    taken = event.kind == "gains" or (before is not None and before.taken)
                    self.holds.setdefault(event.who, {})[event.what] = Lasting(event.what, since, taken)
                case "loses":
                    self.holds.get(event.who, {}).pop(event.what, None)
                case "destroys":
                    self._drop(event.what)
                case "is_hurt" | "shows_wound":
                    words = " ".join(f"{event.value} {event.what}".split())
                    self.hurt.setdefault(event.who, {}).setdefault(event.what, Lasting(words, since))
                case "heals" | "dies":
                    self.hurt.pop(event.who, None)

    def _drop(self, thing: str) -> None:
        for held in self.holds.values():
            held.pop(thing, None)


def of_people(kept: _ByWhom, people: Iterable[str]) -> Iterator[tuple[str, Lasting]]:
    """(who, what) of those named, in their order."""
    for who in people:
        for lasting in kept.get(who, {}).values():
            yield who, lasting
