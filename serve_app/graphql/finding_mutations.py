"""A person's word about the story, by command: a break of continuity is meant; this holds from here on.

The invariant is that of all mutations: what is answered is committed.
"""

from __future__ import annotations

import strawberry

from actors.commands import Answer, SetFact, WaiveFinding
from actors.project.actor import CONTINUITY
from actors.views import FindingsView
from serve_app.graphql.context import Info
from serve_app.graphql.described import commanded
from serve_app.graphql.enums import WaiverReason
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.scene_nodes import Finding
from serve_app.graphql.sending import send
from serve_app.graphql.set_facts import SetFactNode, set_facts_of


@strawberry.input
class WaiveFindingInput:
    scene_id: strawberry.ID
    finding_id: strawberry.ID
    idempotency_key: str
    reason: WaiverReason = WaiverReason.INTENDED
    note: str | None = None
    waived: bool = strawberry.field(default=True, description="false takes a waiver back.")
    display_name: str | None = None


@strawberry.type
class FindingPayload:
    finding: Finding | None = strawberry.field(default=None, description="null where its words are gone meanwhile.")
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.input
class SetFactInput:
    scene_id: strawberry.ID
    entity: str = strawberry.field(description="Whom it is about, by name.")
    attribute: str = strawberry.field(description="alive, holds, lacks, wears, hurt, well, knows or at.")
    idempotency_key: str
    value: str | None = None
    quote: str | None = strawberry.field(default=None, description="Words of the scene from which on it holds.")
    holds: bool = strawberry.field(default=True, description="false takes it back.")
    display_name: str | None = None


@strawberry.type
class FactPayload:
    facts: list[SetFactNode] = strawberry.field(default_factory=list, description="All set by hand in this scene.")
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class FindingMutations:
    @commanded("Say what holds in the story from words of a scene on; it wins over what was read. Or take it back.")
    async def set_fact(self, info: Info, input: SetFactInput) -> FactPayload:
        context, scene = info.context, str(input.scene_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return FactPayload(user_errors=errors)
        found = await context.scene(scene)
        if found is None:
            return FactPayload(user_errors=missing("scene", ("input", "sceneId")))
        command = SetFact(
            scene=scene,
            entity=input.entity,
            attribute=input.attribute,
            value=input.value or "",
            quote=input.quote or "",
            holds=input.holds,
            by=input.display_name or "",
        )
        sent = await send(context, found[0].home, CONTINUITY, input.idempotency_key, command)
        if not isinstance(sent, Answer):
            return FactPayload(user_errors=sent)
        return FactPayload(facts=await set_facts_of(context, found[0].home, scene), sequence=str(sent.sequence))

    @commanded("Say that a break of continuity is meant, and why; or take that back.")
    async def waive_finding(self, info: Info, input: WaiveFindingInput) -> FindingPayload:
        context, scene = info.context, str(input.scene_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return FindingPayload(user_errors=errors)
        found = await context.scene(scene)
        if found is None:
            return FindingPayload(user_errors=missing("scene", ("input", "sceneId")))
        command = WaiveFinding(
            scene=scene,
            finding=str(input.finding_id),
            reason=input.reason.value,
            note=input.note or "",
            waived=input.waived,
            by=input.display_name or "",
        )
        sent = await send(context, found[0].home, CONTINUITY, input.idempotency_key, command)
        if not isinstance(sent, Answer):
            return FindingPayload(user_errors=sent)
        row = await context.loaders.one.load(("findings", found[0].home, scene))
        findings = () if row is None or row.body is None else FindingsView.from_blob(row.body).findings
        here = next((each for each in findings if each["id"] == command.finding), None)
        return FindingPayload(finding=Finding.of(here) if here else None, sequence=str(sent.sequence))
