"""Asking the story's graph, and saying what it cannot read: trust, debts, ways and what a scene weighs.

The invariant is that of all mutations: what is answered is committed. Reading asks the ledger alone.
"""

from __future__ import annotations

import strawberry

from actors.commands import Answer, Command, DescribeScene, SetRelation
from actors.graphs.messages import GRAPH
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import commanded, described
from serve_app.graphql.enums import GraphEdgeLabel
from serve_app.graphql.graph_nodes import StoryGraph
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.sending import send


@strawberry.input
class SetRelationInput:
    project_id: strawberry.ID
    source: strawberry.ID
    target: strawberry.ID
    idempotency_key: str
    label: GraphEdgeLabel = GraphEdgeLabel.RELATES_TO
    trust_competence: float | None = None
    trust_benevolence: float | None = None
    debt: float | None = None
    traversal_cost: float | None = None
    removed: bool = strawberry.field(default=False, description="It is not so, whatever scripts tell.")
    cleared: bool = strawberry.field(default=False, description="Nobody says anything: scripts alone count again.")
    words: str | None = strawberry.field(default=None, description="Why, in words.")


@strawberry.input
class DescribeSceneInput:
    scene_id: strawberry.ID
    idempotency_key: str
    scene_type: str | None = None
    authored_mass: float | None = None
    words: str | None = None


@strawberry.type
class GraphPayload:
    graph: StoryGraph | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class GraphQueries:
    @described("The story's graph: people, scenes, settings. Scenes are in it once they were left or locked.")
    async def story_graph(self, info: Info, project_id: strawberry.ID) -> StoryGraph:
        if await info.context.project(project_id) is None:
            raise not_found("project", project_id)
        return StoryGraph(project=str(project_id))


@strawberry.type
class GraphMutations:
    @commanded("Say what a tie, a way or a link of the story's graph is worth, that it is not so, or take that back.")
    async def set_relation(self, info: Info, input: SetRelationInput) -> GraphPayload:
        home = str(input.project_id)
        if await info.context.project(input.project_id) is None:
            return GraphPayload(user_errors=missing("project", ("input", "projectId")))
        command = SetRelation(
            label=input.label.value,
            source=str(input.source),
            target=str(input.target),
            trust_competence=input.trust_competence,
            trust_benevolence=input.trust_benevolence,
            debt=input.debt,
            traversal_cost=input.traversal_cost,
            removed=input.removed,
            cleared=input.cleared,
            words=input.words or "",
        )
        return await _said(info, home, input.idempotency_key, command)

    @commanded("Say what kind of scene one is, and what it weighs in the story.")
    async def describe_scene(self, info: Info, input: DescribeSceneInput) -> GraphPayload:
        found = await info.context.scene(input.scene_id)
        if found is None:
            return GraphPayload(user_errors=missing("scene", ("input", "sceneId")))
        command = DescribeScene(
            scene=str(input.scene_id),
            scene_type=input.scene_type or "",
            authored_mass=input.authored_mass,
            words=input.words or "",
        )
        return await _said(info, found[0].home, input.idempotency_key, command)


async def _said(info: Info, home: str, key: str, command: Command) -> GraphPayload:
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return GraphPayload(user_errors=errors)
    sent = await send(info.context, home, GRAPH, key, command)
    if not isinstance(sent, Answer):
        return GraphPayload(user_errors=sent)
    return GraphPayload(graph=StoryGraph(project=home), sequence=str(sent.sequence))
