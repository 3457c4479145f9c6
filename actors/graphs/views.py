"""The graph's rows as projections, and takes that were observed, left for the keeper to take in.

Kinds and keys in the ledger's `View` rows (kind · id · parent · order_key):
  graph_node · hash · project · node's id              -> storage.graphs.rows.Node
  graph_edge · hash · project · label, source, target  -> storage.graphs.rows.Edge
  graph_seen · observation · scene · when (ms)         -> SeenView, there until the keeper has taken it in
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.runtime.actor import ViewDraft
from actors.views import Body, order_ms
from storage.graphs.rows import GRAPH_EDGE, GRAPH_NODE, Edge, GraphBody, Key, Node, row_id

GRAPH_SEEN = "graph_seen"

SHOWN_MAX = 40
"""Names an observer may say it saw, and facts it may report; the rest is left out."""

VALUE_CHARS_MAX, ATTRIBUTE_CHARS_MAX = 120, 40


@dataclass(frozen=True, slots=True)
class RowBody(Body):
    """A node or an edge as `storage.graphs.rows.GraphBody` has written it."""

    written: bytes

    def blob(self) -> bytes:
        return self.written


def _body(row: Node | Edge | None) -> RowBody | None:
    return None if row is None else RowBody(GraphBody(row).blob())


def node_row(home: str, id: str, node: Node | None) -> ViewDraft:
    return ViewDraft(GRAPH_NODE, row_id(home, id), home, id, _body(node))


def edge_row(home: str, key: Key, edge: Edge | None) -> ViewDraft:
    return ViewDraft(GRAPH_EDGE, row_id(home, *key), home, " ".join(key), _body(edge))


@dataclass(frozen=True, slots=True)
class SeenView(Body):
    """What an observer said of a take. `shows`: whom and what it named, as it named them; most name nobody."""

    scene: str
    project: str
    take: str
    observation: str
    video: str  # key of the film in the object store
    observer: str
    verdict: str
    state: str  # see `gpu.observe.epistemic`
    confidence: float
    shows: tuple[str, ...] = field(default=())
    facts: tuple[Mapping[str, Any], ...] = field(default=())  # {entity, attribute, value, confidence}, as it names them
    taken_ms: int = 0  # when the take was made; 0: nobody says


def seen_row(
    home: str, scene: str, take: str, video: str, said: Mapping[str, Any], at_ms: int, taken_ms: int | None = None
) -> ViewDraft:
    """Beside the take, in its append; or later, beside whatever an observer says of it then (`taken_ms`: when the take
    was made). Who writes it tells the keeper to `LookAgain`."""
    body = SeenView(
        scene=scene,
        project=home,
        take=take,
        observation=str(said.get("id", "")),
        video=video,
        observer=str(said.get("observer", "")),
        verdict=str(said.get("verdict", "")),
        state=str(said.get("epistemic_state", "")),
        confidence=float(said.get("quality_score") or 0.0),
        shows=tuple(str(name) for name in said.get("shows", ()))[:SHOWN_MAX],
        facts=tuple(_fact(each) for each in said.get("facts", ()))[:SHOWN_MAX],
        taken_ms=at_ms if taken_ms is None else taken_ms,
    )
    return ViewDraft(GRAPH_SEEN, body.observation or take, scene, order_ms(at_ms), body)


def _fact(said: Mapping[str, Any]) -> dict[str, Any]:
    text = {name: str(said.get(name, ""))[:VALUE_CHARS_MAX] for name in ("entity", "attribute", "value")}
    attribute = text["attribute"][:ATTRIBUTE_CHARS_MAX]
    return {**text, "attribute": attribute, "confidence": float(said.get("confidence") or 0.0)}
