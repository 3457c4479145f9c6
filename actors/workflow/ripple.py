"""Step 3: what the scene does to relations: who was together, who spoke to whom, and how that reaches their neighbours.

The invariant: a tie is between two people and has no direction; what a scene adds is bounded, and a ripple is weaker
and less sure with every hop, at most `HOPS_MAX` of them, never to somebody who was in the scene (they have the tie
itself). A scene's row is its own part; the strength of a relation is the sum over scenes (`story.fold_relations`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from actors.workflow.rows import Data, RowKind, Rows

HOPS_MAX = 3
"""How far a tie reaches through others. Further: the whole cast knows everybody, and nothing is told by it."""

ATTENUATION = 0.5
"""What is left of a tie's strength after each hop."""

HOP_CONFIDENCE = 0.6
"""What is left of its confidence after each hop."""

STRENGTH_MIN = 0.05
"""Weaker ripples are dropped."""

DIRECT_MAX = 40
"""Ties of one scene; the strongest are kept (nine people who all meet make 36)."""

RIPPLED_MAX = 40
"""Ripples of one scene; the strongest are kept. More: the memory of a project with many scenes."""

TOGETHER_STRENGTH, SPOKEN_STRENGTH, SPOKEN_STRENGTH_MAX = 1.0, 0.25, 2.0

Tie = tuple[str, str]


def run(rows: Rows) -> float:
    direct = ties_of(rows.own(RowKind.FACTS)["facts"])
    rippled = _ripples(direct, _known(rows.others(RowKind.RELATIONS)))
    names = rows.own(RowKind.FACTS)["names"]
    edges: list[list[Any]] = [[*tie, *told, 0] for tie, told in direct.items()]
    edges += [[*tie, *told] for tie, told in rippled.items()]
    who = {key: names[key] for edge in edges for key in edge[:2] if key in names}
    rows.write(RowKind.RELATIONS, {"edges": edges, "names": who})
    return round(min((edge[3] for edge in edges), default=1.0), 3)


def ties_of(facts: Iterable[Mapping[str, Any]]) -> dict[Tie, tuple[float, float]]:
    """(strength, confidence) of the ties of one scene, strongest first."""
    strength: dict[Tie, float] = defaultdict(float)
    sure: dict[Tie, float] = {}
    people = {f["entity"]: f["confidence"] for f in facts if f["attribute"] == "present"}
    for one, two in combinations(sorted(people), 2):
        strength[one, two] = TOGETHER_STRENGTH
        sure[one, two] = min(people[one], people[two])
    spoken: dict[Tie, float] = defaultdict(float)
    for fact in facts:
        if fact["attribute"] == "addresses":
            tie = _tie(fact["entity"], fact["value"])
            spoken[tie] += SPOKEN_STRENGTH
            sure[tie] = max(sure.get(tie, 0.0), fact["confidence"])
    for tie, much in spoken.items():
        strength[tie] += min(SPOKEN_STRENGTH_MAX, much)
    kept = sorted(strength, key=lambda tie: (-strength[tie], tie))[:DIRECT_MAX]
    return {tie: (round(strength[tie], 3), round(sure[tie], 3)) for tie in kept}


def _known(others: Mapping[str, Data]) -> dict[str, dict[str, float]]:
    """Neighbours by the ties of other scenes; ripples do not carry ripples."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for scene in sorted(others):
        for one, two, strength, _, hops in others[scene]["edges"]:
            if hops == 0:
                found[one][two] = found[one].get(two, 0.0) + strength
                found[two][one] = found[two].get(one, 0.0) + strength
    return found


def _ripples(
    direct: Mapping[Tie, tuple[float, float]], known: Mapping[str, Mapping[str, float]]
) -> dict[Tie, tuple[float, float, int]]:
    """(strength, confidence, hops) of ties to people who were not there."""
    here = {person for tie in direct for person in tie}
    found: dict[Tie, tuple[float, float, int]] = {}
    for (one, two), (strength, sure) in direct.items():
        for near, through in ((one, two), (two, one)):
            _spread(near, through, strength, sure, known, here, found)
    kept = sorted(found, key=lambda tie: (-found[tie][0], tie))[:RIPPLED_MAX]
    return {tie: found[tie] for tie in kept}


def _spread(
    person: str,
    through: str,
    strength: float,
    sure: float,
    known: Mapping[str, Mapping[str, float]],
    here: set[str],
    found: dict[Tie, tuple[float, float, int]],
) -> None:
    seen, edge = {person, through}, {through: 1.0}
    for hops in range(1, HOPS_MAX + 1):
        reached: dict[str, float] = {}
        for at, share in sorted(edge.items()):
            onward = {other: tie for other, tie in known.get(at, {}).items() if other not in seen}
            total = sum(onward.values())
            for other, tie in onward.items():
                reached[other] = max(reached.get(other, 0.0), share * tie / total)
        for other, share in reached.items():
            told = round(strength * ATTENUATION**hops * share, 3)
            if other in here or told < STRENGTH_MIN:
                continue
            pair = _tie(person, other)
            if pair not in found or told > found[pair][0]:
                found[pair] = told, round(sure * HOP_CONFIDENCE**hops, 3), hops
        seen |= set(reached)
        edge = reached


def _tie(one: str, two: str) -> Tie:
    return (one, two) if one < two else (two, one)
