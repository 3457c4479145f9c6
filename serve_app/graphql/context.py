"""What every resolver holds: the principal, the ports, the loaders, and the words for a fault.

The invariant: a resolver never sees a project that `visible` denies; an unknown and a foreign id read the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import strawberry
from graphql import GraphQLError

from actors.views import AccessLinkView, DeletedView, JobView, ProjectView, SceneView
from serve_app.auth import SCOPE_ALL, Principal
from serve_app.graphql.feed import ChangeFeed
from serve_app.graphql.limits import GraphQLLimits
from serve_app.graphql.loaders import Loaders
from serve_app.graphql.ports import AskOwner, BrainCard, Commands, Reader, SceneText, SignMedia
from serve_app.pasts import Pasts
from serve_app.settings.cache import CacheSettings
from storage.ledger.protocol import View
from storage.ledger.purging import DELETED
from storage.ledger.queue_board import QueueBoard

RESTORABLE = ("closing", "kept")
"""Phases of a deleted project in which its owner may have it back."""

LinkToken = Callable[[str, str, int], str]
"""(project, link, expiry in Unix ms or 0) -> what the holder of the link shows."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What `serve_app.app` gives the partner API, once per process."""

    reader: Reader
    commands: Commands
    text: SceneText
    ask_owner: AskOwner
    sign_media: SignMedia
    brains: Sequence[BrainCard]
    feed: ChangeFeed
    pasts: Pasts
    link_token: LinkToken
    webhook_secret: Callable[[str], str]
    cache_bound: int = CacheSettings.cache_error_bound  # as installed: wrong films among 10,000
    limits: GraphQLLimits = field(default_factory=GraphQLLimits)
    queue: QueueBoard = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "queue", QueueBoard(self.reader.queue))


@dataclass(slots=True)
class Context:
    """One per HTTP request or socket. `principal` is None only on a socket that has not said who it is yet."""

    ports: Ports
    principal: Principal | None
    loaders: Loaders = field(init=False)
    connection_params: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.ports.reader)

    @property
    def who(self) -> Principal:
        who = self.principal
        if who is None or (who.until_s is not None and who.until_s <= time.time()):
            raise GraphQLError("Sign in first.", extensions={"code": "UNAUTHENTICATED", "retryable": False})
        return who

    async def link(self) -> AccessLinkView | None:
        """What the caller's link says now; None for the owner. Raises UNAUTHENTICATED for one that counts no more."""
        who = self.who
        if not who.project:
            return None
        row = await self.ports.reader.view("access", who.id)
        link = AccessLinkView.from_blob(row.body) if row is not None and row.body is not None else None
        if row is None or link is None or row.home != who.project or link.revoked_at_ms:
            words = "This link does not count any more: ask for a new one."
            raise GraphQLError(words, extensions={"code": "UNAUTHENTICATED", "retryable": False})
        return link

    async def project(self, id: str) -> tuple[View, ProjectView] | None:
        """None: there is none, or none of theirs. Raises GraphQLError PROJECT_DELETED for one of theirs that was."""
        row = await self.ports.reader.view("project", id)
        if row is None or row.body is None:
            if (told := await self.deleted(id)) is not None:
                raise project_deleted(told, visible_owner(self.who, told.owner))
            return None
        body = ProjectView.from_blob(row.body)
        return (row, body) if visible(self.who, body) else None

    async def deleted(self, id: str) -> DeletedView | None:
        """What is left to say of a project of theirs that was deleted."""
        row = await self.ports.reader.view(DELETED, id)
        if row is None or row.body is None:
            return None
        told = DeletedView.from_blob(row.body)
        return told if visible_deleted(self.who, told) else None

    async def scene(self, id: str) -> tuple[View, SceneView] | None:
        row = await self.ports.reader.view("scene", id)
        if row is None or row.body is None or await self.project(row.home) is None:
            return None
        return row, SceneView.from_blob(row.body)

    async def job(self, id: str) -> tuple[View, JobView] | None:
        row = await self.ports.reader.view("job", id)
        if row is None or row.body is None or await self.project(row.home) is None:
            return None
        return row, JobView.from_blob(row.body)


Info = strawberry.Info[Context, None]


def visible_owner(principal: Principal, owner: str) -> bool:
    """Whether it is theirs by ownership, not by a link."""
    return not principal.project and (SCOPE_ALL in principal.scopes or owner == principal.id)


def visible_deleted(principal: Principal, told: DeletedView) -> bool:
    """Whether the principal may know that it was deleted."""
    return principal.project == told.project if principal.project else visible_owner(principal, told.owner)


def visible(principal: Principal, project: ProjectView) -> bool:
    """Whether the principal may know that the project exists."""
    if principal.project:
        return principal.project == project.id
    return SCOPE_ALL in principal.scopes or project.owner == principal.id


def project_deleted(told: DeletedView, is_owner: bool) -> GraphQLError:
    """With what a page shows instead of the project: when, by whom, and who may have it back until when."""
    words, more = "This project was deleted.", {"deletedAt": iso(told.deleted_at_ms), "byYou": is_owner}
    if told.phase in RESTORABLE:
        words = "This project was deleted. Its owner can restore it until it is erased."
        more |= {"title": told.title, "restorableUntil": iso(told.purge_at_ms)}
    return GraphQLError(words, extensions={"code": "PROJECT_DELETED", "retryable": False, **more})


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def not_found(what: str, id: str) -> GraphQLError:
    """For fields that cannot answer null (lists, subscriptions). The id is the caller's own words: safe to repeat."""
    return GraphQLError(f"There is no {what} {id[:80]!r}.", extensions={"code": "NOT_FOUND", "retryable": False})
