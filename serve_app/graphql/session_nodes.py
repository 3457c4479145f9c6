"""Whether people are at a project, as the surface shows it.

The invariant: an owner's last word counts only while that owner lives; nobody is woken to be asked.
"""

from __future__ import annotations

import enum
from datetime import datetime

import strawberry

from actors.views import SessionView
from serve_app.graphql.checkpoint_nodes import Checkpoint
from serve_app.graphql.ports import Reader
from serve_app.graphql.scene_nodes import when


@strawberry.enum(
    description="CONNECTED: somebody is there. DISCONNECTED: the last one went, all is kept warm for a while. "
    "SUSPENDED: a checkpoint was written, and the next one to come resumes from it."
)
class SessionState(enum.Enum):
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    SUSPENDED = "suspended"


@strawberry.type(description="Whether people are at a project; may lag by some seconds.")
class ProjectSession:
    state: SessionState
    since: datetime | None
    last_checkpoint: Checkpoint | None


async def session_of(reader: Reader, home: str) -> ProjectSession:
    """As its owner said last. An owner that died said nothing more: nobody is there then."""
    row = await reader.view("session", home)
    view = SessionView.from_blob(row.body) if row is not None and row.body is not None else None
    state = SessionState(view.state) if view is not None else SessionState.SUSPENDED
    if state is not SessionState.SUSPENDED:
        owner = await reader.owner(home)
        state = state if owner is not None and owner.live else SessionState.SUSPENDED
    newest = await reader.views("checkpoint", home=home, limit=1, newest_first=True)
    return ProjectSession(
        state=state,
        since=when(view.since_ms) if view is not None else None,
        last_checkpoint=Checkpoint.of(newest[0]) if newest else None,
    )
