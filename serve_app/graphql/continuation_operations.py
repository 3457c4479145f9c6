"""Going on with a scene, and reading its bible. What is answered is committed."""

from __future__ import annotations

import strawberry

from actors.commands import ContinueScene
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.continuation_nodes import SceneBible, bible_of
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import JobPayload, key_problem, missing
from serve_app.graphql.sending import job_payload, send

_PRESET = "A brain, by its id; null: the scene's."
_VOICE = "Kept with the job for voices; what renders today has none."


@strawberry.input
class ContinueSceneInput:
    scene_id: strawberry.ID
    text: str = strawberry.field(description="Fountain or prose; it enters the script when its take is made.")
    idempotency_key: str
    expected_bible_version: int | None = strawberry.field(default=None, description="Refused BIBLE_STALE if it moved.")
    target_duration_s: float | None = None
    style_preset: str | None = strawberry.field(default=None, description=_PRESET)
    voice_preset: str | None = strawberry.field(default=None, description=_VOICE)
    display_name: str | None = None


@strawberry.type
class ContinuationQueries:
    @described("The Scene Bible at a version; without one, as it is now.")
    async def scene_bible(self, info: Info, scene_id: strawberry.ID, version: int | None = None) -> SceneBible | None:
        found = await info.context.scene(scene_id)
        if found is None:
            raise not_found("scene", scene_id)
        return await bible_of(info.context, found[0].home, found[1], version)


@strawberry.type
class ContinuationMutations:
    @commanded("Go on with a scene from its bible; a take that is made appends a segment. One at a time for a scene.")
    async def continue_scene(self, info: Info, input: ContinueSceneInput) -> JobPayload:
        context = info.context
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return JobPayload(user_errors=errors)
        found = await context.scene(input.scene_id)
        if found is None:
            return JobPayload(user_errors=missing("scene", ("input", "sceneId")))
        command = ContinueScene(
            scene=input.scene_id,
            text=input.text,
            expected_bible_version=input.expected_bible_version,
            target_duration_s=input.target_duration_s,
            style_preset=input.style_preset,
            voice_preset=input.voice_preset,
            by=input.display_name or "",
        )
        return await job_payload(
            context, "", await send(context, found[0].home, input.scene_id, input.idempotency_key, command)
        )
