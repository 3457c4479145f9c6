"""Settings of projects themselves: how long a deleted one may be restored."""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import bounded


@dataclass(frozen=True, kw_only=True)
class ProjectSettings:
    project_grace_h: int = bounded(
        72, 0, 24 * 365, "hours in which a deleted project may be restored; 0: it is erased at once"
    )
