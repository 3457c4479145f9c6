"""The graph in memory: kept up row by row, and the calls answered from it.

The invariant: the same rows in any order give the same view, and every answer equals what SQL says of the same rows
(`tests/unit/storage/test_graphs.py` asks both). Taking in a row costs a few dictionary entries whatever the story's
length, so a turn never waits for it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from storage.graphs.calls import (
    AdjacentSettings,
    Call,
    CastSubgraph,
    Nearby,
    Neighbour,
    Occurrence,
    Occurrences,
    Pair,
    Path,
    ReachableScenes,
    Reached,
    Row,
    ScenesNearby,
    SocialDistance,
    Tense,
    TensionPairs,
    TensionScenes,
    Tie,
    Trust,
    TrustToward,
)
from storage.graphs.picture import MEMORY
from storage.graphs.rows import Edge, EdgeLabel, Key, Node

_INTO_SCENES = (EdgeLabel.CAST_OF, EdgeLabel.PROP_OF)
_NONE: Mapping[str, Edge] = {}


class GraphView:
    """`put` and `drop` rows; `ask` a call."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: dict[Key, Edge] = {}
        self._out: defaultdict[tuple[str, str], dict[str, Edge]] = defaultdict(dict)  # (label, source) → target → edge
        self._into: defaultdict[tuple[str, str], dict[str, Edge]] = defaultdict(dict)
        self._trust: list[tuple[float, str, str]] = []  # told ones, worst first

    # rows
    def put(self, row: Node | Edge) -> None:
        if isinstance(row, Node):
            self.nodes[row.id] = row
            return
        self.drop_edge(row.key)
        self.edges[row.key] = row
        self._out[row.label, row.source][row.target] = row
        self._into[row.label, row.target][row.source] = row
        if row.label == EdgeLabel.RELATES_TO and row.trust_competence is not None:
            insort(self._trust, (row.trust_competence, row.source, row.target))

    def drop_node(self, id: str) -> None:
        self.nodes.pop(id, None)

    def drop_edge(self, key: Key) -> None:
        gone = self.edges.pop(key, None)
        if gone is None:
            return
        _forget(self._out, (gone.label, gone.source), gone.target)
        _forget(self._into, (gone.label, gone.target), gone.source)
        if gone.label == EdgeLabel.RELATES_TO and gone.trust_competence is not None:
            at = bisect_left(self._trust, (gone.trust_competence, gone.source, gone.target))
            del self._trust[at]

    def out(self, label: str, source: str) -> Mapping[str, Edge]:
        return self._out.get((label, source), _NONE)

    def into(self, label: str, target: str) -> Mapping[str, Edge]:
        return self._into.get((label, target), _NONE)

    # calls
    def ask(self, call: Call) -> list[Any]:
        """Rows of the call's kind, see `storage.graphs.calls`."""
        return _ANSWERS[type(call)](self, call)

    def near(self, label: str, start: str, hops: int) -> dict[str, int]:
        """Whatever is reached along an edge's direction, with the fewest hops; not the start itself."""
        if start not in self.nodes:
            return {}
        found, edge = {start: 0}, [start]
        for hop in range(1, hops + 1):
            edge = [other for at in edge for other in self.out(label, at) if other not in found]
            found.update(dict.fromkeys(edge, hop))
            edge = list(dict.fromkeys(edge))
        del found[start]
        return found

    def known(self, ids: Iterable[str]) -> Iterator[Node]:
        return (self.nodes[id] for id in ids if id in self.nodes)

    def friends(self, who: str) -> set[str]:
        """Across a tie in either direction."""
        return {*self.out(EdgeLabel.RELATES_TO, who), *self.into(EdgeLabel.RELATES_TO, who)}

    def balls(self, who: str, hops: int) -> dict[str, int]:
        found = {who: 0}
        edge = {who}
        for hop in range(1, hops + 1):
            edge = {other for at in edge for other in self.friends(at)} - found.keys()
            found.update(dict.fromkeys(edge, hop))
        return found

    def scenes_of(self, node: str) -> set[str]:
        """In which a character, a thing or a setting is."""
        found = {scene for label in _INTO_SCENES for scene in self.out(label, node)}
        return found | self.into(EdgeLabel.SCENE_AT, node).keys()


def _forget(index: dict[tuple[str, str], dict[str, Edge]], key: tuple[str, str], other: str) -> None:
    del index[key][other]
    if not index[key]:
        del index[key]


def _cast_subgraph(view: GraphView, call: CastSubgraph) -> list[Row]:
    cast = set(call.cast)
    ties = (edge for who in cast for other, edge in view.out(EdgeLabel.RELATES_TO, who).items() if other in cast)
    found = sorted(ties, key=lambda edge: (edge.source, edge.target))[: call.limit]
    return [
        Tie(e.source, e.target, e.strength, e.confidence, e.trust_competence, e.trust_benevolence, e.debt)
        for e in found
    ]


def _social_distance(view: GraphView, call: SocialDistance) -> list[Row]:
    """From both ends at once: two hops each reach four, and the crowd in between is never walked."""
    if call.source not in view.nodes or call.target not in view.nodes:
        return []
    ahead, back = view.balls(call.source, (call.hops + 1) // 2), view.balls(call.target, call.hops // 2)
    meets = [
        (ahead[middle] + back[middle], middle)
        for middle in ahead.keys() & back.keys()
        if ahead[middle] - back[middle] in (0, 1)
    ]
    if not meets:
        return []
    _, middle = min(meets)
    first = [] if ahead[middle] < 2 else [min(view.friends(call.source) & view.friends(middle))]
    last = [] if back[middle] < 2 else [min(view.friends(call.target) & view.friends(middle))]
    stops = [call.source, *first, middle, *last, call.target]
    return [Path(tuple(dict.fromkeys(stops)))]


def _trust_toward(view: GraphView, call: TrustToward) -> list[Row]:
    found = [
        Trust(edge.source, view.nodes[edge.source].name, edge.trust_competence, edge.trust_benevolence)
        for edge in view.into(EdgeLabel.RELATES_TO, call.target).values()
        if edge.trust_competence is not None
        and edge.trust_competence > call.competence_over
        and edge.trust_benevolence is not None
        and edge.trust_benevolence > call.benevolence_over
        and edge.source in view.nodes
    ]
    found.sort(key=lambda each: (-each.trust_competence, -each.trust_benevolence, each.source))
    return [*found[: call.limit]]


def _reachable_scenes(view: GraphView, call: ReachableScenes) -> list[Row]:
    hops = view.near(EdgeLabel.LEADS_TO, call.scene, call.hops)
    found = sorted(view.known(hops), key=lambda node: (hops[node.id], node.place, node.id))[: call.limit]
    return [Reached(node.id, node.name, node.scene_type, node.authored_mass, hops[node.id]) for node in found]


def _tension_scenes(view: GraphView, call: TensionScenes) -> list[Row]:
    found: list[Tense] = []
    for scene in view.known(view.near(EdgeLabel.LEADS_TO, call.scene, call.hops)):
        cast = view.into(EdgeLabel.CAST_OF, scene.id)
        ties = sum(
            other in cast and _tense(edge, call)
            for who in cast
            for other, edge in view.out(EdgeLabel.RELATES_TO, who).items()
        )
        if ties:
            found.append(Tense(scene.id, scene.name, ties))
    found.sort(key=lambda each: (-each.tension_edges, each.scene))
    return [*found[: call.limit]]


def _tense(edge: Edge, call: TensionScenes) -> bool:
    distrusted = edge.trust_competence is not None and edge.trust_competence < call.trust_under
    return distrusted or (edge.debt is not None and edge.debt > call.debt_over)


def _adjacent_settings(view: GraphView, call: AdjacentSettings) -> list[Row]:
    ways = view.out(EdgeLabel.ADJACENT_TO, call.setting)
    found = [Neighbour(node.id, node.name, ways[node.id].traversal_cost) for node in view.known(ways)]
    found.sort(key=lambda each: (each.traversal_cost is None, each.traversal_cost or 0.0, each.setting))
    return [*found[: call.limit]]


def _scenes_nearby(view: GraphView, call: ScenesNearby) -> list[Row]:
    hops = view.near(EdgeLabel.ADJACENT_TO, call.setting, call.hops)
    found = [
        (hops[setting.id], setting, scene)
        for setting in view.known(hops)
        for scene in view.known(view.into(EdgeLabel.SCENE_AT, setting.id))
    ]
    found.sort(key=lambda each: (each[0], each[1].id, each[2].place, each[2].id))
    return [
        Nearby(setting.id, setting.name, hop, scene.id, scene.name, scene.scene_type, scene.authored_mass)
        for hop, setting, scene in found[: call.limit]
    ]


def _tension_pairs(view: GraphView, call: TensionPairs) -> list[Row]:
    found: list[Row] = []
    for trust, source, target in view._trust:
        if trust >= call.trust_under or len(found) >= call.limit:
            break
        if source in view.nodes:
            found.append(Pair(source, target, trust, view.nodes[source].state))
    return found


def _occurrences(view: GraphView, call: Occurrences) -> list[Row]:
    scenes = set.intersection(*(view.scenes_of(node) for node in set(call.nodes)))
    found = sorted(view.known(scenes), key=lambda node: (node.place, node.id))[: call.limit]
    return [Occurrence(node.id, node.name, node.place, node.story_day) for node in found]


_ANSWERS: Mapping[type[Call], Callable[[GraphView, Any], list[Row]]] = {
    CastSubgraph: _cast_subgraph,
    SocialDistance: _social_distance,
    TrustToward: _trust_toward,
    ReachableScenes: _reachable_scenes,
    TensionScenes: _tension_scenes,
    AdjacentSettings: _adjacent_settings,
    ScenesNearby: _scenes_nearby,
    TensionPairs: _tension_pairs,
    Occurrences: _occurrences,
    **MEMORY,
}
