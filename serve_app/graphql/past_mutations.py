"""Naming a version and going back to one. The invariant is that of all mutations: what is answered is committed."""

from __future__ import annotations

import strawberry
from graphql import GraphQLError

from actors.commands import Answer, NameVersion, RestoreVersion
from serve_app.graphql.context import Info
from serve_app.graphql.described import commanded
from serve_app.graphql.past_nodes import Version
from serve_app.graphql.past_queries import upto
from serve_app.graphql.payloads import ScenePayload, UserError, key_problem, missing, problem
from serve_app.graphql.sending import scene_payload, send

SHOWN_AS = "How the author is shown, where several people share one sign-in."


@strawberry.input
class NameVersionInput:
    scene_id: strawberry.ID
    name: str
    idempotency_key: str
    sequence: str | None = strawberry.field(default=None, description="Null: the text as it stands now.")
    display_name: str | None = strawberry.field(default=None, description=SHOWN_AS)


@strawberry.input
class RestoreVersionInput:
    scene_id: strawberry.ID
    sequence: str
    idempotency_key: str
    display_name: str | None = strawberry.field(default=None, description=SHOWN_AS)


@strawberry.type
class VersionPayload:
    version: Version | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class PastMutations:
    @commanded("Give a point of a scene's text a name.")
    async def name_version(self, info: Info, input: NameVersionInput) -> VersionPayload:
        context, scene = info.context, str(input.scene_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return VersionPayload(user_errors=errors)
        found = await context.scene(scene)
        if found is None:
            return VersionPayload(user_errors=missing("scene", ("input", "sceneId")))
        try:
            at = None if input.sequence is None else await upto(info, found[0].home, input.sequence, "sequence")
        except GraphQLError as error:
            return VersionPayload(user_errors=problem(error))
        command = NameVersion(scene=scene, name=input.name, at=at, by=input.display_name or "")
        sent = await send(context, found[0].home, scene, input.idempotency_key, command)
        if not isinstance(sent, Answer):
            return VersionPayload(user_errors=sent)
        row = await context.ports.reader.view("version", sent.ids["version"])
        return VersionPayload(version=Version.of(row) if row is not None else None, sequence=str(sent.sequence))

    @commanded("Write a scene's text as it was, as a new edit: it can itself be undone.")
    async def restore_version(self, info: Info, input: RestoreVersionInput) -> ScenePayload:
        context, scene = info.context, str(input.scene_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return ScenePayload(user_errors=errors)
        found = await context.scene(scene)
        if found is None:
            return ScenePayload(user_errors=missing("scene", ("input", "sceneId")))
        home = found[0].home
        try:
            seq = await upto(info, home, input.sequence, "sequence")
            text = await context.ports.pasts.ask(home, f"scene:{scene}", lambda past: past.text(seq))
        except Exception as error:  # noqa: BLE001 - problem() re-raises whatever carries no code
            return ScenePayload(user_errors=problem(error))
        command = RestoreVersion(scene=scene, at=seq, text=text, by=input.display_name or "")
        return await scene_payload(context, scene, await send(context, home, scene, input.idempotency_key, command))
