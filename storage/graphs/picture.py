"""What a picture of the graph asks: who and what there is, who is near somebody, and the edges among those shown.

Owns these calls, the form of their answers, and how memory and SQL answer them. The invariant is that of
`storage.graphs.calls`: one order, bounds refused here, the same answer from both; a picture of a thousand people is
never asked for whole. Edges bring their evidence along: hovering over one asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage.graphs.calls import LIMIT_MAX, Call, within
from storage.graphs.rows import GRAPH_EDGE, Edge, Key, Node, edge_of

if TYPE_CHECKING:
    from storage.graphs.view import GraphView

AROUND_HOPS_MAX = 2
SHOWN_MAX = 150
"""Nodes of a picture. More: lines cover each other, and laying them out takes longer than a frame."""

SKIP_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Listed(Call):
    """Nodes of a label -> `Standing`, in story order, then by id. `ties`: label of the edges counted; `skip`: so many
    come before."""

    label: str
    ties: str
    skip: int = 0
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("limit", self.limit, LIMIT_MAX)
        within("skip", self.skip, SKIP_MAX, 0)


@dataclass(frozen=True, slots=True)
class Around(Call):
    """Nodes within reach over edges of a label, in any direction, the node itself first -> `Near`: nearest first, of
    those next to it the ones most strongly tied."""

    node: str
    label: str
    hops: int = AROUND_HOPS_MAX
    limit: int = SHOWN_MAX

    def __post_init__(self) -> None:
        within("hops", self.hops, AROUND_HOPS_MAX)
        within("limit", self.limit, SHOWN_MAX)


@dataclass(frozen=True, slots=True)
class Among(Call):
    """Edges of a label that begin and end among these nodes -> `Linked`, strongest first."""

    label: str
    nodes: tuple[str, ...]
    skip: int = 0
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("nodes", len(set(self.nodes)), SHOWN_MAX, 0)
        within("limit", self.limit, LIMIT_MAX)
        within("skip", self.skip, SKIP_MAX, 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """`state`: JSON text; `ties`: how many edges begin or end at it."""

    id: str
    name: str
    scene_type: str | None
    authored_mass: float | None
    place: str
    story_day: int | None
    state: str
    ties: int


@dataclass(frozen=True, slots=True)
class Near:
    id: str
    hops: int


@dataclass(frozen=True, slots=True)
class Linked:
    edge: Edge


# from memory
def listed(view: GraphView, call: Listed) -> list[Any]:
    found = sorted((n for n in view.nodes.values() if n.label == call.label), key=lambda n: (n.place, n.id))
    return [_standing(view, node, call.ties) for node in found[call.skip : call.skip + call.limit]]


def _standing(view: GraphView, node: Node, label: str) -> Standing:
    ties = len(view.out(label, node.id)) + len(view.into(label, node.id))
    about = node.scene_type, node.authored_mass, node.place, node.story_day
    return Standing(node.id, node.name, *about, node.state, ties)


def around(view: GraphView, call: Around) -> list[Any]:
    def beside(node: str) -> set[str]:
        return {*view.out(call.label, node), *view.into(call.label, node)}

    def strength(other: str) -> float:
        edges = view.out(call.label, call.node).get(other), view.into(call.label, call.node).get(other)
        told = [edge.strength for edge in edges if edge is not None and edge.strength is not None]
        return max(told, default=0.0)

    first = beside(call.node) - {call.node}
    second = {other for node in first for other in beside(node)} - first if call.hops > 1 else set()
    found = {call.node: (0, 0.0)} | {node: (1, -strength(node)) for node in first}
    found |= dict.fromkeys(second - {call.node}, (2, 0.0))
    near = sorted((node.id for node in view.known(found)), key=lambda id: (*found[id], id))[: call.limit]
    return [Near(id, found[id][0]) for id in near]


def among(view: GraphView, call: Among) -> list[Any]:
    shown = set(call.nodes)
    edges = [edge for node in shown for other, edge in view.out(call.label, node).items() if other in shown]
    edges.sort(key=lambda edge: (-(edge.strength or 0.0), edge.source, edge.target))
    return [Linked(edge) for edge in edges[call.skip : call.skip + call.limit]]


# as SQL: see `storage.graphs.sql` for `@`
_TIES = """(SELECT count(*) FROM @graph_edges e WHERE e.home = :home AND e.label = :ties AND e.{end} = n.id)"""
LISTED = f"""SELECT n.id, n.name, n.scene_type, n.authored_mass, n.place, n.story_day, n.state,
{_TIES.format(end="source")} + {_TIES.format(end="target")}
FROM (SELECT * FROM @graph_nodes g WHERE g.home = :home AND g.label = :label
  ORDER BY g.place, g.id LIMIT :limit OFFSET :skip) n
ORDER BY n.place, n.id"""

_BESIDE = """SELECT {far} AS node, {strength} AS strength FROM {base} CROSS JOIN @graph_edges e
  WHERE {more}e.home = :home AND e.label = :label AND e.{near} = {at}"""


def _beside(base: str, at: str, strength: str, more: str = "") -> tuple[str, str]:
    ends = (("source", "target"), ("target", "source"))
    one, two = (
        _BESIDE.format(far=f"e.{far}", strength=strength, base=base, more=more, near=near, at=at) for near, far in ends
    )
    return one, two


AROUND = f"""WITH one AS (SELECT x.node, coalesce(max(x.strength), 0.0) AS strength FROM (
  {" UNION ALL ".join(_beside("(SELECT 1 AS it) o", ":node", "e.strength"))}) x WHERE x.node <> :node GROUP BY x.node),
two AS ({" UNION ".join(_beside("one o", "o.node", "0.0", ":hops > 1 AND "))}),
found AS (SELECT :node AS node, 0 AS hop, 0.0 AS strength
  UNION ALL SELECT o.node, 1, o.strength FROM one o
  UNION ALL SELECT t.node, 2, 0.0 FROM two t WHERE t.node <> :node AND t.node NOT IN (SELECT o.node FROM one o))
SELECT n.id, f.hop FROM found f CROSS JOIN @graph_nodes n WHERE n.home = :home AND n.id = f.node
ORDER BY f.hop, f.strength DESC, n.id LIMIT :limit"""

AMONG = f"""SELECT x.label, x.source, x.target, v.body FROM (
  SELECT e.label, e.source, e.target, coalesce(e.strength, 0.0) AS strength FROM @graph_edges e
  WHERE e.home = :home AND e.label = :label AND e.source @in(:nodes) AND e.target @in(:nodes)
  ORDER BY coalesce(e.strength, 0.0) DESC, e.source, e.target LIMIT :limit OFFSET :skip) x
JOIN @views v ON v.kind = '{GRAPH_EDGE}' AND v.home = :home
AND v.order_key = x.label || ' ' || x.source || ' ' || x.target
ORDER BY x.strength DESC, x.source, x.target"""


def linked(rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Two edges whose names run together alike share an order key: each has its own body."""
    found: dict[Key, Linked] = {}
    for label, source, target, body in rows:
        edge = edge_of(bytes(body))
        if edge.key == (label, source, target):
            found[edge.key] = Linked(edge)
    return list(found.values())


MEMORY: Mapping[type[Call], Any] = {Listed: listed, Around: around, Among: among}
