"""The slots of one prompt: plain values that are compared, stored and told.

Owns `Slots`, its canonical text and its form as a dictionary. Invariant: two prompts ask for the same film exactly when
every slot but the remainder is equal; `scene` holds every content word in its order, so no other slot can hide one.
Made by `reading`, told apart by `differences`, kept as metadata of a cache entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from storage.cache.slots.camera import CameraMove

VERSION = "slots-2"
"""Of the tables and rules: entries of another version never equal ours. Any change of a table makes a new one."""


class Action(NamedTuple):
    """Who does what to whom; "" where nobody is named."""

    agent: str
    verb: str
    patient: str


@dataclass(frozen=True, slots=True)
class Slots:
    subjects: tuple[str, ...] = ()
    """People and things with their attributes, sorted words before the noun; entities as "@id"; plurals end in "+"."""
    actions: tuple[Action, ...] = ()
    relations: tuple[str, ...] = ()
    """ "cup on table", "dog left of bicycle"."""
    counts: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    place: str = ""
    inside: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    weather: tuple[str, ...] = ()
    season: tuple[str, ...] = ()
    camera: tuple[CameraMove, ...] = ()
    size: tuple[str, ...] = ()
    angle: tuple[str, ...] = ()
    lens: tuple[str, ...] = ()
    speed: tuple[str, ...] = ()
    palette: tuple[str, ...] = ()
    style: tuple[str, ...] = ()
    dialogue: tuple[tuple[str, str], ...] = ()
    """(speaker or "", the exact words), in order."""
    scene: tuple[str, ...] = ()
    """Every content word in canonical order, each behind its kind: "n:red car", "v:chase"."""
    remainder: str = ""
    """What says nothing about the picture: "a video of", "4k". Compared by similarity, never by equality."""
    version: str = VERSION

    def to_dict(self) -> dict[str, Any]:
        """Only what is filled, in plain lists and strings."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _plain(value) for name, value in told.items() if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Slots:
        """Raises ValueError for anything `to_dict` never made."""
        known = {field.name for field in fields(cls)}
        if not isinstance(data, Mapping) or not set(data) <= known or not isinstance(data.get("version"), str):
            raise ValueError("no slots: unknown fields or no version")
        values: dict[str, Any] = {name: _value(name, value) for name, value in data.items()}
        return cls(**values)


def key(slots: Slots) -> str:
    """Canonical text of all slots but the remainder."""
    told = slots.to_dict()
    told.pop("remainder", None)
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [list(each) if isinstance(each, tuple) else each for each in value]
    return value


_TEXTS = frozenset(("place", "remainder", "version"))


def _value(name: str, value: object) -> object:
    if name in _TEXTS:
        if not isinstance(value, str):
            raise ValueError(f"slots.{name} must be text")
        return value
    if not isinstance(value, list | tuple):
        raise ValueError(f"slots.{name} must be a list")
    width = {"camera": 3, "actions": 3, "dialogue": 2}.get(name, 0)
    for each in value:
        texts = each if width and isinstance(each, list | tuple) else [each]
        if len(texts) != (width or 1) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"slots.{name} holds something else")
    if name == "camera":
        return tuple(CameraMove(*each) for each in value)
    if name == "actions":
        return tuple(Action(*each) for each in value)
    return tuple(tuple(each) for each in value) if width else tuple(value)
