"""Settings of the storyboard gate: how long people have."""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import bounded


@dataclass(frozen=True, kw_only=True)
class BoardSettings:
    pick_within_s: int = bounded(
        24 * 3600, 0, 7 * 24 * 3600, "0: a board waits for ever and a forgotten one holds a place among a scene's jobs"
    )
    """How long a board waits for a pick where the request does not say; then the votes decide."""
