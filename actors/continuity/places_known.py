"""The environment tracker: what a story says of each of its places, and how it is there scene by scene.

Owns nothing; a pure fold over what was read of the scenes in story order. Invariants: everything known quotes its
words; light, things and where they stand change by explicit words alone; a dream changes nothing of a place. Feeds the
query `environment`, the breakdown sheet, and prompts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from actors.continuity.clock import time_after
from actors.continuity.facts import Beat, Evidence, Fact, quote
from actors.continuity.lighting import LightBeat, Lights
from actors.continuity.reads import SceneRead
from actors.continuity.rules.view import Names
from actors.screenplay.features import features_in
from actors.screenplay.happenings import Happening
from actors.screenplay.heading import Span, TimeOfDay
from actors.screenplay.lights import lights_in
from actors.screenplay.names import name_key
from actors.screenplay.prose_things import things_put
from actors.screenplay.spatial import PORTABLE, SpatialTold, spatial_in

FEATURES_MAX, RELATIONS_MAX, THINGS_MAX = 24, 60, 60
"""Of one place. Over: the first features; the newest relations and things."""

_LEAVES = re.compile(r"\b(?:leaves|abandons|forgets)\b", re.IGNORECASE)
_DROPS = re.compile(
    r"\b(?:drops|sets down|puts down|lays down) (?:the|an?|his|her|their) (?:[a-z-]+ ){0,2}\Z", re.IGNORECASE
)
_ENDS = re.compile(r"\s*(?:[.,;!]|and\b|\Z)")
DROP_BEFORE_CHARS = 60
"""Looked back from a thing for who lets go of it."""


@dataclass(frozen=True, slots=True)
class Lying:
    """A thing that lies in a place. ``where``: ``on desk``, "" where nobody said; ``since``: number of the scene."""

    thing: str
    where: str
    since: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class PlaceScene:
    """``time``: told or carried; ``light``: beats, the first at the heading; ``things``: what lies there at its end."""

    scene: str
    number: str
    day: str
    time: TimeOfDay | None
    light: tuple[LightBeat, ...]
    things: tuple[Lying, ...]


@dataclass(slots=True)
class Place:
    """``features`` and ``relations`` are facts about it: `feature`, and `left_of`, `on`, … of a thing."""

    key: str
    name: str
    features: dict[tuple[str, str], Fact] = field(default_factory=dict)
    relations: dict[tuple[str, str], Fact] = field(default_factory=dict)
    scenes: list[PlaceScene] = field(default_factory=list)
    things: dict[str, Lying] = field(default_factory=dict)


def places_of(reads: Iterable[SceneRead], names: Names | None = None) -> tuple[Place, ...]:
    """In the order they come in. ``names``: of places a list knows. For a thread: about 1 ms a page."""
    places: dict[str, Place] = {}
    lights = Lights()
    hour: TimeOfDay | None = None
    for read in reads:
        said = read.found.place
        key = name_key(said or "")
        if said is not None and key:
            known = names.find(key) if names is not None else None
            place = places.setdefault(key, Place(key, known or said))
            _scene(place, places.values(), read, lights, hour)
        hour = time_after(hour, read.found)
    return tuple(places.values())


def _scene(place: Place, everywhere: Iterable[Place], read: SceneRead, lights: Lights, hour: TimeOfDay | None) -> None:
    told = tuple(lights_in(read.script, read.found))
    before = hour if read.found.relation is not None else None
    beats = lights.scene(place.key, read.number, read.scene, read.script, read.found, told, read.day, before)
    light = tuple(beats)
    if read.day is not None:
        _describe(place, read)
        for event in sorted(_events(read), key=lambda each: each[0]):
            _move(place, everywhere, read, event[1])
    day = read.day.label if read.day is not None else ""
    place.scenes.append(
        PlaceScene(read.scene, read.number, day, read.found.time_of_day or before, light, tuple(place.things.values()))
    )


def _describe(place: Place, read: SceneRead) -> None:
    for told in features_in(read.script, read.found):
        if len(place.features) < FEATURES_MAX:
            evidence = quote(read.scene, read.script, told.span)
            words = f"{told.words} {told.of}"
            begins = Beat(read.scene, told.span.start)
            place.features.setdefault(
                (told.of, told.words), Fact(place.key, "feature", words, evidence, 0.8, valid_from=begins)
            )


@dataclass(frozen=True, slots=True)
class _Put:
    thing: str
    where: str
    span: Span


def _events(read: SceneRead) -> Iterator[tuple[int, _Put | SpatialTold | Happening]]:
    for thing, where, span in things_put(read.script, read.found):
        yield span.start, _Put(thing, where, span)
    for prop in read.found.props:
        for span in prop.spans:
            drop = _DROPS.search(read.script, max(0, span.start - DROP_BEFORE_CHARS), span.start)
            if drop is not None and _ENDS.match(read.script, span.end):
                yield span.start, _Put(prop.name, "", Span(drop.start(), span.end))
    for spatial in spatial_in(read.script, read.found):
        yield spatial.span.start, spatial
    for happening in read.told:
        if happening.kind in ("gains", "uses", "loses", "destroys") and happening.what:
            yield happening.span.start, happening


def _move(place: Place, everywhere: Iterable[Place], read: SceneRead, event: _Put | SpatialTold | Happening) -> None:
    if isinstance(event, SpatialTold):
        _stands(place, read, event)
    elif isinstance(event, _Put):
        _lies(place, read, event.thing, event.where, event.span)
    elif event.kind == "loses":
        words = read.script[event.span.start : event.span.end]
        if not event.value and _LEAVES.search(words) and event.what not in place.things:
            _lies(place, read, event.what, "", event.span)
    else:
        for each in (place,) if event.what in place.things else everywhere:
            _taken(each, event.what)


def _taken(place: Place, thing: str) -> None:
    """It is in somebody's hands, or no more: nothing says where it stands any longer."""
    place.things.pop(thing, None)
    for pair in [pair for pair in place.relations if thing in PORTABLE and thing in pair]:
        del place.relations[pair]


def _stands(place: Place, read: SceneRead, told: SpatialTold) -> None:
    evidence, begins = quote(read.scene, read.script, told.span), Beat(read.scene, told.span.start)
    if told.thing in PORTABLE and told.relation in ("on", "in", "under", "behind", "next_to"):
        _lies(place, read, told.thing, f"{told.relation.replace('_', ' ')} {told.other}", told.span)
    pair = (told.thing, told.other)
    place.relations.pop(pair, None)
    place.relations[pair] = Fact(told.thing, told.relation, told.other, evidence, 0.7, valid_from=begins)
    if len(place.relations) > RELATIONS_MAX:
        del place.relations[next(iter(place.relations))]


def _lies(place: Place, read: SceneRead, thing: str, where: str, span: Span) -> None:
    before = place.things.pop(thing, None)
    if before is not None and before.where == where:
        place.things[thing] = before
        return
    place.things[thing] = Lying(thing, where, read.number, quote(read.scene, read.script, span))
    if len(place.things) > THINGS_MAX:
        del place.things[next(iter(place.things))]
