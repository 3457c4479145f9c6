"""People's words on films of the cache: `notThis` and `keepThis`. The invariant is that of all mutations: what is
answered is committed, and a retry with the same key gets the stored answer, and no second film.
"""

from __future__ import annotations

import strawberry

from actors.commands import Answer, JudgeTake
from serve_app.graphql.context import Info
from serve_app.graphql.described import commanded
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.scene_nodes import Job, Take
from serve_app.graphql.sending import send


@strawberry.input
class NotThisInput:
    take_id: strawberry.ID
    idempotency_key: str
    reason: str | None = strawberry.field(default=None, description="For people who read the history; at most 500.")
    regenerate: bool | None = strawberry.field(default=False, description="Another film at once, not from the cache.")


@strawberry.input
class KeepThisInput:
    take_id: strawberry.ID
    idempotency_key: str


@strawberry.type
class TakePayload:
    take: Take | None = None
    job: Job | None = strawberry.field(default=None, description="Of the other film, where one was asked for.")
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class CacheMutations:
    @commanded("This film of the cache is not what was asked for: the pair is answered with it no more.")
    async def not_this(self, info: Info, input: NotThisInput) -> TakePayload:
        again = bool(input.regenerate)
        return await _judge(info, str(input.take_id), input.idempotency_key, False, input.reason or "", again)

    @commanded("This film of the cache is what was asked for: the next like it is answered with more confidence.")
    async def keep_this(self, info: Info, input: KeepThisInput) -> TakePayload:
        return await _judge(info, str(input.take_id), input.idempotency_key, True)


async def _judge(
    info: Info, take: str, key: str, right: bool, reason: str = "", regenerate: bool = False
) -> TakePayload:
    context = info.context
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return TakePayload(user_errors=errors)
    row = await context.ports.reader.view("take", take)
    if row is None or await context.scene(row.parent) is None:
        return TakePayload(user_errors=missing("take", ("input", "takeId")))
    command = JudgeTake(scene=row.parent, take=take, right=right, reason=reason, regenerate=regenerate)
    sent = await send(context, row.home, row.parent, key, command)
    if not isinstance(sent, Answer):
        return TakePayload(user_errors=sent)
    told = await context.ports.reader.view("take", take)
    job = await context.job(sent.ids["job"]) if regenerate else None
    return TakePayload(
        take=Take.of(told, context) if told is not None else None,
        job=Job.of(job[0]) if job else None,
        sequence=str(sent.sequence),
    )
