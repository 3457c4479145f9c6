"""The cast, places and props a screenplay brings along: what an import puts into the project's outline.

Invariant: every entry names where it was seen. Somebody who speaks a single time and whom no action ever names is left
out, and so is a rare spelling one slip away from an established name: continuity asks a person about those. One of
many (SECOND APPARITION; CAPTAIN where captains come in) is no slip of the pen: it is in the cast at its first word, and
so is a part told by what it is (TOWN CRIER, THE PORTER, GUARD #2) and whoever is spoken of by name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.names import name_key, near
from actors.screenplay.prose_nouns import KIND_OF
from actors.screenplay.vocabulary import words

_UNKNOWN = words("stranger intruder visitor newcomer")
"""Whom nobody knows: whether they stay is for a person to say."""
_ORDINALS = words("first second third fourth fifth sixth seventh eighth")


@dataclass(frozen=True, slots=True)
class Listed:
    """``count`` is how many scenes (places, props) or cues and mentions (cast) it has; ``first`` indexes the scene."""

    name: str
    key: str
    count: int
    first: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lists:
    cast: tuple[Listed, ...]
    places: tuple[Listed, ...]
    props: tuple[Listed, ...]


def lists_of(scenes: Sequence[Breakdown]) -> Lists:
    """Lists over all scenes in story order."""
    return Lists(_established(_cast(scenes)), _established(_places(scenes)), _props(scenes))


def _cast(scenes: Sequence[Breakdown]) -> Iterable[Listed]:
    names: dict[str, tuple[str, int]] = {}
    cues: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for index, scene in enumerate(scenes):
        for person in scene.cast:
            names.setdefault(person.key, (person.name, index))
            cues[person.key] += len(person.cues)
            shown[person.key] += len(person.introductions) + len(person.mentions)
    aliases = _full_names(names, cues)
    for key, (name, first) in names.items():
        others = [other for other, short in aliases.items() if short == key]
        seen = shown[key] + sum(shown[other] for other in others)
        if key not in aliases and (seen or cues[key] > 1 or _plainly_one(key, scenes[first])):
            earliest = min([first, *(names[other][1] for other in others)])
            yield Listed(name, key, cues[key] + seen, earliest, tuple(names[other][0] for other in others))


def _plainly_one(key: str, scene: Breakdown) -> bool:
    """A single cue that nobody need ask about."""
    return _is_part(key) or _one_of_many(key, scene) or _spoken_of(key, scene)


def _is_part(key: str) -> bool:
    """By what they are and not by a name: TOWN CRIER, THE PORTER, SERVANT, GUARD #2."""
    parts = key.split()
    return len(parts) > 1 or (KIND_OF.get(parts[0]) == "person" and parts[0] not in _UNKNOWN)


def _spoken_of(key: str, scene: Breakdown) -> bool:
    name = re.compile(rf"\b{re.escape(key)}\b", re.IGNORECASE)
    return any(name.search(line.text) for line in scene.lines)


def _one_of_many(key: str, scene: Breakdown) -> bool:
    """SECOND APPARITION by the number; CAPTAIN where the action brings in captains."""
    if key.split(maxsplit=1)[0] in _ORDINALS:
        return True
    many = re.compile(rf"\b{re.escape(key)}s\b", re.IGNORECASE)
    return any(many.search(action.text) for action in scene.actions)


def _full_names(names: Iterable[str], cues: Counter[str]) -> dict[str, str]:
    """Silent full names of somebody who speaks under one of their words: MARGARET BELL, who speaks as MARGARET."""
    found: dict[str, str] = {}
    for key in names:
        parts = key.split()
        speaking = [part for part in parts if cues[part] and part != key]
        if len(parts) > 1 and not cues[key] and len(speaking) == 1:
            found[key] = speaking[0]
    return found


def _places(scenes: Sequence[Breakdown]) -> Iterable[Listed]:
    names: dict[str, tuple[str, int]] = {}
    counts: Counter[str] = Counter()
    for index, scene in enumerate(scenes):
        if scene.place:
            key = name_key(scene.place)
            names.setdefault(key, (scene.place, index))
            counts[key] += 1
    return [Listed(name, key, counts[key], first) for key, (name, first) in names.items() if key]


def _props(scenes: Sequence[Breakdown]) -> tuple[Listed, ...]:
    names: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for index, scene in enumerate(scenes):
        for prop in scene.props:
            names.setdefault(prop.name, index)
            counts[prop.name] += 1
    return tuple(Listed(name, name_key(name), counts[name], first) for name, first in names.items())


def _established(listed: Iterable[Listed]) -> tuple[Listed, ...]:
    """Without the rare twin of a name used at least three times as often."""
    entries = tuple(listed)
    return tuple(
        entry
        for entry in entries
        if not any(other.count >= 3 * entry.count and near(entry.key, other.key) for other in entries)
    )
