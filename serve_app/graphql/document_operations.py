"""Proposals and epochs of documents by GraphQL. The invariant is that of all mutations: what is answered is committed.

They are asked of the project's owner, since what is open is in its rooms; a retry gets the sequence of the first try.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from graphql import GraphQLError

from serve_app.auth import SCOPE_ALL
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import UserError, key_problem, missing, problem
from serve_app.graphql.scene_nodes import when


@strawberry.type(description="Changes that came under the client id of somebody else and wait for an editor.")
class Proposal:
    id: strawberry.ID
    document: str
    offered_by: str = strawberry.field(description="Who sent them: they are their author, if they are accepted.")
    owners: list[str] = strawberry.field(description="Whose client ids they came under.")
    offered_at: datetime
    size_bytes: int = strawberry.field(name="bytes")


@strawberry.input
class ProposalInput:
    project_id: strawberry.ID
    document: str = strawberry.field(description="outline, scene:scn_…, notes:scn_…")
    proposal_id: strawberry.ID
    idempotency_key: str


@strawberry.type
class ProposalPayload:
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type(
    description="A document under fresh ids. `leftOut`: updates that apply to no document any more. A retry is told "
    "the sequence alone."
)
class RenewalPayload:
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None
    epoch: int | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    left_out: int | None = None


async def _ask(info: Info, home: str, op: str, document: str, **more: Any) -> dict[str, Any] | list[UserError]:
    body = {"doc": document, "by": info.context.who.id, **more}
    try:
        return await info.context.ports.ask_owner(home, op, body)
    except Exception as error:  # noqa: BLE001 - problem() re-raises whatever carries no code
        return problem(error)


async def _decide(info: Info, input: ProposalInput, *, accept: bool) -> ProposalPayload:
    home, key = str(input.project_id), input.idempotency_key
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return ProposalPayload(user_errors=errors)
    if await info.context.project(home) is None:
        return ProposalPayload(user_errors=missing("project", ("input", "projectId")))
    answer = await _ask(
        info, home, "decide_proposal", input.document, proposal=str(input.proposal_id), accept=accept, key=key
    )
    if isinstance(answer, list):
        return ProposalPayload(user_errors=answer)
    return ProposalPayload(sequence=str(answer["sequence"]))


@strawberry.type
class DocumentMutations:
    @commanded("Merge a proposal into its document, as an edit of whoever offered it.")
    async def accept_proposal(self, info: Info, input: ProposalInput) -> ProposalPayload:
        return await _decide(info, input, accept=True)

    @commanded("Leave a proposal out. It stays in the log.")
    async def dismiss_proposal(self, info: Info, input: ProposalInput) -> ProposalPayload:
        return await _decide(info, input, accept=False)

    @commanded("Rewrite a document under fresh ids: its history is let go of, or what still applies of it is saved.")
    async def renew_document(
        self, info: Info, project_id: strawberry.ID, document: str, idempotency_key: str
    ) -> RenewalPayload:
        if errors := key_problem(idempotency_key, ("idempotencyKey",)):
            return RenewalPayload(user_errors=errors)
        found, who = await info.context.project(project_id), info.context.who
        if found is None:
            return RenewalPayload(user_errors=missing("project", ("projectId",)))
        if SCOPE_ALL not in who.scopes and found[1].owner != who.id:
            error = UserError(path=["projectId"], code="FORBIDDEN", message="Only the project's owner may do this.")
            return RenewalPayload(user_errors=[error])
        answer = await _ask(info, str(project_id), "renew_document", document, key=idempotency_key)
        if isinstance(answer, list):
            return RenewalPayload(user_errors=answer)
        return RenewalPayload(
            sequence=str(answer["sequence"]),
            epoch=answer.get("epoch"),
            bytes_before=answer.get("bytes_before"),
            bytes_after=answer.get("bytes_after"),
            left_out=answer.get("left_out"),
        )


@strawberry.type
class DocumentQueries:
    @described("Open proposals of a document, oldest first. For those who may write it.")
    async def proposals(self, info: Info, project_id: strawberry.ID, document: str) -> list[Proposal]:
        if await info.context.project(project_id) is None:
            raise not_found("project", project_id)
        answer = await _ask(info, str(project_id), "proposals", document)
        if isinstance(answer, list):
            extensions = {"code": answer[0].code, "retryable": answer[0].retryable}
            raise GraphQLError(answer[0].message, extensions=extensions)
        return [
            Proposal(
                id=strawberry.ID(each["id"]),
                document=document,
                offered_by=each["by"],
                owners=each["owners"],
                offered_at=when(each["at_ms"]),
                size_bytes=each["bytes"],
            )
            for each in answer["proposals"]
        ]
