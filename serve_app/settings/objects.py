"""Settings of the object store: where pictures and films lie, and how they are handed out."""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import bounded


@dataclass(frozen=True, kw_only=True)
class ObjectSettings:
    media_link_ttl_ms: int = bounded(86_400_000, 60_000, 604_800_000, "life of a signed media link")
