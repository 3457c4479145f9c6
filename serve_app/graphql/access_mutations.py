"""Sharing a project: make a link for somebody, change what it allows, take it back.

The invariant is that of all mutations: what is answered is committed. A link's token is in the answer that made it and
nowhere else; it is signed, not stored, so a retry with the same key answers with the same one.
"""

from __future__ import annotations

from datetime import UTC, datetime

import strawberry

from actors.commands import Answer, ChangeAccessLink, CreateAccessLink, RevokeAccessLink
from actors.views import AccessLinkView
from serve_app.graphql.access_nodes import AccessLink
from serve_app.graphql.context import Context, Info
from serve_app.graphql.described import commanded
from serve_app.graphql.enums import AccessRole
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.sending import send


@strawberry.input
class CreateAccessLinkInput:
    project_id: strawberry.ID
    role: AccessRole
    label: str = strawberry.field(description="Whose it is: the name others see.")
    idempotency_key: str
    expires_at: datetime | None = None


@strawberry.input
class ChangeAccessLinkInput:
    access_link_id: strawberry.ID
    idempotency_key: str
    role: AccessRole | None = None
    label: str | None = None


@strawberry.input
class RevokeAccessLinkInput:
    access_link_id: strawberry.ID
    idempotency_key: str


@strawberry.type
class AccessLinkPayload:
    access_link: AccessLink | None = None
    token: str | None = strawberry.field(default=None, description="Shown once, by the mutation that makes the link.")
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class AccessMutations:
    @commanded("A way into one project for one person, with a role; `/?token=…` with its token opens the editor.")
    async def create_access_link(self, info: Info, input: CreateAccessLinkInput) -> AccessLinkPayload:
        context, home = info.context, str(input.project_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return AccessLinkPayload(user_errors=errors)
        if await context.project(home) is None:
            return AccessLinkPayload(user_errors=missing("project", ("input", "projectId")))
        command = CreateAccessLink(label=input.label, role=input.role.value, expires_at_ms=_whole_s(input.expires_at))
        payload = await _answer(context, home, input.idempotency_key, command)
        if payload.access_link is not None:
            payload.token = context.ports.link_token(home, payload.access_link.id, command.expires_at_ms)
        return payload

    @commanded("Another role or label; open sockets follow at once.")
    async def change_access_link(self, info: Info, input: ChangeAccessLinkInput) -> AccessLinkPayload:
        role = None if input.role is None else input.role.value
        command = ChangeAccessLink(link=input.access_link_id, role=role, label=input.label)
        return await _of_link(info.context, input.access_link_id, input.idempotency_key, command)

    @commanded("The link opens nothing any more; open sockets of it are closed at once.")
    async def revoke_access_link(self, info: Info, input: RevokeAccessLinkInput) -> AccessLinkPayload:
        command = RevokeAccessLink(link=input.access_link_id)
        return await _of_link(info.context, input.access_link_id, input.idempotency_key, command)


def _whole_s(at: datetime | None) -> int:
    """Unix milliseconds on a whole second, as tokens count; 0: never."""
    return 0 if at is None else int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 1000


async def _of_link(
    context: Context, link: str, key: str, command: ChangeAccessLink | RevokeAccessLink
) -> AccessLinkPayload:
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return AccessLinkPayload(user_errors=errors)
    row = await context.ports.reader.view("access", link)
    if row is None or row.body is None or await context.project(AccessLinkView.from_blob(row.body).project) is None:
        return AccessLinkPayload(user_errors=missing("link", ("input", "accessLinkId")))
    return await _answer(context, row.home, key, command)


async def _answer(
    context: Context, home: str, key: str, command: CreateAccessLink | ChangeAccessLink | RevokeAccessLink
) -> AccessLinkPayload:
    sent = await send(context, home, home, key, command)
    if not isinstance(sent, Answer):
        return AccessLinkPayload(user_errors=sent)
    row = await context.ports.reader.view("access", sent.ids["access"])
    shown = AccessLink.of(row) if row is not None and row.body is not None else None
    return AccessLinkPayload(access_link=shown, sequence=str(sent.sequence))
