"""The cast of a project by command: reference pictures, and who leaves it.

The invariant: both are commands to whoever holds the project; what follows from a picture is owed by their commit.
"""

from __future__ import annotations

import strawberry

from actors.commands import Answer, Command, RemoveCast, SetPortrait, SetVoice
from serve_app.graphql.context import Info
from serve_app.graphql.described import commanded
from serve_app.graphql.payloads import ProjectPayload, key_problem, missing
from serve_app.graphql.project_nodes import Project
from serve_app.graphql.sending import send


@strawberry.input
class SetPortraitInput:
    project_id: strawberry.ID
    cast_id: strawberry.ID
    key: str | None = strawberry.field(default=None, description="Of a picture, as `/uploads` answers; null: none.")
    idempotency_key: str


@strawberry.input(description="All empty: nothing is set any more.")
class SetVoiceInput:
    project_id: strawberry.ID
    cast_id: strawberry.ID
    timbre: str = ""
    accent: str = ""
    pace: str = ""
    key: str | None = strawberry.field(default=None, description="Of a recording of up to 30 s, as `/uploads` answers.")
    idempotency_key: str


@strawberry.input
class RemoveCastInput:
    project_id: strawberry.ID
    cast_id: strawberry.ID
    idempotency_key: str


@strawberry.type
class CastMutations:
    @commanded(
        "The reference picture of a character, or none any more. By what it shows they are known in the project."
    )
    async def set_portrait(self, info: Info, input: SetPortraitInput) -> ProjectPayload:
        command = SetPortrait(cast=str(input.cast_id), key=input.key or "")
        return await _of_project(info, str(input.project_id), input.idempotency_key, command)

    @commanded("How a character sounds, in words and by a short recording. What the script says of it stays as it is.")
    async def set_voice(self, info: Info, input: SetVoiceInput) -> ProjectPayload:
        words = {"timbre": input.timbre, "accent": input.accent, "pace": input.pace}
        command = SetVoice(cast=str(input.cast_id), key=input.key or "", **words)
        return await _of_project(info, str(input.project_id), input.idempotency_key, command)

    @commanded("Somebody leaves the cast, with their reference picture. What is written of them stays written.")
    async def remove_cast(self, info: Info, input: RemoveCastInput) -> ProjectPayload:
        command = RemoveCast(cast=str(input.cast_id))
        return await _of_project(info, str(input.project_id), input.idempotency_key, command)


async def _of_project(info: Info, home: str, key: str, command: Command) -> ProjectPayload:
    context = info.context
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
