"""Access links as the surface shows them.

The invariant: nobody but the owner sees one, and no one sees a token again.
"""

from __future__ import annotations

from datetime import datetime

import strawberry
from graphql import GraphQLError

from actors.views import AccessLinkView
from serve_app.auth import SCOPE_ALL
from serve_app.graphql.context import Context
from serve_app.graphql.enums import AccessRole
from serve_app.graphql.scene_nodes import when
from storage.ledger.protocol import View

LINKS_SHOWN_MAX = 500
"""Links in one answer, revoked ones included. More: the oldest are left out."""


@strawberry.type(description="A way into one project for one person who is not its owner.")
class AccessLink:
    id: strawberry.ID
    label: str
    role: AccessRole
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: View) -> AccessLink:
        view = AccessLinkView.from_blob(row.body or b"")
        return cls(
            id=strawberry.ID(view.id),
            label=view.label,
            role=AccessRole(view.role),
            created_at=when(view.created_at_ms),
            expires_at=when(view.expires_at_ms) if view.expires_at_ms else None,
            revoked_at=when(view.revoked_at_ms) if view.revoked_at_ms else None,
        )


async def links_of(context: Context, home: str) -> list[AccessLink]:
    """Raises GraphQLError FORBIDDEN."""
    if not context.who.may(SCOPE_ALL):
        raise GraphQLError("Only the owner sees who may enter.", extensions={"code": "FORBIDDEN", "retryable": False})
    rows = await context.ports.reader.views("access", home=home, limit=LINKS_SHOWN_MAX, newest_first=True)
    return [AccessLink.of(row) for row in rows if row.body is not None]
