"""What a person leaves out of what earlier scenes give a scene's prompt.

The invariant is that of all mutations: what is answered is committed. Who may write in the project may choose.
"""

from __future__ import annotations

import strawberry

from actors.commands import Answer, LeaveOut
from serve_app.graphql.context import Info
from serve_app.graphql.described import commanded
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.sending import send
from serve_app.graphql.story_nodes import CarriedNote, ShotBefore, carried_into, shot_before_of


@strawberry.input
class LeaveOutInput:
    scene_id: strawberry.ID
    left_out: list[str] = strawberry.field(
        description="Sections of `Scene.carries`, all that are to be left out; none: everything is carried again."
    )
    idempotency_key: str


@strawberry.type
class CarriesPayload:
    carries: list[CarriedNote] = strawberry.field(default_factory=list)
    shot_before: ShotBefore | None = None
    sequence: str | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CarryMutations:
    @commanded("Which sections of what earlier scenes give it this scene's next generation is not told.")
    async def leave_out(self, info: Info, input: LeaveOutInput) -> CarriesPayload:
        context, scene = info.context, str(input.scene_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return CarriesPayload(user_errors=errors)
        found = await context.scene(scene)
        if found is None:
            return CarriesPayload(user_errors=missing("scene", ("input", "sceneId")))
        row, view = found
        command = LeaveOut(scene=scene, sections=tuple(input.left_out))
        sent = await send(context, row.home, row.home, input.idempotency_key, command)
        if not isinstance(sent, Answer):
            return CarriesPayload(user_errors=sent)
        return CarriesPayload(
            carries=await carried_into(context, row.home, view),
            shot_before=await shot_before_of(context, row.home, view),
            sequence=str(sent.sequence),
        )
