"""Choosing and defining brains and formats. The invariant is that of all mutations: what is answered is committed.

A definition comes as text, YAML or JSON, and is taken apart here, beside the loop; whether it is right is decided by
whoever holds the project, by the schema of the files that ship.
"""

from __future__ import annotations

import asyncio
from typing import Any

import strawberry

from actors.commands import Answer, Command, DefineBrain, DefineFormat, SetFormat, StyleScene, WithdrawDefinition
from actors.runtime.ids import derive_id
from gpu.enhance.section import BadField, read_text
from serve_app.graphql.context import Info
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import ProjectPayload, ScenePayload, UserError, key_problem, missing
from serve_app.graphql.sending import Sent, project_payload, scene_payload, send
from serve_app.graphql.style_nodes import Brain, Format, own_brain, own_format, shipped_brains, shipped_formats


@strawberry.input
class DefineInput:
    project_id: strawberry.ID
    definition: str = strawberry.field(description="YAML or JSON, as `Brain.definition` shows it.")
    idempotency_key: str


@strawberry.input
class StyleSceneInput:
    scene_id: strawberry.ID
    idempotency_key: str
    brain: str | None = strawberry.field(default=None, description="null: the project's.")
    format: str | None = strawberry.field(default=None, description="null: the project's.")


@strawberry.type
class BrainPayload:
    brain: Brain | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class FormatPayload:
    format: Format | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class StyleQueries:
    @described("The brains that ship; `Project.brains` has the project's own too.")
    async def brains(self, info: Info) -> list[Brain]:
        return shipped_brains(info.context)

    @described("The formats that ship; `Project.formats` has the project's own too.")
    async def formats(self) -> list[Format]:
        return shipped_formats()


@strawberry.type
class StyleMutations:
    @commanded("Choose the format of a project: the beats its scenes stand in.")
    async def set_format(
        self, info: Info, project_id: strawberry.ID, format: str, idempotency_key: str
    ) -> ProjectPayload:
        context, home = info.context, str(project_id)
        if errors := key_problem(idempotency_key, ("idempotencyKey",)):
            return ProjectPayload(user_errors=errors)
        if await context.project(home) is None:
            return ProjectPayload(user_errors=missing("project", ("projectId",)))
        return await project_payload(
            context, home, await send(context, home, home, idempotency_key, SetFormat(format=format))
        )

    @commanded("Choose a brain and a format for one scene; what is null is the project's again.")
    async def style_scene(self, info: Info, input: StyleSceneInput) -> ScenePayload:
        context = info.context
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return ScenePayload(user_errors=errors)
        found = await context.scene(input.scene_id)
        if found is None:
            return ScenePayload(user_errors=missing("scene", ("input", "sceneId")))
        command = StyleScene(scene=input.scene_id, brain=input.brain, format=input.format)
        sent = await send(context, found[0].home, input.scene_id, input.idempotency_key, command)
        return await scene_payload(context, input.scene_id, sent)

    @commanded("Define a brain of the project's own, or a new version of it.")
    async def define_brain(self, info: Info, input: DefineInput) -> BrainPayload:
        sent = await _define(info, input, "brain")
        if not isinstance(sent, Answer):
            return BrainPayload(user_errors=sent)
        id = derive_id("brn", str(input.project_id), sent.ids["brain"])
        row = await info.context.ports.reader.view("own_brain", id)
        return BrainPayload(brain=own_brain(row) if row is not None else None, sequence=str(sent.sequence))

    @commanded("Define a format of the project's own, or a new version of it.")
    async def define_format(self, info: Info, input: DefineInput) -> FormatPayload:
        sent = await _define(info, input, "format")
        if not isinstance(sent, Answer):
            return FormatPayload(user_errors=sent)
        id = derive_id("fmt", str(input.project_id), sent.ids["format"])
        row = await info.context.ports.reader.view("own_format", id)
        return FormatPayload(format=own_format(row) if row is not None else None, sequence=str(sent.sequence))

    @commanded("Offer a brain of the project's own no more. Jobs that were made with it keep it.")
    async def withdraw_brain(
        self, info: Info, project_id: strawberry.ID, id: str, idempotency_key: str
    ) -> ProjectPayload:
        return await _withdraw(info, str(project_id), "brain", id, idempotency_key)

    @commanded("Offer a format of the project's own no more.")
    async def withdraw_format(
        self, info: Info, project_id: strawberry.ID, id: str, idempotency_key: str
    ) -> ProjectPayload:
        return await _withdraw(info, str(project_id), "format", id, idempotency_key)


async def _withdraw(info: Info, home: str, kind: str, id: str, key: str) -> ProjectPayload:
    context = info.context
    if errors := key_problem(key, ("idempotencyKey",)):
        return ProjectPayload(user_errors=errors)
    if await context.project(home) is None:
        return ProjectPayload(user_errors=missing("project", ("projectId",)))
    sent = await send(context, home, home, key, WithdrawDefinition(kind=kind, id=id))
    return await project_payload(context, home, sent)


async def _define(info: Info, input: DefineInput, kind: str) -> Sent:
    context, home = info.context, str(input.project_id)
    if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
        return errors
    if await context.project(home) is None:
        return missing("project", ("input", "projectId"))
    try:
        data: Any = await asyncio.to_thread(read_text, f"BAD_{kind.upper()}", "the definition", input.definition)
    except BadField as error:
        path = ["input", "definition", *(error.field.split(".") if error.field else ())]
        return [UserError(path=path, code=error.code, message=f"{error.field or 'the definition'} {error.why}")]
    command: Command = DefineBrain(definition=data) if kind == "brain" else DefineFormat(definition=data)
    return await send(context, home, home, input.idempotency_key, command)
