"""A rule pack: one kind of slip, read scene by scene and judged over the whole story.

Invariant: both halves are pure. `read` sees one scene and its cost is in proportion to that scene; `judge` sees what
was read and never the text again, so an edit costs its own scene and a walk over short records. The engine
(`actors.continuity.check`) keeps what was read, and drops a finding that rests on a scene outside the story's clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from actors.continuity.findings import FindingDraft
from actors.continuity.rules.view import SceneView

R = TypeVar("R")


class Pack(Protocol[R]):
    """An object or a module with these two functions. ``R`` is compared with ``==`` and is false for a scene that
    tells nothing of this kind: a tuple of frozen records. Of such a scene ``judge`` may use ``id``, ``before``, ``day``
    and ``aside`` and nothing else, or an edit of it would leave stale findings behind."""

    def read(self, view: SceneView, /) -> R:
        """What one scene tells, with the spans it was read from. Never raises, whatever people type."""

    def judge(self, story: Sequence[tuple[SceneView, R]], /) -> Iterator[FindingDraft]:
        """Slips of the story, each under the scene to repair, its telling quotation first."""


AnyPack = Pack[Any]
