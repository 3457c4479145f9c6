"""Saving a checkpoint and listing them. The invariant is that of all mutations: what is answered is committed."""

from __future__ import annotations

import strawberry

from actors.commands import Answer, SaveCheckpoint
from serve_app.graphql.checkpoint_nodes import Checkpoint
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.project_nodes import page_size
from serve_app.graphql.sending import send


@strawberry.type
class CheckpointPayload:
    checkpoint: Checkpoint | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class CheckpointMutations:
    @commanded("Keep the whole project as it stands, under a name. The oldest of 100 such saves gives its place.")
    async def save_checkpoint(
        self,
        info: Info,
        project_id: strawberry.ID,
        label: str,
        idempotency_key: str,
        display_name: str | None = None,
    ) -> CheckpointPayload:
        context, home = info.context, str(project_id)
        if errors := key_problem(idempotency_key, ("idempotencyKey",)):
            return CheckpointPayload(user_errors=errors)
        if await context.project(home) is None:
            return CheckpointPayload(user_errors=missing("project", ("projectId",)))
        command = SaveCheckpoint(label=label, by=display_name or "")
        sent = await send(context, home, home, idempotency_key, command)
        if not isinstance(sent, Answer):
            return CheckpointPayload(user_errors=sent)
        row = await context.ports.reader.view("checkpoint", sent.ids["checkpoint"])
        return CheckpointPayload(
            checkpoint=Checkpoint.of(row) if row is not None and row.body is not None else None,
            sequence=str(sent.sequence),
        )


@strawberry.type
class CheckpointQueries:
    @described("The checkpoints of a project that are kept, newest first.")
    async def checkpoints(self, info: Info, project_id: strawberry.ID, first: int | None = 50) -> list[Checkpoint]:
        size = page_size(first, 50)
        if await info.context.project(project_id) is None:
            raise not_found("project", project_id)
        rows = await info.context.ports.reader.views("checkpoint", home=str(project_id), limit=size, newest_first=True)
        return [Checkpoint.of(row) for row in rows if row.body is not None]
