"""What films showed of a story, as edges and as the state of who and what was seen.

Owns the reports of observers, by scene: those of its newest observed take. Pure. The invariant: nothing is said of a
film but by a report that names its observation and its video; a newer take puts an older one's reports away, a later
report of the same take stands over an earlier one where both speak of one thing. What films show never changes what
scripts tell: the two stand side by side; nor do they add anybody: `Story` shows what leads to whom it knows, so a film
made before its scene was left says its part when the scene is told. Reports come from the ledger (`graph.seen`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from actors.graphs.parts import Data, cleaned
from actors.screenplay.names import name_key
from storage.graphs.rows import EdgeLabel, Key

REPORTS_MAX = 8
"""Of one take; the oldest goes. All: evidence outgrows its row."""

STATE_MAX = 24
"""Attributes kept of one node, by the latest reports."""

PRESENT, AT = "present", frozenset(("place", "at"))
HOLDS = frozenset(("holds", "carries"))
TOWARD = frozenset(("addresses", "with", "touches", "faces"))
"""Attributes whose value is somebody else in the film."""

ABSENT = frozenset(("no", "false", "none", "absent"))

_NAMES = ("scene", "take", "observation", "video", "observer", "verdict", "state", "confidence")

Reports = tuple[Data, ...]


NAMED = ("character", "entity", "setting")
"""Kinds of what an observer may name, see `named`."""


class Sightings:
    """Read by all; `take` is called on a copy or while it is being loaded."""

    def __init__(self) -> None:
        self.reports: dict[str, Reports] = {}  # scene → of its newest observed take, oldest first
        self._shown: dict[str, frozenset[Key]] = {}  # scene → edges they are evidence of
        self._where: dict[str, frozenset[str]] = {}  # node → scenes whose film says something of it
        self._edges: dict[Key, frozenset[str]] = {}  # edge → scenes
        self._at: dict[str, frozenset[Key]] = {}  # node → edges

    def copy(self) -> Sightings:
        new = Sightings()
        for name, value in vars(self).items():
            setattr(new, name, dict(value))
        return new

    def take(self, data: Data) -> tuple[set[Key], set[str]]:
        """One report more; edges and nodes that may have changed."""
        scene, before = data["scene"], self.reports.get(data["scene"], ())
        if before and before[-1]["take"] != data["take"] and _taken(data) < _taken(before[-1]):
            return set(), set()  # of a take that is not the scene's any more
        same = before if before and before[-1]["take"] == data["take"] else ()
        kept = (*(each for each in same if each["observation"] != data["observation"]), data)[-REPORTS_MAX:]
        nodes, keys = self._told_of(scene), self._shown.get(scene, frozenset())
        self.reports[scene] = kept
        after, shown = self._told_of(scene), frozenset(_edges_of(scene, kept))
        self._shown[scene] = shown
        _moved(self._where, scene, nodes, after)
        _moved(self._edges, scene, keys, shown)
        for key in keys | shown:
            for node in key[1:]:
                left = self._at.get(node, frozenset()) - {key}
                self._at[node] = left | {key} if key in self._edges else left
        return {*keys, *shown}, {scene, *nodes, *after}

    def _told_of(self, scene: str) -> frozenset[str]:
        said = [*(_nodes_said(each) for each in self.reports.get(scene, ()))]
        return frozenset(node for nodes in said for node in nodes)

    # reading
    def scenes_of(self, node: str) -> frozenset[str]:
        return self._where.get(node, frozenset())

    def edges(self) -> Iterable[Key]:
        return self._edges.keys()

    def at(self, nodes: Iterable[str]) -> set[Key]:
        """Edges that begin or end there."""
        return {key for node in nodes for key in self._at.get(node, ())}

    def of_edge(self, key: Key) -> tuple[dict[str, Any], ...]:
        """The evidence films give of an edge: in each scene that shows it, the latest report that says so."""
        found = []
        for scene in sorted(self._edges.get(key, ())):
            says = [each for each in self.reports[scene] if key in _says(scene, each)]
            found += [sighted(each) for each in says[-1:]]
        return tuple(found)[-REPORTS_MAX:]

    def of_scene(self, scene: str) -> dict[str, Any] | None:
        """What the scene's state says of its film."""
        reports = self.reports.get(scene, ())
        if not reports:
            return None
        last = reports[-1]
        said = {name: last[name] for name in ("take", "observation", "video", "verdict", "state")}
        facts = self._facts(scene, scene)
        return {**said, "facts": facts} if facts else said

    def evidence_of_scene(self, scene: str) -> tuple[dict[str, Any], ...]:
        return tuple(sighted(each) for each in self.reports.get(scene, ()))

    def of_node(self, node: str, scenes_in_order: Iterable[str]) -> dict[str, Any] | None:
        """By the last of these scenes whose film shows it."""
        found = self.scenes_of(node)
        for scene in reversed([each for each in scenes_in_order if each in found]):
            says = [each for each in self.reports[scene] if _speaks_of(each, node)]
            if not says:
                continue
            last, facts = says[-1], self._facts(scene, node)
            said = {"scene": scene, **{name: last[name] for name in ("take", "observation", "video")}}
            return {**said, "facts": facts} if facts else said
        return None

    def _facts(self, scene: str, node: str) -> dict[str, Any]:
        """attribute → [value, confidence, observation]; a later report of the take over an earlier one."""
        found: dict[str, Any] = {}
        for each in self.reports.get(scene, ()):
            for fact in each.get("facts", ()):
                if node in ids(fact["entity"]):
                    found.pop(fact["attribute"], None)
                    found[fact["attribute"]] = [fact["value"], fact["confidence"], each["observation"]]
        return dict(list(found.items())[-STATE_MAX:])


def sighted(report: Data) -> dict[str, Any]:
    return {"kind": "seen", **{name: report[name] for name in _NAMES}}


def _taken(report: Data) -> int:
    return int(report.get("taken_ms", 0))  # reports from before it was said are of takes as old as any


def named(name: str) -> str:
    """As reports keep what an observer calls somebody or something: an id, or `*:key`, which is any kind's."""
    kind, bar, rest = name.partition(":")
    known = bool(bar) and kind in NAMED
    return f"{kind if known else '*'}:{cleaned(name_key(rest if known else name))}"


def ids(said: str) -> tuple[str, ...]:
    """What may be meant."""
    return tuple(f"{kind}:{said[2:]}" for kind in NAMED) if said.startswith("*:") else (said,)


def _nodes_said(report: Data) -> Iterator[str]:
    for said in (*report["shows"], *(fact["entity"] for fact in report.get("facts", ()))):
        yield from ids(said)


def _speaks_of(report: Data, node: str) -> bool:
    return node in _nodes_said(report)


def _edges_of(scene: str, reports: Reports) -> Iterator[Key]:
    """All of a take's edges: who is said not to be there by a later report is not."""
    gone: set[str] = set()
    for report in reversed(reports):
        yield from (key for key in _says(scene, report) if key[1] not in gone)
        gone |= {id for fact in report.get("facts", ()) if _absent(fact) for id in ids(fact["entity"])}


def _absent(fact: Mapping[str, Any]) -> bool:
    return fact["attribute"] == PRESENT and str(fact["value"]).casefold() in ABSENT


def _says(scene: str, report: Data) -> set[Key]:
    """Edges into and within a scene that one report is evidence of."""
    found = {key for said in report["shows"] for key in _in_scene(said, scene)}
    absent = {id for fact in report.get("facts", ()) if _absent(fact) for id in ids(fact["entity"])}
    for fact in report.get("facts", ()):
        attribute, of_scene = fact["attribute"], fact["entity"] == scene
        values = [id for id in ids(named(fact["value"])) if id != fact["entity"]]
        if not _absent(fact):
            found |= set(_in_scene(fact["entity"], scene))
        if attribute in HOLDS:
            found |= {(EdgeLabel.PROP_OF.value, id, scene) for id in values if id.startswith("entity:")}
        elif attribute in TOWARD:
            people = [id for id in ids(fact["entity"]) if id.startswith("character:")]
            others = [id for id in values if id.startswith("character:")]
            found |= {(EdgeLabel.RELATES_TO.value, one, two) for one in people for two in others if one != two}
        elif attribute in AT and of_scene:
            found |= {(EdgeLabel.SCENE_AT.value, scene, id) for id in values if id.startswith("setting:")}
    return {key for key in found if key[1] not in absent}


def _in_scene(said: str, scene: str) -> Iterator[Key]:
    for node in ids(said):
        if node.startswith("character:"):
            yield EdgeLabel.CAST_OF.value, node, scene
        elif node.startswith("entity:"):
            yield EdgeLabel.PROP_OF.value, node, scene


def _moved(index: dict[Any, frozenset[str]], scene: str, before: Iterable[Any], after: Iterable[Any]) -> None:
    """Take a scene out of the index where it was, and in where it is."""
    for key in before:
        left = index.get(key, frozenset()) - {scene}
        if left:
            index[key] = left
        else:
            index.pop(key, None)
    for key in after:
        index[key] = index.get(key, frozenset()) | {scene}
