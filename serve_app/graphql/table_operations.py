"""Talking to the story: say a line to a scene, take or decline what its roles answer, stop an answer under way.

The invariant is that of all mutations: what is answered is committed. The answer to `sayLine` has the line; its
proposals come when somebody holding the project has answered it (`TableRead.lines`, `live` → `tables`, the events
`table.answered`).
"""

from __future__ import annotations

import strawberry

from actors.commands import AcceptLine, Answer, Command, DeclineLine, SayLine, StopLine
from actors.tableread.views import TABLE_LINE
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.sending import send
from serve_app.graphql.table_nodes import TableLine, TableRead


@strawberry.input
class SayLineInput:
    scene_id: strawberry.ID
    text: str
    idempotency_key: str
    speaks_as: str | None = strawberry.field(
        default=None, name="as", description="Whom of the cast you play. Null: nobody, and the narrator is addressed."
    )
    to: list[str] | None = strawberry.field(
        default=None, description="Who is meant. Null: whoever the words call by name, else see `as`."
    )
    display_name: str | None = None


@strawberry.input
class AcceptLineInput:
    scene_id: strawberry.ID
    proposal_id: strawberry.ID
    idempotency_key: str
    anyway: bool = strawberry.field(default=False, description="Though it contradicts the story.")
    display_name: str | None = None


@strawberry.input
class DeclineLineInput:
    scene_id: strawberry.ID
    proposal_id: strawberry.ID
    idempotency_key: str


@strawberry.input
class StopLineInput:
    scene_id: strawberry.ID
    line_id: strawberry.ID
    idempotency_key: str


@strawberry.type
class TablePayload:
    line: TableLine | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class TableQueries:
    @described("A scene's table read.")
    async def table_read(self, info: Info, scene_id: strawberry.ID) -> TableRead:
        found = await info.context.scene(scene_id)
        if found is None:
            raise not_found("scene", scene_id)
        return TableRead(scene_id=scene_id, home=found[0].home)


@strawberry.type
class TableMutations:
    @commanded("Say something to the story. It is kept before anybody answers; answers come as proposals.")
    async def say_line(self, info: Info, input: SayLineInput) -> TablePayload:
        to, by = tuple(input.to or ()), input.display_name or ""
        say = SayLine(str(input.scene_id), input.text, input.speaks_as or "", to, by)
        return await _decide(info, input.scene_id, input.idempotency_key, say)

    @commanded("A proposal goes into the script, at the end of its scene, as an edit of yours.")
    async def accept_line(self, info: Info, input: AcceptLineInput) -> TablePayload:
        scene, proposal, by = str(input.scene_id), str(input.proposal_id), input.display_name or ""
        accept = AcceptLine(scene, proposal, input.anyway, by)
        return await _decide(info, input.scene_id, input.idempotency_key, accept)

    @commanded("A proposal is not wanted.")
    async def decline_line(self, info: Info, input: DeclineLineInput) -> TablePayload:
        decline = DeclineLine(str(input.scene_id), str(input.proposal_id))
        return await _decide(info, input.scene_id, input.idempotency_key, decline)

    @commanded("A line that is being answered is answered no more.")
    async def stop_line(self, info: Info, input: StopLineInput) -> TablePayload:
        stop = StopLine(str(input.scene_id), str(input.line_id))
        return await _decide(info, input.scene_id, input.idempotency_key, stop)


async def _decide(info: Info, scene: strawberry.ID, key: str, command: Command) -> TablePayload:
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return TablePayload(user_errors=errors)
    found = await info.context.scene(scene)
    if found is None:
        return TablePayload(user_errors=missing("scene", ("input", "sceneId")))
    sent = await send(info.context, found[0].home, str(scene), key, command)
    if not isinstance(sent, Answer):
        return TablePayload(user_errors=sent)
    row = await info.context.ports.reader.view(TABLE_LINE, sent.ids["line"])
    line = TableLine.of(row) if row is not None and row.body is not None else None
    return TablePayload(line=line, sequence=str(sent.sequence))
