"""The graph as a picture asks for it: who and what there is, who is near somebody, the edges among those shown.

The invariant is that of `storyGraph`: read from the ledger's tables by named calls, nobody is woken; each list is
bounded and can be read on (`first`, `skip`); an edge brings what it rests on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import strawberry

from serve_app.graphql.context import Info
from serve_app.graphql.described import described
from serve_app.graphql.enums import GraphEdgeLabel, GraphNodeLabel
from serve_app.graphql.graph_evidence import GraphEvidence, bounded, node_key
from serve_app.graphql.project_nodes import page_size
from storage.graphs.picture import Among, Around, Listed, Standing
from storage.graphs.rows import Edge

_TIES = {
    GraphNodeLabel.CHARACTER: GraphEdgeLabel.RELATES_TO,
    GraphNodeLabel.ENTITY: GraphEdgeLabel.PROP_OF,
    GraphNodeLabel.SCENE: GraphEdgeLabel.LEADS_TO,
    GraphNodeLabel.SETTING: GraphEdgeLabel.ADJACENT_TO,
    GraphNodeLabel.ZONE: GraphEdgeLabel.CONTAINS,
}
_BEGINS = {
    GraphEdgeLabel.RELATES_TO: "character",
    GraphEdgeLabel.ADJACENT_TO: "setting",
    GraphEdgeLabel.CONTAINS: "zone",
}
"""What a bare name is, for edges that have no scene at either end."""


@strawberry.type(description="What a film showed of somebody or something.")
class GraphSeenFact:
    attribute: str
    value: str
    confidence: float
    observation: str


@strawberry.type(description="How the story, and the last film of it, left somebody or something.")
class GraphState:
    scene_id: strawberry.ID | None = strawberry.field(description="The last scene it was in.")
    at: strawberry.ID | None = strawberry.field(description="The setting of that scene, or of this one.")
    holder: strawberry.ID | None = strawberry.field(description="Who has it; null: nobody, or nobody tells.")
    seen_scene_id: strawberry.ID | None = strawberry.field(description="Whose film shows it last.")
    take_id: strawberry.ID | None
    observation: str | None
    video: str | None
    seen: list[GraphSeenFact]

    @classmethod
    def of(cls, id: str, state: Mapping[str, Any]) -> GraphState:
        film = state.get("seen") or state.get("observed") or {}

        def id_of(value: Any) -> strawberry.ID | None:
            return strawberry.ID(value) if value else None

        return cls(
            scene_id=id_of(state.get("scene")),
            at=id_of(state.get("at")),
            holder=id_of(state.get("holder")),
            seen_scene_id=id_of(film.get("scene", id if film else None)),
            take_id=id_of(film.get("take")),
            observation=film.get("observation"),
            video=film.get("video"),
            seen=[
                GraphSeenFact(attribute=name, value=str(value), confidence=sure, observation=observation)
                for name, (value, sure, observation) in film.get("facts", {}).items()
            ],
        )


@strawberry.type(description="Somebody, something, a scene or a place of the story.")
class GraphNode:
    id: strawberry.ID
    name: str
    ties: int = strawberry.field(description="Edges that begin or end at it, of the kind its label lives by.")
    scene_type: str | None
    authored_mass: float | None
    story_day: int | None
    state: GraphState

    @classmethod
    def of(cls, found: Standing) -> GraphNode:
        return cls(
            id=strawberry.ID(found.id),
            name=found.name,
            ties=found.ties,
            scene_type=found.scene_type,
            authored_mass=found.authored_mass,
            story_day=found.story_day,
            state=GraphState.of(found.id, json.loads(found.state)),
        )


@strawberry.type
class GraphNear:
    id: strawberry.ID
    hops: int


@strawberry.type(description="An edge of the story's graph, with what it rests on.")
class GraphLink:
    source: strawberry.ID
    target: strawberry.ID
    strength: float | None
    confidence: float | None
    trust_competence: float | None
    trust_benevolence: float | None
    debt: float | None
    traversal_cost: float | None
    evidence: list[GraphEvidence]

    @classmethod
    def of(cls, project: str, edge: Edge) -> GraphLink:
        return cls(
            source=strawberry.ID(edge.source),
            target=strawberry.ID(edge.target),
            strength=edge.strength,
            confidence=edge.confidence,
            trust_competence=edge.trust_competence,
            trust_benevolence=edge.trust_benevolence,
            debt=edge.debt,
            traversal_cost=edge.traversal_cost,
            evidence=[GraphEvidence.of(project, said) for said in edge.evidence],
        )


@strawberry.type
class GraphPicture:
    project: strawberry.Private[str]

    @described("Who, what or which scenes there are, in story order.")
    async def nodes(self, info: Info, label: GraphNodeLabel, first: int | None = 50, skip: int = 0) -> list[GraphNode]:
        size = page_size(first, 50)
        if not size:
            return []
        call = bounded(lambda: Listed(label.value, _TIES[label].value, skip, size))
        return [GraphNode.of(found) for found in await info.context.ports.reader.graph(self.project, call)]

    @described("Who or what is near: over edges of a kind in any direction, 2 hops at most; itself first, 150 at most.")
    async def around(
        self, info: Info, node: strawberry.ID, label: GraphEdgeLabel, hops: int = 1, first: int | None = 50
    ) -> list[GraphNear]:
        size = page_size(first, 50)
        key = _end(label, node)
        call = bounded(lambda: Around(key, label.value, hops, size))
        found = await info.context.ports.reader.graph(self.project, call)
        return [GraphNear(id=strawberry.ID(near.id), hops=near.hops) for near in found]

    @described("Edges of a kind that begin and end among these, 150 at most; strongest first.")
    async def links(
        self,
        info: Info,
        label: GraphEdgeLabel,
        among: list[strawberry.ID],
        first: int | None = 50,
        skip: int = 0,
    ) -> list[GraphLink]:
        size = page_size(first, 50)
        ids = tuple(_end(label, id) for id in among)
        call = bounded(lambda: Among(label.value, ids, skip, size), "" if len(ids) <= 150 else "among")
        found = await info.context.ports.reader.graph(self.project, call)
        return [GraphLink.of(self.project, each.edge) for each in found]


def _end(label: GraphEdgeLabel, said: strawberry.ID) -> str:
    return node_key(_BEGINS.get(label, ""), said) if label in _BEGINS or ":" in said else str(said)
