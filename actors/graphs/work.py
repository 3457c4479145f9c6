"""One event taken into the graph: the story after it, and the rows it changes, ready to be written. For a thread.

The invariant: it reads a story and a view that nobody changes meanwhile (their owner's turns come one at a time) and
changes nothing; so a scene of nine people, a hundred rows, costs who types nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.graphs import parts
from actors.graphs.messages import GRAPH
from actors.graphs.story import Story
from actors.graphs.views import edge_row, node_row
from actors.runtime.actor import Draft, ViewDraft
from actors.workflow.views import RowView
from storage.graphs.rows import Edge, Key, Node
from storage.graphs.view import GraphView


@dataclass(frozen=True, slots=True)
class Worked:
    """`edges` and `nodes`: what changed; None: it is gone."""

    draft: Draft
    story: Story
    edges: Mapping[Key, Edge | None]
    nodes: Mapping[str, Node | None]
    rows: list[ViewDraft]

    def put(self, view: GraphView) -> None:
        for key, edge in self.edges.items():
            view.drop_edge(key) if edge is None else view.put(edge)
        for id, node in self.nodes.items():
            view.drop_node(id) if node is None else view.put(node)


def take(home: str, story: Story, view: GraphView, draft: Draft) -> Worked:
    after, keys, ids = story.after(draft.type, draft.data)
    edges = {key: edge for key in sorted(keys) if (edge := after.edge(key)) != view.edges.get(key)}
    nodes = {id: node for id in sorted(ids) if (node := after.node(id)) != view.nodes.get(id)}
    rows = [edge_row(home, key, edge) for key, edge in edges.items()]
    rows += [node_row(home, id, node) for id, node in nodes.items()]
    return Worked(draft, after, edges, nodes, rows)


def take_scene(
    home: str, story: Story, view: GraphView, scene: str, run: tuple[str, int], facts: bytes, narrative: bytes | None
) -> Worked | None:
    """`run`: workflow and number. None: the facts are those of another run, whose end will tell us."""
    row = RowView.from_blob(facts)
    if row.workflow != run[0]:
        return None
    links: Mapping[str, Any] = {} if narrative is None else RowView.from_blob(narrative).data
    data = {**parts.told(scene, row.data, links), "workflow": run[0], "number": run[1]}
    return take(home, story, view, Draft("graph.told", data, scene=scene, source=GRAPH))
