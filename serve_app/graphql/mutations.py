"""Every mutation: check the key, find the home, send one command to its owner, read back what was committed.

The invariant: an answer without `userErrors` means the command is durable; a retry with the same key meets the same
home and gets the stored answer. Commands go through the `Commands` port; the objects come from projections.
"""

from __future__ import annotations

from collections.abc import Callable

import strawberry

from actors.commands import (
    AddCast,
    CancelJob,
    Command,
    CreateProject,
    CreateScene,
    DrawFrames,
    GenerateScene,
    ImportScreenplay,
    LockScene,
    PickPanel,
    RetryJob,
    ReviseBoard,
    SetBrain,
    UnlockScene,
    VotePanel,
)
from actors.runtime.ids import derive_id
from actors.views import JobView
from serve_app.graphql.access_mutations import AccessMutations
from serve_app.graphql.agent_mutations import AgentMutations
from serve_app.graphql.cache_operations import CacheMutations
from serve_app.graphql.carry_operations import CarryMutations
from serve_app.graphql.cast_operations import CastMutations
from serve_app.graphql.checkpoint_operations import CheckpointMutations
from serve_app.graphql.comment_mutations import CommentMutations
from serve_app.graphql.context import Context, Info
from serve_app.graphql.continuation_operations import ContinuationMutations
from serve_app.graphql.copy_operations import CopyMutations
from serve_app.graphql.deletion_operations import DeletionMutations
from serve_app.graphql.described import commanded
from serve_app.graphql.document_operations import DocumentMutations
from serve_app.graphql.finding_mutations import FindingMutations
from serve_app.graphql.gate_operations import GateMutations
from serve_app.graphql.graph_operations import GraphMutations
from serve_app.graphql.past_mutations import PastMutations
from serve_app.graphql.payloads import (
    CreateProjectInput,
    CreateSceneInput,
    GenerateSceneInput,
    ImportScreenplayInput,
    JobInput,
    JobPayload,
    PickPanelInput,
    ProjectPayload,
    ReviseBoardInput,
    ScenePayload,
    VotePanelInput,
    key_problem,
    missing,
)
from serve_app.graphql.repair_operations import RepairMutations
from serve_app.graphql.report_operations import ReportMutations
from serve_app.graphql.sending import job_payload, project_payload, scene_payload, send
from serve_app.graphql.story_operations import StoryMutations
from serve_app.graphql.style_operations import StyleMutations
from serve_app.graphql.table_operations import TableMutations
from serve_app.graphql.webhook_operations import WebhookMutations


async def _of_project(context: Context, id: str, key: str, command: Command) -> ProjectPayload:
    if errors := key_problem(key, ("idempotencyKey",)):
        return ProjectPayload(user_errors=errors)
    if await context.project(id) is None:
        return ProjectPayload(user_errors=missing("project", ("projectId",)))
    return await project_payload(context, id, await send(context, id, id, key, command))


async def _of_scene(context: Context, id: str, key: str, command: Command) -> ScenePayload:
    if errors := key_problem(key, ("idempotencyKey",)):
        return ScenePayload(user_errors=errors)
    found = await context.scene(id)
    if found is None:
        return ScenePayload(user_errors=missing("scene", ("sceneId",)))
    return await scene_payload(context, id, await send(context, found[0].home, id, key, command))


async def _of_job(context: Context, id: str, key: str, make: Callable[[JobView], Command]) -> JobPayload:
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return JobPayload(user_errors=errors)
    found = await context.job(id)
    if found is None:
        return JobPayload(user_errors=missing("job", ("input", "jobId")))
    row, view = found
    return await job_payload(context, id, await send(context, row.home, view.scene, key, make(view)))


async def _new_project(context: Context, key: str, command: Command) -> ProjectPayload:
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return ProjectPayload(user_errors=errors)
    home = derive_id("prj", context.who.id, key)  # the retry of a lost answer finds the project of the first try
    return await project_payload(context, home, await send(context, home, home, key, command))


@strawberry.type
class Mutation(
    PastMutations,
    CopyMutations,
    StoryMutations,
    GraphMutations,
    CarryMutations,
    CastMutations,
    CommentMutations,
    FindingMutations,
    GateMutations,
    TableMutations,
    RepairMutations,
    ReportMutations,
    AccessMutations,
    AgentMutations,
    DocumentMutations,
    CheckpointMutations,
    WebhookMutations,
    StyleMutations,
    ContinuationMutations,
    CacheMutations,
    DeletionMutations,
):
    @strawberry.mutation
    async def create_project(self, info: Info, input: CreateProjectInput) -> ProjectPayload:
        command = CreateProject(
            title=input.title, project_type=input.type.value, brain=input.brain, format=input.format
        )
        return await _new_project(info.context, input.idempotency_key, command)

    @strawberry.mutation
    async def import_screenplay(self, info: Info, input: ImportScreenplayInput) -> ProjectPayload:
        command = ImportScreenplay(title=input.title, text=input.text, format=input.format.value)
        return await _new_project(info.context, input.idempotency_key, command)

    @strawberry.mutation
    async def set_brain(
        self, info: Info, project_id: strawberry.ID, brain: str, idempotency_key: str
    ) -> ProjectPayload:
        return await _of_project(info.context, project_id, idempotency_key, SetBrain(brain=brain))

    @strawberry.mutation
    async def add_cast(self, info: Info, project_id: strawberry.ID, name: str, idempotency_key: str) -> ProjectPayload:
        return await _of_project(info.context, project_id, idempotency_key, AddCast(name=name))

    @strawberry.mutation
    async def create_scene(self, info: Info, input: CreateSceneInput) -> ScenePayload:
        context = info.context
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return ScenePayload(user_errors=errors)
        if await context.project(input.project_id) is None:
            return ScenePayload(user_errors=missing("project", ("input", "projectId")))
        command = CreateScene(heading=input.heading, script=input.script, after=input.after)
        home = str(input.project_id)
        return await scene_payload(context, "", await send(context, home, home, input.idempotency_key, command))

    @strawberry.mutation
    async def lock_scene(self, info: Info, scene_id: strawberry.ID, idempotency_key: str) -> ScenePayload:
        return await _of_scene(info.context, scene_id, idempotency_key, LockScene(scene=scene_id))

    @strawberry.mutation
    async def unlock_scene(self, info: Info, scene_id: strawberry.ID, idempotency_key: str) -> ScenePayload:
        return await _of_scene(info.context, scene_id, idempotency_key, UnlockScene(scene=scene_id))

    @strawberry.mutation
    async def generate_scene(self, info: Info, input: GenerateSceneInput) -> JobPayload:
        context = info.context
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return JobPayload(user_errors=errors)
        found = await context.scene(input.scene_id)
        if found is None:
            return JobPayload(user_errors=missing("scene", ("input", "sceneId")))
        command = GenerateScene(
            scene=input.scene_id,
            auto_pick=bool(input.auto_pick),
            brain=input.brain,
            seed=input.seed,
            backend=input.backend,
            candidates=input.candidates,
            pick_within_s=input.pick_within_s,
            priority=input.priority or 0,
        )
        sent = await send(context, found[0].home, input.scene_id, input.idempotency_key, command)
        return await job_payload(context, "", sent)

    @strawberry.mutation
    async def pick_panel(self, info: Info, input: PickPanelInput) -> JobPayload:
        return await _of_job(
            info.context,
            input.job_id,
            input.idempotency_key,
            lambda job: PickPanel(
                scene=job.scene, job=job.id, panel=input.panel_id, go_on=True if input.go_on is None else input.go_on
            ),
        )

    @commanded("Vote for a frame of the board, or take the vote back. One vote a person and frame.")
    async def vote_panel(self, info: Info, input: VotePanelInput) -> JobPayload:
        return await _of_job(
            info.context,
            input.job_id,
            input.idempotency_key,
            lambda job: VotePanel(
                scene=job.scene, job=job.id, panel=input.panel_id, vote=input.vote, by=input.display_name or ""
            ),
        )

    @commanded("Draw the frames of these shots anew: with words for them, or as another seed has it.")
    async def revise_board(self, info: Info, input: ReviseBoardInput) -> JobPayload:
        return await _of_job(
            info.context,
            input.job_id,
            input.idempotency_key,
            lambda job: ReviseBoard(
                scene=job.scene, job=job.id, shots=tuple(input.shots), note=input.note or "", seed=input.seed
            ),
        )

    @strawberry.mutation
    async def cancel_job(self, info: Info, input: JobInput) -> JobPayload:
        return await _of_job(
            info.context, input.job_id, input.idempotency_key, lambda job: CancelJob(scene=job.scene, job=job.id)
        )

    @strawberry.mutation
    async def retry_job(self, info: Info, input: JobInput) -> JobPayload:
        return await _of_job(
            info.context, input.job_id, input.idempotency_key, lambda job: RetryJob(scene=job.scene, job=job.id)
        )

    @commanded(
        "Frames to choose from, instead of the film that the cache gave before any was drawn; that stays a take."
    )
    async def draw_frames(self, info: Info, input: JobInput) -> JobPayload:
        return await _of_job(
            info.context, input.job_id, input.idempotency_key, lambda job: DrawFrames(scene=job.scene, job=job.id)
        )
