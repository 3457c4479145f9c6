"""Who is told of a project's facts over HTTP: registrations, and which committed events make which messages.

Pure decisions of the project actor. Invariants: only the owner registers; a message says what happened and where (ids
and sequence), never the story; no secret is here, for a webhook's secret follows from its id and the cluster's own
(`serve_app.webhooks.signing`). Messages are outbox entries of kind `webhook`, in the append of the event they speak of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from actors.commands import NAME_CHARS_MAX, CommandError, CreateWebhook, DeleteWebhook
from actors.outbox.protocol import Entry
from actors.project.access import INSTALLATION_OWNER
from actors.runtime.actor import Context, Decision, Draft, Notice, ViewDraft
from actors.runtime.ids import derive_id
from actors.views import WebhookView, order_ms

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

WEBHOOK = "webhook"
"""The kind of entry."""

WEBHOOKS_MAX = 20
"""Webhooks of one project that are not deleted. Over: refused until one is."""

URL_CHARS_MAX = 2_000

MESSAGES: Mapping[str, str] = {
    "project.created": "project.created",
    "scene.created": "scene.created",
    "scene.locked": "scene.locked",
    "scene.unlocked": "scene.unlocked",
    "version.named": "version.named",
    "checkpoint.made": "checkpoint.made",
    "job.created": "job.created",
    "job.preview_ready": "job.preview_ready",
    "job.final_ready": "job.finished",
    "job.failed": "job.failed",
    "job.cancelled": "job.cancelled",
    "segment.appended": "segment.appended",
    "take.seen": "take.seen",
}
"""Committed event -> what a webhook calls it. Names only grow."""

EVENTS = tuple(sorted(set(MESSAGES.values())))

SHOWN: Mapping[str, str] = {"job": "jobId", "take": "takeId", "version": "versionId", "segment": "segmentId"}
"""Fields of an event that a message repeats: ids, nothing else."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """`disabled`: why nothing is sent to it any more; empty: it stands."""

    id: str
    url: str
    events: tuple[str, ...]
    label: str
    created_at_ms: int
    disabled: str = ""


@dataclass(frozen=True, slots=True)
class WebhookGone(Notice):
    """Its endpoint said 410."""

    webhook: str
    why: str


_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:(?P<port>[0-9]{1,5}))?([/?][!-\"$-~]*)?")
"""A host by name or number, a port, a path; printable ASCII, without a password and without a fragment."""


def check_url(url: str) -> None:
    """What no setting could allow. Raises `CommandError`."""
    found = _URL.fullmatch(url)
    if found is None or len(url) > URL_CHARS_MAX or not 0 < int(found["port"] or 443) < 65_536:
        words = f"an endpoint is https://host/path, without a password, at most {URL_CHARS_MAX} characters"
        raise CommandError("BAD_URL", words, ("input", "url"))


def check_events(events: Iterable[str]) -> None:
    """Raises `CommandError`."""
    asked = tuple(events)
    if not asked or any(event not in EVENTS for event in asked):
        raise CommandError("UNKNOWN_CHOICE", f"events are of {', '.join(EVENTS)}", ("input", "events"))


def decide(project: ProjectActor, message: CreateWebhook | DeleteWebhook | WebhookGone, ctx: Context) -> Decision:
    """Raises `CommandError`."""
    if isinstance(message, WebhookGone):
        known = project.webhooks.get(message.webhook)
        return Decision() if known is None else _told(project, "webhook.disabled", replace(known, disabled=message.why))
    facts = project.facts
    if facts is None or ctx.principal not in (facts.owner, INSTALLATION_OWNER):
        raise CommandError("FORBIDDEN", "only the owner of a project has it told to others")
    if isinstance(message, DeleteWebhook):
        known = project.webhooks.get(message.webhook)
        if known is None:
            raise CommandError("NOT_FOUND", "there is no such webhook", ("input", "webhookId"))
        return Decision(
            events=[Draft("webhook.removed", {"id": known.id})],
            views=[ViewDraft("webhook", known.id, project.home, "", None)],
            ids={"project": project.home, "webhook": known.id},
        )
    check_url(message.url)
    check_events(message.events)
    if len(message.label) > NAME_CHARS_MAX:
        raise CommandError("TOO_LONG", f"label has at most {NAME_CHARS_MAX} characters", ("input", "label"))
    if len(project.webhooks) >= WEBHOOKS_MAX:
        raise CommandError("TOO_MANY_WEBHOOKS", f"a project has at most {WEBHOOKS_MAX}: delete one first")
    events = tuple(sorted(set(message.events)))
    label = " ".join(message.label.split())
    return _told(project, "webhook.added", Webhook(ctx.new_id("whk"), message.url, events, label, ctx.now_ms))


def _told(project: ProjectActor, type: str, hook: Webhook) -> Decision:
    view = WebhookView(project=project.home, **asdict(hook))
    return Decision(
        events=[Draft(type, asdict(hook))],
        views=[ViewDraft("webhook", hook.id, project.home, order_ms(hook.created_at_ms), view)],
        ids={"project": project.home, "webhook": hook.id},
    )


def entries(project: ProjectActor, events: Iterable[Draft], first_seq: int, now_ms: int) -> list[Entry]:
    """A message for each of these events and each webhook that asked for it."""
    hooks = [hook for hook in project.webhooks.values() if not hook.disabled]
    if not hooks:
        return []
    found: list[Entry] = []
    for seq, draft in enumerate(events, first_seq):
        type = MESSAGES.get(draft.type)
        for hook in hooks:
            if type is not None and type in hook.events:
                id = derive_id("msg", project.home, str(seq), hook.id)
                body = _message(project.home, type, draft, seq, now_ms)
                found.append(
                    Entry(id, project.home, WEBHOOK, hook.id, type, seq, now_ms, {"url": hook.url, "message": body})
                )
    return found


def _message(home: str, type: str, draft: Draft, seq: int, now_ms: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data: dict[str, Any] = {"projectId": home, "sequence": str(seq)}
    if draft.scene is not None:
        data["sceneId"] = draft.scene
    for name, shown in SHOWN.items():
        if isinstance(value := draft.data.get(name), str):
            data[shown] = value
    return {"type": type, "timestamp": at, "data": data}


def stands(project: ProjectActor, entry: Entry) -> str | None:
    """See `actors.outbox.desk.Outbox`."""
    hook = project.webhooks.get(entry.target)
    return None if hook is None else hook.disabled
