"""The graph of a story as a fold: what scenes told, people set, and takes showed, put together to nodes and edges.

The invariant: the same events in the log's order give the same graph, a contribution told again replaces its own part
and nothing is counted twice, and every edge carries the evidence of its parts: told (a span), seen (an observation and
its video: `sightings`), author (a person). `after` answers a new value and what it touched, so a decision and the fold
that follows it work out one thing; both cost what the event touches, not the story.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from actors.graphs.parts import Data, Part, between, edges_of, nodes_of
from actors.graphs.sightings import Sightings
from storage.graphs.rows import EDGE_FIELDS, Edge, Key, Node, NodeLabel

EVIDENCE_MAX = 8
"""Pieces of told evidence on an edge: the latest in story order. All: a pair in every scene outgrows its row."""

_LABELS = {label.value.lower(): label.value for label in NodeLabel}


class Story:
    """Its dictionaries are read by all and changed by none but `take`, on a copy or while it is being loaded."""

    def __init__(self) -> None:
        self.told: dict[str, Data] = {}  # by scene
        self.order: dict[str, tuple[str, int | None, str]] = {}  # scene → (place, day of the story, heading)
        self.set: dict[Key, Data] = {}  # by people: of edges
        self.described: dict[str, Data] = {}  # by people: of nodes
        self.seen = Sightings()
        # by origin: a scene, or "<scene" for what it makes with the one told before it
        self._edges: dict[Key, Mapping[str, Part]] = {}
        self._nodes: dict[str, frozenset[str]] = {}  # node → origins
        self._before: dict[str, str] = {}  # scene → the one told before it
        self._joined: dict[str, tuple[Key, ...]] = {}  # scene → what it makes with the last
        self._whole = True  # whether what is worked out of contributions is: not yet, after a snapshot

    def after(self, type: str, data: Data) -> tuple[Story, set[Key], set[str]]:
        """The story with one event more; edges and nodes that may have changed."""
        self._work_out()
        new = Story()
        for name, value in vars(self).items():
            setattr(new, name, dict(value) if isinstance(value, dict) else value)
        new.seen = self.seen.copy()
        return new, *new.take(type, data)

    def take(self, type: str, data: Data) -> tuple[set[Key], set[str]]:
        """Fold one event in."""
        self._work_out()
        match type:
            case "graph.told":
                return self._told(data)
            case "graph.ordered":
                return self._ordered(data["scenes"])
            case "graph.set":
                return self._set(data)
            case "graph.described":
                self.described[data["node"]] = {**self.described.get(data["node"], {}), **data}
                self._nodes.setdefault(data["node"], frozenset())
                return set(), {data["node"]}
            case "graph.seen":
                return self.seen.take(data)
        return set(), set()

    # folds
    def _told(self, data: Data) -> tuple[set[Key], set[str]]:
        scene = data["scene"]
        before = self.told.get(scene)
        keys, nodes = self._forget(scene, before), {scene, *(nodes_of(before) if before else ())}
        self.told[scene] = data
        for key, part in edges_of(data):
            self._edges[key] = {**self._edges.get(key, {}), scene: part}
            keys.add(key)
        for node in nodes_of(data):
            self._nodes[node] = self._nodes.get(node, frozenset()) | {scene}
            nodes.add(node)
        return keys | self._rejoin({scene}) | self.seen.at(nodes), nodes

    def _forget(self, origin: str, data: Data | None) -> set[Key]:
        """Take a contribution back."""
        keys = {key for key, _ in edges_of(data)} if data else set()
        self._drop(origin, keys)
        for node in nodes_of(data) if data else ():
            left = self._nodes.get(node, frozenset()) - {origin}
            if left or node in self.described:
                self._nodes[node] = left
            else:
                self._nodes.pop(node, None)
        return keys

    def _drop(self, origin: str, keys: Iterable[Key]) -> None:
        for key in keys:
            left = {name: part for name, part in self._edges.get(key, {}).items() if name != origin}
            if left:
                self._edges[key] = left
            else:
                self._edges.pop(key, None)

    def _ordered(self, scenes: Data) -> tuple[set[Key], set[str]]:
        keys, nodes = set[Key](), set(scenes)
        for scene, (place, day, heading) in scenes.items():
            self.order[scene] = place, day, heading
            if scene in self.told:
                keys |= {key for key, _ in edges_of(self.told[scene])}
                nodes |= set(nodes_of(self.told[scene]))
        return keys | self._rejoin(set(scenes)) | self.seen.at(scenes), nodes

    def _rejoin(self, changed: set[str]) -> set[Key]:
        """What scenes make with the one told before them, for those of whom either may have changed."""
        line = sorted((place, scene) for scene, (place, _, _) in self.order.items())
        before = {scene: last for (_, last), (_, scene) in pairwise(line)}
        keys: set[Key] = set()
        for scene in self.order:
            last = before.get(scene, "")
            if last == self._before.get(scene, "") and not {scene, last} & changed:
                continue
            gone = self._joined.pop(scene, ())
            self._drop(f"<{scene}", gone)
            keys |= set(gone)
            if last:
                made = dict(between(self.told.get(last), scene, self.told.get(scene), last))
                for key, part in made.items():
                    self._edges[key] = {**self._edges.get(key, {}), f"<{scene}": part}
                self._joined[scene] = tuple(made)
                keys |= made.keys()
        self._before = before
        return keys

    def _set(self, data: Data) -> tuple[set[Key], set[str]]:
        key: Key = (data["label"], data["source"], data["target"])
        if data["cleared"]:
            self.set.pop(key, None)
            ends = {node for other in self.set for node in other[1:]}
            for node in set(key[1:]) - ends:
                self._nodes[node] = self._nodes.get(node, frozenset()) - {"@author"}
                if not self._nodes[node] and node not in self.described:
                    del self._nodes[node]
            return {key} | self.seen.at(key[1:]), set(key[1:])
        self.set[key] = {**data, "fields": {**self.set.get(key, {}).get("fields", {}), **data["fields"]}}
        for node in key[1:]:
            self._nodes[node] = self._nodes.get(node, frozenset()) | {"@author"}
        return {key} | self.seen.at(key[1:]), set(key[1:])

    # reading
    @property
    def begun(self) -> bool:
        """Whether anybody told anything: a project that nobody left a scene of has no graph."""
        return bool(self.told or self.set or self.described or self.seen.reports)

    def knows(self, node: str) -> bool:
        self._work_out()
        return node in self._nodes or node in self.order

    def edge(self, key: Key) -> Edge | None:
        """As it is; None: nobody says it, or a person says that it is not so."""
        self._work_out()
        parts, said = self._edges.get(key, {}), self.set.get(key)
        seen = self.seen.of_edge(key) if self.knows(key[1]) and self.knows(key[2]) else ()
        if (said is None and not parts and not seen) or (said is not None and said["removed"]):
            return None
        fields: dict[str, Any] = dict.fromkeys(EDGE_FIELDS)
        if parts:
            costs = [part.cost for part in parts.values() if part.cost is not None]
            fields["strength"] = round(sum(part.strength for part in parts.values()), 3)
            fields["confidence"] = round(max(part.confidence for part in parts.values()), 3)
            fields["traversal_cost"] = min(costs, default=None)
        if said is not None:
            fields |= said["fields"]
        return Edge(*key, **fields, evidence=(*self._words(parts), *_authored(said), *seen))

    def _words(self, parts: Mapping[str, Part]) -> Iterator[dict[str, Any]]:
        latest = sorted(parts, key=lambda origin: (self._place(origin.lstrip("<")), origin), reverse=True)
        for origin in latest[:EVIDENCE_MAX]:
            part = parts[origin]
            yield {
                "kind": "told",
                "scene": origin.lstrip("<"),
                "start": part.at[0],
                "end": part.at[1],
                "confidence": part.confidence,
                "words": part.words,
            }

    def _place(self, scene: str) -> str:
        return self.order.get(scene, ("", None, ""))[0]

    def node(self, id: str) -> Node | None:
        self._work_out()
        if id in self.order:
            return self._scene(id)
        origins = self._nodes.get(id)
        if origins is None or ":" not in id:  # a scene whose place is not taken in yet
            return None
        said = self.described.get(id, {})
        scenes = sorted((scene for scene in origins if scene in self.told), key=lambda s: (self._place(s), s))
        name = next((self.told[s]["names"][id] for s in reversed(scenes) if id in self.told[s]["names"]), "")
        return Node(
            id,
            _LABELS[id.partition(":")[0]],
            said.get("name") or name or id.partition(":")[2],
            state=_json(self._state(id, scenes)),
            evidence=_authored(said or None),
        )

    def _scene(self, id: str) -> Node:
        place, day, heading = self.order[id]
        told, said, seen = self.told.get(id), self.described.get(id, {}), self.seen.of_scene(id)
        state: dict[str, Any] = {}
        if told is not None and "setting" in told:
            state["at"] = told["setting"][0]
        if seen is not None:
            state["observed"] = seen
        return Node(
            id,
            NodeLabel.SCENE.value,
            said.get("name") or (told["heading"] if told is not None else heading),
            scene_type=said.get("scene_type"),
            authored_mass=said.get("authored_mass"),
            place=place,
            story_day=day,
            state=_json(state),
            evidence=(*_authored(said or None), *self.seen.evidence_of_scene(id)),
        )

    def _state(self, id: str, scenes: list[str]) -> dict[str, Any]:
        """How a character or a thing was left by the last scene it was in, and by the last film that shows it."""
        state: dict[str, Any] = {}
        present = [scene for scene in scenes if id in self.told[scene]["people"] or id in self.told[scene]["things"]]
        if present:
            last = self.told[present[-1]]
            state = {"scene": last["scene"], "at": last["setting"][0] if "setting" in last else None}
        held = [scene for scene in scenes if id in self.told[scene]["holders"]]
        if held:
            state["holder"] = self.told[held[-1]]["holders"][id] or None
        filmed = sorted(self.seen.scenes_of(id), key=lambda scene: (self._place(scene), scene))
        if (seen := self.seen.of_node(id, filmed)) is not None:
            state["seen"] = seen
        return state

    # snapshots
    def dump(self) -> dict[str, Any]:
        return {
            "told": list(self.told.values()),
            "order": {scene: list(said) for scene, said in self.order.items()},
            "set": list(self.set.values()),
            "described": list(self.described.values()),
            "seen": [report for reports in self.seen.reports.values() for report in reports],
        }

    @classmethod
    def of(cls, data: Data) -> Story:
        """At once, whatever its length: the rest is worked out when somebody asks, beside the loop where it can be."""
        found = cls()
        found.told = {each["scene"]: each for each in data["told"]}
        found.order = {scene: (place, day, heading) for scene, (place, day, heading) in data["order"].items()}
        found.set = {(each["label"], each["source"], each["target"]): each for each in data["set"]}
        found.described = {each["node"]: each for each in data["described"]}
        for each in data["seen"]:
            found.seen.take(each)
        found._whole = False
        return found

    def _work_out(self) -> None:
        """After a snapshot, once. Two threads that meet here work out the same, and either may stay."""
        if self._whole:
            return
        new = Story()
        for type, found in (("graph.told", self.told), ("graph.set", self.set)):
            for each in found.values():
                new.take(type, each)
        for each in self.described.values():
            new.take("graph.described", each)
        new.take("graph.ordered", {"scenes": self.order})
        self._edges, self._nodes, self._before, self._joined = new._edges, new._nodes, new._before, new._joined
        self._whole = True

    def rows(self) -> Iterator[Node | Edge]:
        """All of it."""
        self._work_out()
        for id in {*self._nodes, *self.order}:
            if (node := self.node(id)) is not None:
                yield node
        for key in {*self._edges, *self.set, *self.seen.edges()}:
            if (edge := self.edge(key)) is not None:
                yield edge


def _authored(said: Data | None) -> tuple[dict[str, Any], ...]:
    if said is None:
        return ()
    return ({"kind": "author", "by": said["by"], "at_ms": said["at_ms"], "words": said["words"]},)


def _json(state: Data) -> str:
    return json.dumps(state, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
