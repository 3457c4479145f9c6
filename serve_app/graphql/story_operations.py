"""What follows from scenes: the world and relations to read, a failed workflow to try again, the background switch.

The invariant: reading asks the ledger alone; the two mutations are commands to whoever holds the project.
"""

from __future__ import annotations

import strawberry

from actors.commands import Answer, Command, RetryWorkflow, SetAhead, SetBackground, SetCacheBound, SetShare
from actors.workflow.messages import WORKFLOW
from actors.workflow.rows import RowKind
from actors.workflow.story import fold_relations, names_in, ranks
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import commanded, described
from serve_app.graphql.entrances import faded_ties, project_data, stored
from serve_app.graphql.past_queries import home_of, upto
from serve_app.graphql.payloads import ProjectPayload, UserError, key_problem, missing
from serve_app.graphql.project_nodes import Project, page_size
from serve_app.graphql.sending import send
from serve_app.graphql.story_nodes import (
    Relation,
    Workflow,
    WorldState,
    workflow_of,
    world_of,
)


@strawberry.input
class RetryWorkflowInput:
    scene_id: strawberry.ID
    idempotency_key: str


@strawberry.input
class SetBackgroundInput:
    project_id: strawberry.ID
    enabled: bool
    idempotency_key: str


@strawberry.input
class SetAheadInput:
    project_id: strawberry.ID
    renders_per_day: int
    idempotency_key: str


@strawberry.input
class SetCacheBoundInput:
    project_id: strawberry.ID
    idempotency_key: str
    per10000: int | None = None


@strawberry.input
class SetShareInput:
    project_id: strawberry.ID
    percent: int
    idempotency_key: str


@strawberry.type
class WorkflowPayload:
    workflow: Workflow | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class StoryQueries:
    @described("The world as a scene that was left leaves it, or as it opens in it; `asOf`: as it was known then.")
    async def world_state(self, info: Info, scene_id: strawberry.ID, as_of: str | None = None) -> WorldState | None:
        home = await home_of(info, scene_id)
        return await world_of(
            info.context, home, scene_id, None if as_of is None else await upto(info, home, as_of, "asOf")
        )

    @described("Ties between people, strongest first; with `sceneId`: those that this scene made or touched.")
    async def relations(
        self, info: Info, project_id: strawberry.ID, scene_id: strawberry.ID | None = None, first: int | None = 50
    ) -> list[Relation]:
        context, size = info.context, page_size(first, 50)
        if await context.project(project_id) is None:
            raise not_found("project", project_id)
        rows = (await stored(context.ports.reader, project_id, RowKind.RELATIONS))[RowKind.RELATIONS]
        names = names_in(rows)
        rank, faded = (
            ranks(await project_data(context.ports.reader, project_id)),
            await faded_ties(context.ports.reader, project_id),
        )
        ties = fold_relations(rows, rank, faded)
        return [
            Relation(
                people=[names.get(tie.one, tie.one), names.get(tie.two, tie.two)],
                strength=tie.strength,
                confidence=tie.confidence,
                hops=tie.hops,
                scene_ids=[strawberry.ID(scene) for scene in tie.scenes],
            )
            for tie in ties
            if scene_id is None or scene_id in tie.scenes
        ][:size]


@strawberry.type
class StoryMutations:
    @commanded("Try the failed step of a scene's workflow again.")
    async def retry_workflow(self, info: Info, input: RetryWorkflowInput) -> WorkflowPayload:
        context = info.context
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return WorkflowPayload(user_errors=errors)
        found = await context.scene(input.scene_id)
        if found is None:
            return WorkflowPayload(user_errors=missing("scene", ("input", "sceneId")))
        command = RetryWorkflow(scene=input.scene_id)
        sent = await send(context, found[0].home, WORKFLOW, input.idempotency_key, command)
        if not isinstance(sent, Answer):
            return WorkflowPayload(user_errors=sent)
        return WorkflowPayload(workflow=await workflow_of(context, found[1]), sequence=str(sent.sequence))

    @commanded("Whether the story may be looked over while nobody has the project open; off at first.")
    async def set_background(self, info: Info, input: SetBackgroundInput) -> ProjectPayload:
        return await _of_project(info, input.project_id, input.idempotency_key, SetBackground(on=input.enabled))

    @commanded("How many films a day may be made ahead of anybody's asking, 0 (none) to 1000.")
    async def set_ahead(self, info: Info, input: SetAheadInput) -> ProjectPayload:
        command = SetAhead(renders_a_day=input.renders_per_day)
        return await _of_project(info, input.project_id, input.idempotency_key, command)

    @commanded("Of 10,000 askings, how many may get a wrong film, 1 to 2000; null: as installed. The owner sets it.")
    async def set_cache_bound(self, info: Info, input: SetCacheBoundInput) -> ProjectPayload:
        command = SetCacheBound(per_10000=input.per10000)
        return await _of_project(info, input.project_id, input.idempotency_key, command)

    @commanded("The project's part of the workers beside other projects', 10 to 1000 percent of an ordinary one.")
    async def set_share(self, info: Info, input: SetShareInput) -> ProjectPayload:
        return await _of_project(info, input.project_id, input.idempotency_key, SetShare(percent=input.percent))


async def _of_project(info: Info, id: strawberry.ID, key: str, command: Command) -> ProjectPayload:
    context, home = info.context, str(id)
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return ProjectPayload(user_errors=errors)
    if await context.project(home) is None:
        return ProjectPayload(user_errors=missing("project", ("input", "projectId")))
    sent = await send(context, home, home, key, command)
    if not isinstance(sent, Answer):
        return ProjectPayload(user_errors=sent)
    head = await context.ports.reader.head(home)
    found = await context.project(home)
    return ProjectPayload(project=Project.of(found[0], head) if found else None, sequence=str(sent.sequence))
