"""What the workflow is told, and where it lives.

The invariant: each notice can be found out again: `Started` on activation and the sweep's `unfinished` look for the
same exits that `Look` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.runtime.actor import Notice

WORKFLOW = "@workflow"
"""Id of a project's one workflow actor."""


@dataclass(frozen=True, slots=True)
class Look(Notice):
    """A scene was left, or may have been: read which exits wait."""


@dataclass(frozen=True, slots=True)
class Proceed(Notice):
    """Take the next step that is due."""


@dataclass(frozen=True, slots=True)
class SceneLeft(Notice):
    """To a scene: nobody has been in it for the grace."""


@dataclass(frozen=True, slots=True)
class TimePasses(Notice):
    """To the workflow of a suspended project: one look over the story."""
