"""What the workflow shows: view bodies of its own kinds. See `actors.views` for the rest.

Kinds and keys in the ledger's `View` rows (kind · id · parent · order_key):
  scene_exit    · wfl · scene   · exit time (zero-padded ms)  -> ExitView, there while its workflow has not ended
  scene_open    · scn · project · since (zero-padded ms)      -> OpenSceneView, there while something of it is pending
  workflow      · wfl · scene   · exit time                   -> WorkflowView
  story_…       · scn · project · scene id                    -> RowView, a scene's contribution, one kind per step
  scene_checkpoint · scn · project · scene id                 -> RowView
  meanwhile     · mnw · project · when (ms)                   -> MeanwhileView
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from actors.views import Body
from storage.codec import encode


@dataclass(frozen=True, slots=True)
class Plain(Body):
    """Values are plain all the way down: written as they are, since copying a large row first would hold the loop."""

    def blob(self) -> bytes:
        return encode({field.name: getattr(self, field.name) for field in fields(self)})


@dataclass(frozen=True, slots=True)
class ExitView(Plain):
    """The scene as it was when it was left: all that its workflow begins with. `cause`: locked | left | continued."""

    workflow: str
    scene: str
    project: str
    cause: str
    script: str
    script_sha256: str
    heading: str
    at_ms: int
    number: int = 0  # sequence of the exit, once the row has been written again; 0: `revision` is it
    revision: str = "0"


@dataclass(frozen=True, slots=True)
class OpenSceneView(Body):
    """A scene somebody changed and nobody has left since."""

    scene: str
    project: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class WorkflowView(Plain):
    """`state`: RUNNING | COMPLETE | FAILED | SUPERSEDED. `steps`: {"name","state","tries","error"} in their order."""

    id: str
    scene: str
    project: str
    cause: str
    state: str
    script_sha256: str
    started_at_ms: int
    steps: tuple[dict[str, Any], ...] = ()
    revision: str = "0"


@dataclass(frozen=True, slots=True)
class RowView(Plain):
    """What one scene contributed by one step; `script_sha256`: of the text it was made of."""

    scene: str
    project: str
    workflow: str
    source: str
    confidence: float
    script_sha256: str
    data: dict[str, Any]
    revision: str = "0"


@dataclass(frozen=True, slots=True)
class MeanwhileView(Body):
    """One thing noted while nobody was there. `kind`: time | goal | balance."""

    id: str
    project: str
    kind: str
    words: str
    source: str
    confidence: float
    at_ms: int
    scene: str | None = None
    revision: str = "0"
