"""Saving a checkpoint and listing them. The invariant is that of all mutations: what is answered is committed."""

from __future__ import annotations

from datetime import UTC, datetime

import strawberry

from actors.commands import Answer, SaveCheckpoint
from serve_app.auth import SCOPE_ALL
from serve_app.graphql.checkpoint_nodes import Checkpoint
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import UserError, key_problem, missing, problem
from serve_app.graphql.project_nodes import page_size
from serve_app.graphql.sending import send


@strawberry.type
class CheckpointPayload:
    checkpoint: Checkpoint | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type(description="`upto`: the last row of the project that is in the archive; `rows`: how many went now.")
class ArchivePayload:
    upto: str | None = None
    rows: int | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CheckpointMutations:
    @commanded(
        "Let rows written before a time go to the object store, as far as a checkpoint holds them; they read as before."
    )
    async def archive_project(
        self, info: Info, project_id: strawberry.ID, before: datetime, idempotency_key: str
    ) -> ArchivePayload:
        """The key is for the surface's sake: what has left leaves once, however often it is asked."""
        if errors := key_problem(idempotency_key, ("idempotencyKey",)):
            return ArchivePayload(user_errors=errors)
        found, who = await info.context.project(project_id), info.context.who
        if found is None:
            return ArchivePayload(user_errors=missing("project", ("projectId",)))
        if SCOPE_ALL not in who.scopes and found[1].owner != who.id:
            error = UserError(path=["projectId"], code="FORBIDDEN", message="Only the project's owner may do this.")
            return ArchivePayload(user_errors=[error])
        at_ms = int((before if before.tzinfo else before.replace(tzinfo=UTC)).timestamp() * 1000)
        try:
            done = await info.context.ports.ask_owner(str(project_id), "archive", {"before_ms": at_ms})
        except Exception as error:  # noqa: BLE001 - problem() re-raises whatever carries no code
            return ArchivePayload(user_errors=problem(error))
        return ArchivePayload(upto=str(done["upto"]), rows=done["rows"])

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
