"""Webhooks by GraphQL: who is told of a project's facts, what became of each message, and putting one back.

The invariant is that of all mutations: what is answered is committed. A webhook's secret is in the answer that made it
and nowhere else; it follows from the id, so a retry with the same key is answered with the same one. Only the owner of
a project sees and changes any of this.
"""

from __future__ import annotations

import enum
from datetime import datetime

import strawberry
from graphql import GraphQLError

from actors.commands import Answer, CreateWebhook, DeleteWebhook
from actors.outbox.protocol import DEAD, DELIVERED, WAITING, Entry
from actors.views import WebhookView
from serve_app.auth import SCOPE_ALL
from serve_app.graphql.context import Context, Info, not_found
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import UserError, key_problem, missing, problem
from serve_app.graphql.scene_nodes import when
from serve_app.graphql.sending import send
from storage.ledger.protocol import View

DELIVERIES_SHOWN_MAX = 200
"""Deliveries in one answer."""

WEBHOOKS_SHOWN_MAX = 100


@strawberry.enum
class DeliveryState(enum.Enum):
    WAITING = WAITING
    DEAD = DEAD
    DELIVERED = DELIVERED


@strawberry.type(description="One message on its way out. Its id is the `webhook-id` header of every try.")
class Delivery:
    id: strawberry.ID
    kind: str
    target: str
    type: str
    sequence: str
    state: DeliveryState
    tries: int
    status: int | None = strawberry.field(description="What the last try was answered with.")
    problem: str | None
    created_at: datetime
    next_try_at: datetime | None
    done_at: datetime | None

    @classmethod
    def of(cls, row: View) -> Delivery:
        entry = Entry.of(row)
        waits = row.kind == WAITING
        return cls(
            id=strawberry.ID(entry.id),
            kind=entry.kind,
            target=entry.target,
            type=entry.type,
            sequence=str(entry.seq),
            state=DeliveryState(row.kind),
            tries=entry.tries,
            status=entry.status or None,
            problem=entry.problem or None,
            created_at=when(entry.at_ms),
            next_try_at=when(entry.due_ms or entry.at_ms) if waits else None,
            done_at=when(entry.done_ms) if entry.done_ms else None,
        )


@strawberry.type(description="An endpoint that is told of a project's events, signed by Standard Webhooks.")
class Webhook:
    id: strawberry.ID
    url: str
    events: list[str]
    label: str
    created_at: datetime
    disabled: str | None = strawberry.field(description="Why it is told no more; null: it stands.")

    @classmethod
    def of(cls, row: View) -> Webhook:
        view = WebhookView.from_blob(row.body or b"")
        return cls(
            id=strawberry.ID(view.id),
            url=view.url,
            events=list(view.events),
            label=view.label,
            created_at=when(view.created_at_ms),
            disabled=view.disabled or None,
        )

    @described("Newest first: what waits, what was given up, and the last that were confirmed.")
    async def deliveries(self, info: Info, first: int = 50) -> list[Delivery]:
        most = max(0, min(first, DELIVERIES_SHOWN_MAX))
        reader, found = info.context.ports.reader, list[Delivery]()
        for kind in (WAITING, DEAD, DELIVERED):
            rows = await reader.views(kind, parent=str(self.id), limit=most, newest_first=True)
            found += [Delivery.of(row) for row in rows if row.body is not None]
        return sorted(found, key=lambda each: int(each.sequence), reverse=True)[:most]


@strawberry.input
class CreateWebhookInput:
    project_id: strawberry.ID
    url: str = strawberry.field(description="https://…, at a public address.")
    events: list[str]
    idempotency_key: str
    label: str = ""


@strawberry.input
class DeleteWebhookInput:
    webhook_id: strawberry.ID
    idempotency_key: str


@strawberry.input
class RedeliverInput:
    delivery_id: strawberry.ID
    idempotency_key: str


@strawberry.type
class WebhookPayload:
    webhook: Webhook | None = None
    secret: str | None = strawberry.field(default=None, description="`whsec_…`, shown once: it verifies signatures.")
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class DeliveryPayload:
    delivery: Delivery | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


async def _owned(context: Context, home: str) -> bool:
    """Whether the caller owns the project; one it may not even see reads as unknown."""
    found = await context.project(home)
    return found is not None and (SCOPE_ALL in context.who.scopes or found[1].owner == context.who.id)


@strawberry.type
class WebhookMutations:
    @commanded("Have an endpoint told of these events. Messages hold ids, not the story.")
    async def create_webhook(self, info: Info, input: CreateWebhookInput) -> WebhookPayload:
        context, home = info.context, str(input.project_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return WebhookPayload(user_errors=errors)
        if not await _owned(context, home):
            return WebhookPayload(user_errors=missing("project", ("input", "projectId")))
        command = CreateWebhook(url=input.url, events=tuple(input.events), label=input.label)
        sent = await send(context, home, home, input.idempotency_key, command)
        if not isinstance(sent, Answer):
            return WebhookPayload(user_errors=sent)
        id = sent.ids["webhook"]
        row = await context.ports.reader.view("webhook", id)
        hook = Webhook.of(row) if row is not None and row.body is not None else None
        return WebhookPayload(webhook=hook, secret=context.ports.webhook_secret(id), sequence=str(sent.sequence))

    @commanded("Nothing more is sent to it, and what waits is forgotten.")
    async def delete_webhook(self, info: Info, input: DeleteWebhookInput) -> WebhookPayload:
        context, id = info.context, str(input.webhook_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return WebhookPayload(user_errors=errors)
        row = await context.ports.reader.view("webhook", id)
        if row is None or row.body is None or not await _owned(context, row.home):
            return WebhookPayload(user_errors=missing("webhook", ("input", "webhookId")))
        sent = await send(context, row.home, row.home, input.idempotency_key, DeleteWebhook(webhook=id))
        if not isinstance(sent, Answer):
            return WebhookPayload(user_errors=sent)
        return WebhookPayload(webhook=Webhook.of(row), sequence=str(sent.sequence))

    @commanded("Send a confirmed or given-up message once more, under its id: a receiver that keeps ids takes it once.")
    async def redeliver(self, info: Info, input: RedeliverInput) -> DeliveryPayload:
        context, id = info.context, str(input.delivery_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return DeliveryPayload(user_errors=errors)
        rows = [await context.ports.reader.view(kind, id) for kind in (WAITING, DEAD, DELIVERED)]
        row = next((row for row in rows if row is not None and row.body is not None), None)
        if row is None or not await _owned(context, row.home):
            return DeliveryPayload(user_errors=missing("delivery", ("input", "deliveryId")))
        body = {"entry": id, "by": context.who.id, "key": input.idempotency_key}
        try:
            answer = await context.ports.ask_owner(row.home, "outbox_put_back", body)
        except Exception as error:  # noqa: BLE001 - problem() re-raises whatever carries no code
            return DeliveryPayload(user_errors=problem(error))
        now = await context.ports.reader.view(WAITING, id)
        shown = Delivery.of(now if now is not None and now.body is not None else row)
        return DeliveryPayload(delivery=shown, sequence=str(answer["sequence"]))


@strawberry.type
class WebhookQueries:
    @described("Webhooks of a project, oldest first. The owner's.")
    async def webhooks(self, info: Info, project_id: strawberry.ID) -> list[Webhook]:
        rows = await _rows(info, "webhook", str(project_id), WEBHOOKS_SHOWN_MAX)
        return [Webhook.of(row) for row in rows]

    @described("What a project owes to the outside and gave up, of any kind, newest first. The owner's.")
    async def dead_letters(self, info: Info, project_id: strawberry.ID, first: int = 50) -> list[Delivery]:
        most = max(0, min(first, DELIVERIES_SHOWN_MAX))
        return [Delivery.of(row) for row in await _rows(info, DEAD, str(project_id), most, newest_first=True)]


async def _rows(info: Info, kind: str, home: str, limit: int, *, newest_first: bool = False) -> list[View]:
    """Raises GraphQLError NOT_FOUND, FORBIDDEN."""
    context = info.context
    if await context.project(home) is None:
        raise not_found("project", home)
    if not await _owned(context, home):
        raise GraphQLError("Only the project's owner sees this.", extensions={"code": "FORBIDDEN", "retryable": False})
    rows = await context.ports.reader.views(kind, home=home, limit=limit, newest_first=newest_first)
    return [row for row in rows if row.body is not None]
