"""Checkpoints as the surface shows them: what kind, of when, and how far the work behind a scene's exit is.

The invariant: only summaries are shown; a body holds story text and states and leaves the ledger for nobody.
"""

from __future__ import annotations

import enum
from datetime import datetime

import strawberry

from actors.views import CheckpointView
from serve_app.graphql.scene_nodes import when
from storage.ledger.protocol import View


@strawberry.enum
class CheckpointType(enum.Enum):
    SCENE_EXIT = "scene_exit"
    MANUAL_SAVE = "manual_save"
    AUTOSAVE = "autosave"


@strawberry.enum(description="Of a scene that was left: whether what follows from it has been worked out.")
class DeferredStatus(enum.Enum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETE = "complete"


@strawberry.type(
    description="A state of the whole project that can be gone back to: with the rows after it, it is all."
)
class Checkpoint:
    id: strawberry.ID
    project_id: strawberry.ID
    type: CheckpointType
    label: str
    scene_id: strawberry.ID | None
    created_at: datetime
    sequence: str = strawberry.field(description="Everything up to it is in.")
    deferred_status: DeferredStatus
    size_bytes: int = strawberry.field(name="bytes")
    sha256: str

    @classmethod
    def of(cls, row: View) -> Checkpoint:
        view = CheckpointView.from_blob(row.body or b"")
        return cls(
            id=strawberry.ID(view.id),
            project_id=strawberry.ID(view.project),
            type=CheckpointType(view.type),
            label=view.label,
            scene_id=strawberry.ID(view.scene) if view.scene else None,
            created_at=when(view.created_at_ms),
            sequence=str(view.seq),
            deferred_status=DeferredStatus(view.deferred_status),
            size_bytes=view.bytes,
            sha256=view.sha256,
        )
