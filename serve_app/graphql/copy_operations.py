"""A project as it was, as a new project. The invariant is that of all mutations: what is answered is committed."""

from __future__ import annotations

import strawberry
from graphql import GraphQLError

from serve_app.auth import SCOPE_ALL
from serve_app.graphql.context import Info
from serve_app.graphql.described import commanded
from serve_app.graphql.past_queries import upto
from serve_app.graphql.payloads import UserError, key_problem, missing, problem
from serve_app.graphql.project_nodes import Project


@strawberry.type
class CopyProjectPayload:
    project: Project | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = strawberry.field(default=None, description="The last of the copy.")


@strawberry.type
class CopyMutations:
    @commanded(
        "A new project of one as it was: its texts, takes, versions and their history. Access links and running work "
        "stay behind. For the project's owner."
    )
    async def copy_project(
        self, info: Info, project_id: strawberry.ID, idempotency_key: str, at_sequence: str | None = None
    ) -> CopyProjectPayload:
        if errors := key_problem(idempotency_key, ("idempotencyKey",)):
            return CopyProjectPayload(user_errors=errors)
        found, who = await info.context.project(project_id), info.context.who
        if found is None:
            return CopyProjectPayload(user_errors=missing("project", ("projectId",)))
        if SCOPE_ALL not in who.scopes and found[1].owner != who.id:
            error = UserError(path=["projectId"], code="FORBIDDEN", message="Only the project's owner may do this.")
            return CopyProjectPayload(user_errors=[error])
        try:
            at = None if at_sequence is None else await upto(info, str(project_id), at_sequence, "atSequence")
            body = {"by": who.id, "key": idempotency_key, "at": at}
            answer = await info.context.ports.ask_owner(str(project_id), "copy_project", body)
        except GraphQLError as error:
            return CopyProjectPayload(user_errors=problem(error))
        except Exception as error:  # noqa: BLE001 - problem() re-raises whatever carries no code
            return CopyProjectPayload(user_errors=problem(error))
        made = await info.context.project(strawberry.ID(answer["project"]))
        shown = Project.of(made[0]) if made is not None else None
        return CopyProjectPayload(project=shown, sequence=str(answer["sequence"]))
