"""Deleting a project, restoring it, and the list of those that can be.

The invariant is that of all mutations: what is answered is committed. All of it is the owner's; links are told by every
other door that the project was deleted.
"""

from __future__ import annotations

from datetime import datetime

import strawberry

from actors.commands import Answer, DeleteProject, RestoreProject
from actors.views import DeletedView
from serve_app.graphql.context import RESTORABLE, Info, visible_owner
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import ProjectPayload, UserError, key_problem, missing
from serve_app.graphql.project_nodes import page_size
from serve_app.graphql.scene_nodes import when
from serve_app.graphql.sending import project_payload, send
from storage.ledger.purging import DELETED


@strawberry.type(description="A project that was deleted and is not erased yet.")
class DeletedProject:
    id: strawberry.ID
    title: str
    deleted_at: datetime
    erased_at: datetime = strawberry.field(description="Until then it can be restored.")

    @classmethod
    def of(cls, told: DeletedView) -> DeletedProject:
        return cls(
            id=strawberry.ID(told.project),
            title=told.title,
            deleted_at=when(told.deleted_at_ms),
            erased_at=when(told.purge_at_ms),
        )


@strawberry.input
class DeleteProjectInput:
    project_id: strawberry.ID
    idempotency_key: str


@strawberry.input
class RestoreProjectInput:
    project_id: strawberry.ID
    idempotency_key: str


@strawberry.type
class DeleteProjectPayload:
    deleted: DeletedProject | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class DeletionQueries:
    @described("Projects that were deleted and can be restored, those that are erased first, first.")
    async def deleted_projects(self, info: Info, first: int | None = 50) -> list[DeletedProject]:
        context, size = info.context, page_size(first, 50)
        rows = await context.ports.reader.views(DELETED, limit=size)
        told = [DeletedView.from_blob(row.body) for row in rows if row.body is not None]
        return [
            DeletedProject.of(each)
            for each in told
            if each.phase in RESTORABLE and visible_owner(context.who, each.owner)
        ]


@strawberry.type
class DeletionMutations:
    @commanded("The project shows nowhere any more, its jobs end; until `erasedAt` it can be restored.")
    async def delete_project(self, info: Info, input: DeleteProjectInput) -> DeleteProjectPayload:
        context, home = info.context, str(input.project_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return DeleteProjectPayload(user_errors=errors)
        told = await context.deleted(home)
        if told is None and await context.project(home) is None:
            return DeleteProjectPayload(user_errors=missing("project", ("input", "projectId")))
        sent = await send(context, home, home, input.idempotency_key, DeleteProject())
        if not isinstance(sent, Answer):
            if told is not None and told.phase in RESTORABLE:  # asked again: it is as it was asked for
                return DeleteProjectPayload(deleted=DeletedProject.of(told))
            return DeleteProjectPayload(user_errors=sent)
        told = await context.deleted(home)
        return DeleteProjectPayload(
            deleted=DeletedProject.of(told) if told is not None else None, sequence=str(sent.sequence)
        )

    @commanded("A deleted project is as it was, but for the jobs that were cancelled.")
    async def restore_project(self, info: Info, input: RestoreProjectInput) -> ProjectPayload:
        context, home = info.context, str(input.project_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return ProjectPayload(user_errors=errors)
        if await context.deleted(home) is None and await context.project(home) is None:
            return ProjectPayload(user_errors=missing("project", ("input", "projectId")))
        sent = await send(context, home, home, input.idempotency_key, RestoreProject())
        return await project_payload(context, home, sent)
