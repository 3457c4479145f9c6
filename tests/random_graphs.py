"""Random graphs of a story, and the questions asked of them: one maker for tests and benchmarks."""

from __future__ import annotations

import random
from collections.abc import Iterator

from storage.graphs.calls import (
    AdjacentSettings,
    Call,
    CastSubgraph,
    Occurrences,
    ReachableScenes,
    ScenesNearby,
    SocialDistance,
    TensionPairs,
    TensionScenes,
    TrustToward,
)
from storage.graphs.picture import Among, Around, Listed
from storage.graphs.rows import GRAPH_EDGE, GRAPH_NODE, Edge, EdgeLabel, GraphBody, Node, NodeLabel, row_id
from storage.ledger.protocol import View

SHARES = {
    NodeLabel.CHARACTER: 0.3,
    NodeLabel.SCENE: 0.4,
    NodeLabel.SETTING: 0.15,
    NodeLabel.ENTITY: 0.1,
    NodeLabel.ZONE: 0.05,
}
ENDS = {
    EdgeLabel.RELATES_TO: (NodeLabel.CHARACTER, NodeLabel.CHARACTER, 0.45),
    EdgeLabel.CAST_OF: (NodeLabel.CHARACTER, NodeLabel.SCENE, 0.25),
    EdgeLabel.LEADS_TO: (NodeLabel.SCENE, NodeLabel.SCENE, 0.1),
    EdgeLabel.ADJACENT_TO: (NodeLabel.SETTING, NodeLabel.SETTING, 0.07),
    EdgeLabel.PROP_OF: (NodeLabel.ENTITY, NodeLabel.SCENE, 0.06),
    EdgeLabel.SCENE_AT: (NodeLabel.SCENE, NodeLabel.SETTING, 0.04),
    EdgeLabel.CONTAINS: (NodeLabel.ZONE, NodeLabel.SETTING, 0.03),
}


class RandomGraph:
    """`nodes` and `edges` of so many; a few edges lead to nodes that nobody wrote."""

    def __init__(self, seed: int, nodes: int, edges: int) -> None:
        self.dice = random.Random(seed)
        self.ids: dict[NodeLabel, list[str]] = {}
        self.nodes = [node for label, share in SHARES.items() for node in self._nodes(label, round(nodes * share))]
        made: dict[tuple[str, str, str], Edge] = {}
        for label, (source, target, share) in ENDS.items():
            room = min(round(edges * share), len(self.ids[source]) * len(self.ids[target]) // 3)
            most = len(made) + room
            while len(made) < most:
                self._edge(made, label, source, target)
        self.edges = list(made.values())

    def _nodes(self, label: NodeLabel, many: int) -> Iterator[Node]:
        dice = self.dice
        self.ids[label] = [f"{label.lower()}:{dice.choice('aäz日')}{at}" for at in range(max(2, many))]
        for id in self.ids[label]:
            if dice.random() < 0.03:
                continue
            scene = label is NodeLabel.SCENE
            yield Node(
                id,
                label,
                f"The {id}",
                scene_type=dice.choice((None, "gate")) if scene else None,
                authored_mass=dice.choice((None, 0.5, 2.25)) if scene else None,
                place=dice.choice("abcdef") if scene else "",
                story_day=dice.choice((None, 1, 2, 3)) if scene else None,
                state=dice.choice(("{}", '{"at":"kitchen"}')),
            )

    def _told(self) -> float | None:
        return None if self.dice.random() < 0.2 else round(self.dice.uniform(-1, 1), 2)

    def _edge(self, made: dict[tuple[str, str, str], Edge], label: str, source: NodeLabel, target: NodeLabel) -> None:
        one, two = self.dice.choice(self.ids[source]), self.dice.choice(self.ids[target])
        edge = Edge(label, one, two, strength=self._told(), confidence=0.9)
        if label == EdgeLabel.RELATES_TO:
            edge = Edge(label, one, two, 1.5, 0.9, self._told(), self._told(), self._told())
        if label == EdgeLabel.ADJACENT_TO:
            cost = self._told()
            edge = Edge(label, one, two, traversal_cost=None if cost is None else round(abs(cost), 1))
        made[edge.key] = edge

    def some(self, label: NodeLabel) -> str:
        return self.dice.choice(self.ids[label])

    def calls(self) -> Iterator[Call]:
        """One of each, about somebody."""
        dice, some = self.dice, self.some
        yield CastSubgraph(tuple(some(NodeLabel.CHARACTER) for _ in range(dice.choice((0, 2, 12)))))
        yield SocialDistance(some(NodeLabel.CHARACTER), some(NodeLabel.CHARACTER), dice.choice((1, 2, 3, 4, 4)))
        yield TrustToward(some(NodeLabel.CHARACTER))
        yield TrustToward(some(NodeLabel.CHARACTER), -1.0, -1.0, limit=3)
        yield ReachableScenes(some(NodeLabel.SCENE), dice.choice((1, 3)))
        yield TensionScenes(some(NodeLabel.SCENE))
        yield TensionScenes(some(NodeLabel.SCENE), trust_under=0.2, debt_over=0.1)
        yield AdjacentSettings(some(NodeLabel.SETTING))
        yield ScenesNearby(some(NodeLabel.SETTING))
        yield TensionPairs(limit=dice.choice((5, 200)))
        yield Occurrences((some(NodeLabel.CHARACTER),))
        yield Occurrences((some(NodeLabel.CHARACTER), some(NodeLabel.SETTING)))
        yield Occurrences((some(NodeLabel.CHARACTER), some(NodeLabel.CHARACTER), some(NodeLabel.ENTITY)))
        yield SocialDistance("character:nobody", some(NodeLabel.CHARACTER))
        yield ReachableScenes("scene:nowhere")

    def picture_calls(self) -> Iterator[Call]:
        """What a picture asks."""
        dice, some = self.dice, self.some
        yield Listed(NodeLabel.CHARACTER, EdgeLabel.RELATES_TO, dice.choice((0, 3)), dice.choice((7, 200)))
        yield Listed(NodeLabel.SCENE, EdgeLabel.LEADS_TO)
        yield Around(some(NodeLabel.CHARACTER), EdgeLabel.RELATES_TO, dice.choice((1, 2)), dice.choice((9, 150)))
        yield Around(some(NodeLabel.SETTING), EdgeLabel.ADJACENT_TO)
        yield Among(EdgeLabel.RELATES_TO, tuple(self.ids[NodeLabel.CHARACTER][:150]), dice.choice((0, 2)))
        yield Among(EdgeLabel.ADJACENT_TO, tuple(self.ids[NodeLabel.SETTING][:40]), limit=5)

    def views(self, home: str) -> Iterator[View]:
        yield from (graph_row(home, row) for row in (*self.nodes, *self.edges))


def graph_row(home: str, row: Node | Edge) -> View:
    """A projection as an append brings it."""
    if isinstance(row, Node):
        return View(GRAPH_NODE, row_id(home, row.id), home, home, row.id, GraphBody(row).blob())
    return View(GRAPH_EDGE, row_id(home, *row.key), home, home, " ".join(row.key), GraphBody(row).blob())
