"""What is true of the story, folded from what its scenes contributed: the world after a scene, relations, knowledge.

The invariant: pure functions of contributions and the story's order, so the same rows give the same answer to an actor
in its turn, to a step, and to GraphQL; a scene moved or worked out again changes the answer and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.workflow.rows import Data
from gpu.video.protocol import Weather

RELATION_SCENES_KEPT = 8
"""Scenes a relation names, newest in story order first; the rest is in its strength."""


def ranks(project: Data) -> dict[str, int]:
    """Scene → its place in the story."""
    return {scene: at for at, scene in enumerate(project["order"])}


def in_order(rows: Mapping[str, Data], rank: Mapping[str, int]) -> list[tuple[str, Data]]:
    """Contributions of the scenes that are in the story, in its order."""
    return sorted(((s, d) for s, d in rows.items() if s in rank), key=lambda each: rank[each[0]])


def fold_props(world: Mapping[str, Data], rank: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Each thing as the last scene left it. A mention alone does not take it out of somebody's hands."""
    found: dict[str, dict[str, Any]] = {}
    for scene, data in in_order(world, rank):
        for thing, told in data["things"].items():
            was = found.get(thing)
            if was is None or told["acted"] or not was["holder"]:
                found[thing] = {**told, "scene": scene, "heading": data["heading"]}
    return found


@dataclass(frozen=True, slots=True)
class World:
    """`scene`: whose end this is; hour and weather are the last that any scene up to it told."""

    scene: str
    hour: str | None
    weather: Weather | None
    place: str
    place_name: str
    people: Mapping[str, str]
    things: Mapping[str, Mapping[str, Any]]


def world_after(
    world: Mapping[str, Data], rank: Mapping[str, int], scene: str, *, before: bool = False
) -> World | None:
    """The world at the end of `scene`; with `before`, as the scenes before leave it to it. None: nothing is known."""
    at = rank.get(scene)
    if at is None:
        return None
    upto = {s: d for s, d in world.items() if s in rank and (rank[s] < at or (rank[s] == at and not before))}
    ordered = in_order(upto, rank)
    if not ordered:
        return None
    last_scene, last = ordered[-1]
    hour = next((d["hour"] for _, d in reversed(ordered) if d["hour"]), None)
    weather = next((d["weather"] for _, d in reversed(ordered) if d["weather"]), None)
    things = fold_props(upto, rank)
    return World(last_scene, hour, weather, last["place"], last["place_name"], last["people"], things)


@dataclass(slots=True)
class Relation:
    """`hops` 0: they met; more: through so many others. `scenes`: the latest that made it."""

    one: str
    two: str
    strength: float = 0.0
    confidence: float = 0.0
    hops: int = 99
    scenes: tuple[str, ...] = ()


def fold_relations(
    relations: Mapping[str, Data],
    rank: Mapping[str, int],
    faded: Mapping[str, float] | None = None,
    among: frozenset[str] | None = None,
) -> list[Relation]:
    """Ties, strongest first. `faded`: what the background workflow left of ties, by `tie_key`; `among`: only theirs."""
    found: dict[tuple[str, str], Relation] = {}
    for scene, data in in_order(relations, rank):
        for one, two, strength, confidence, hops in data["edges"]:
            if among is not None and (one not in among or two not in among):
                continue
            tie = found.get((one, two))
            if tie is None:
                tie = found[one, two] = Relation(one, two)
            tie.strength += strength
            tie.confidence = max(tie.confidence, confidence)
            tie.hops = min(tie.hops, hops)
            tie.scenes = (scene, *tie.scenes)[:RELATION_SCENES_KEPT]
    left = faded or {}
    for tie in found.values():
        tie.strength = round(tie.strength * left.get(tie_key(tie.one, tie.two), 1.0), 3)
    return sorted(found.values(), key=lambda tie: (-tie.strength, tie.one, tie.two))


def tie_key(one: str, two: str) -> str:
    return f"{one}\x1f{two}"


def names_in(relations: Mapping[str, Data]) -> dict[str, str]:
    """How people are written, by key."""
    return {key: name for data in relations.values() for key, name in data["names"].items()}
