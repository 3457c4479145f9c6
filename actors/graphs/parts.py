"""What one scene says of nodes and edges, read from its settled facts: pure, and small enough to be an event.

The invariant: everything said carries where it was told, as [start, end) in code points of the scene's script; nothing
is made up: trust and debt are never read from words. Facts come from step 1 of the workflow (`actors.workflow.resolve`)
and from step 4 (what a scene set going); the fold over scenes is `actors.graphs.story`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from storage.graphs.rows import EdgeLabel, Key, NodeLabel

Data = Mapping[str, Any]

TOGETHER, SPOKEN, SPOKEN_MAX = 1.0, 0.25, 2.0
"""Strength of a tie by being in one scene, by each line to somebody, and by all lines of a scene at most."""

TIES_MAX = 80
"""Ties of one scene, the strongest first: nine people who all meet make 72."""

THINGS_MAX = 64
NAME_CHARS_MAX = 120
"""Of a node's id and name. Longer: rows outgrow an index entry."""

_LINKED = frozenset(("continuous", "same", "moments_later"))


def node_id(label: NodeLabel, key: str) -> str:
    """Of whatever is not a scene. What no database can hold is left out."""
    return f"{label.value.lower()}:{cleaned(key)}"


def cleaned(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "")[:NAME_CHARS_MAX]


@dataclass(frozen=True, slots=True)
class Part:
    """What one origin says of an edge. `at`: (start, end) of the words."""

    strength: float
    confidence: float
    at: tuple[int, int]
    cost: float | None = None
    words: str = ""


def told(scene: str, facts: Data, narrative: Data) -> dict[str, Any]:
    """The scene's contribution, of plain values."""
    found = [fact for fact in facts["facts"] if fact["confidence"] > 0]
    shown = facts["names"]
    here = {f["entity"]: f for f in found if f["attribute"] == "present"}
    people = {node_id(NodeLabel.CHARACTER, key): [*f["at"], f["confidence"]] for key, f in here.items()}
    things, holders = _things(found)
    place = next((f for f in found if f["attribute"] == "place"), None)
    relation = next((f["value"] for f in found if f["attribute"] == "relation"), "")
    names = {node_id(NodeLabel.CHARACTER, key): cleaned(shown.get(key, key)) for key in here}
    names |= {thing: thing.partition(":")[2] for thing in things}
    data: dict[str, Any] = {"scene": scene, "heading": cleaned(facts["heading"]), "people": people, "things": things}
    data |= {"holders": holders, "linked": relation in _LINKED, "ties": _ties(found, people), "names": names}
    if place is not None:
        data["setting"] = [node_id(NodeLabel.SETTING, place["value"]), *place["at"]]
        names[data["setting"][0]] = cleaned(place["text"])
        inside = place["text"].split(" - ")[0].strip()
        if inside and inside != place["text"].strip():
            data["zone"] = node_id(NodeLabel.ZONE, inside.casefold())
            names[data["zone"]] = cleaned(inside)
    data["causes"] = [
        [link["scene"], scene, link["causes"]] if link["from"] else [scene, link["scene"], link["causes"]]
        for link in narrative.get("links", ())
        if link["causes"]
    ]
    return data


def _things(facts: Iterable[Data]) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """(thing → where it is told of, thing → who has it at the end; "": nobody)."""
    things: dict[str, list[Any]] = {}
    holders: dict[str, str] = {}
    for fact in facts:
        if fact["attribute"] in ("prop", "holds", "leaves"):
            thing = node_id(NodeLabel.ENTITY, fact["value"])
            if len(things) < THINGS_MAX:
                things.setdefault(thing, [*fact["at"], fact["confidence"]])
            if fact["attribute"] != "prop" and thing in things:
                holds = fact["attribute"] == "holds"
                holders[thing] = node_id(NodeLabel.CHARACTER, fact["entity"]) if holds else ""
    return things, holders


def _ties(facts: Iterable[Data], people: Mapping[str, list[Any]]) -> list[list[Any]]:
    """[from, to, strength, confidence, start, end], strongest first: both ways for who met, one way for who spoke."""
    strength: defaultdict[tuple[str, str], float] = defaultdict(float)
    spoken: defaultdict[tuple[str, str], float] = defaultdict(float)
    best: dict[tuple[str, str], tuple[float, int, int]] = {}
    for one, two in permutations(people, 2):
        later = max(people[one], people[two], key=lambda said: (said[0], said[1]))
        strength[one, two] = TOGETHER
        best[one, two] = (min(people[one][2], people[two][2]), later[0], later[1])
    for fact in facts:
        if fact["attribute"] == "addresses":
            tie = node_id(NodeLabel.CHARACTER, fact["entity"]), node_id(NodeLabel.CHARACTER, fact["value"])
            if not spoken[tie]:
                best[tie] = max(fact["confidence"], best.get(tie, (0.0,))[0]), *fact["at"]
            spoken[tie] += SPOKEN
    for tie, much in spoken.items():
        strength[tie] += min(SPOKEN_MAX, much)
    kept = sorted((tie for tie in strength if tie[0] != tie[1]), key=lambda tie: (-strength[tie], tie))[:TIES_MAX]
    return [[*tie, round(strength[tie], 3), round(best[tie][0], 3), *best[tie][1:]] for tie in kept]


def edges_of(data: Data) -> Iterator[tuple[Key, Part]]:
    """The edges a contribution makes."""
    scene = data["scene"]
    for source, target, strength, confidence, start, end in data["ties"]:
        yield (EdgeLabel.RELATES_TO.value, source, target), Part(strength, confidence, (start, end))
    for label, found in ((EdgeLabel.CAST_OF, data["people"]), (EdgeLabel.PROP_OF, data["things"])):
        for node, (start, end, confidence) in found.items():
            yield (label.value, node, scene), Part(1.0, confidence, (start, end))
    if "setting" in data:
        setting, start, end = data["setting"]
        yield (EdgeLabel.SCENE_AT.value, scene, setting), Part(1.0, 1.0, (start, end))
        if "zone" in data:
            yield (EdgeLabel.CONTAINS.value, data["zone"], setting), Part(1.0, 1.0, (start, end))
    for first, then, causes in data["causes"]:
        key = (EdgeLabel.LEADS_TO.value, first, then)
        yield key, Part(1.0, 0.6, (0, 0), words=f"sets going: {', '.join(map(str, causes))}"[:NAME_CHARS_MAX])


def nodes_of(data: Data) -> Iterator[str]:
    yield from data["people"]
    yield from data["things"]
    for source, target, *_ in data["ties"]:
        yield source
        yield target
    if "setting" in data:
        yield data["setting"][0]
    if "zone" in data:
        yield data["zone"]


def between(before: Data | None, scene: str, data: Data | None, last: str) -> Iterator[tuple[Key, Part]]:
    """What a scene and the one told before it (`last`) make together: the way of the story, and ways on foot."""
    yield (EdgeLabel.LEADS_TO.value, last, scene), Part(1.0, 1.0, (0, 0), words="told next")
    if before is None or data is None or not data["linked"] or "setting" not in before or "setting" not in data:
        return
    here, start, end = data["setting"]
    there = before["setting"][0]
    if here != there and before["people"].keys() & data["people"].keys():
        for way in ((there, here), (here, there)):
            yield (EdgeLabel.ADJACENT_TO.value, *way), Part(1.0, 0.8, (start, end), cost=1.0, words="without a break")
