"""What an observer of a partner's says that a film shows: `reportSeen`.

The invariant is that of all mutations: what is answered is committed, and a retry with the same key is the same
observation. Who may judge a take may report on it; what follows (findings, the graph, the world) follows by itself.
"""

from __future__ import annotations

import strawberry

from actors.commands import Answer, ReportSeen
from serve_app.graphql.context import Info
from serve_app.graphql.described import commanded
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.scene_nodes import Take
from serve_app.graphql.sending import send


@strawberry.input
class SeenFactInput:
    attribute: str = strawberry.field(
        description="Compared with the script: hour, light, weather, setting, present, people, wears, holds, hurt. "
        "Any other word is kept and listed."
    )
    value: str
    confidence: float = strawberry.field(description="0 to 1; from 0.6 on it may contradict the script.")
    entity: str | None = strawberry.field(default=None, description="Whom or what, by name; null: the scene itself.")
    from_s: float = strawberry.field(default=0.0, description="Between which seconds of the film it is seen.")
    to_s: float | None = strawberry.field(default=None, description="Null: to its end.")


@strawberry.input
class ReportSeenInput:
    take_id: strawberry.ID
    observer: str = strawberry.field(description="Who watched: a name, at most 80 characters.")
    facts: list[SeenFactInput] = strawberry.field(description="1 to 40. Of one observer the last word counts.")
    idempotency_key: str


@strawberry.type
class SeenPayload:
    take: Take | None = None
    observation_id: strawberry.ID | None = None
    sequence: str | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReportMutations:
    @commanded("Say what a take's film shows. Where the script says otherwise, that is a finding, which may be waived.")
    async def report_seen(self, info: Info, input: ReportSeenInput) -> SeenPayload:
        context, take = info.context, str(input.take_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return SeenPayload(user_errors=errors)
        row = await context.ports.reader.view("take", take)
        if row is None or row.body is None or await context.scene(row.parent) is None:
            return SeenPayload(user_errors=missing("take", ("input", "takeId")))
        film = Take.of(row, context)
        facts = tuple(
            {
                "entity": each.entity or "",
                "attribute": each.attribute,
                "value": each.value,
                "confidence": each.confidence,
                "from_s": each.from_s,
                "to_s": film.duration_s if each.to_s is None else each.to_s,
            }
            for each in input.facts
        )
        command = ReportSeen(scene=row.parent, take=take, observer=input.observer, facts=facts)
        sent = await send(context, row.home, row.parent, input.idempotency_key, command)
        if not isinstance(sent, Answer):
            return SeenPayload(user_errors=sent)
        told = await context.ports.reader.view("take", take)
        return SeenPayload(
            take=Take.of(told, context) if told is not None else None,
            observation_id=strawberry.ID(sent.ids["observation"]),
            sequence=str(sent.sequence),
        )
