"""Settings of the cache of films: whether, for whom, how wrong it may be, how long it keeps."""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import bounded

SCOPES = ("project", "installation")
BOUND_UNIT = 10_000


@dataclass(frozen=True, kw_only=True)
class CacheSettings:
    cache_semantic: str = "on"
    """on: a film may stand for one that was asked for in other words; off: only the very same recipe is answered."""
    cache_scope: str = "project"
    """Whose films may stand in: project, its own alone; installation: those of every project here. Then the film of one
    project is shown to people of another."""
    cache_error_bound: int = bounded(
        50,
        1,
        2_000,
        "wrong answers among 10,000 questions, at most; 50: 0.5 %. Higher: saves money, loses trust",
    )
    cache_warm: int = bounded(1, 0, 1, "1: a film that is nearly what was asked for lends its seed and its key frame")
    cache_days: int = bounded(90, 1, 3_650, "how long a film may stand for others; longer: old looks outlive taste")

    @property
    def cache_delta(self) -> float:
        return self.cache_error_bound / BOUND_UNIT

    def check_cache(self) -> None:
        """Raises ValueError in words."""
        if self.cache_semantic not in ("on", "off"):
            raise ValueError(f"cache_semantic is on or off, not {self.cache_semantic!r}")
        if self.cache_scope not in SCOPES:
            raise ValueError(f"cache_scope is one of {', '.join(SCOPES)}, not {self.cache_scope!r}")


def cache_part(settings: CacheSettings) -> str:
    """What `/healthz` says of it."""
    return "ok" if settings.cache_semantic == "on" else "off"
