"""The data of the continuity evaluation: what is committed, what lies in DATA, and the hashes of both.

Owns `data/manifest.json`. Invariant: nothing is measured on bytes whose hash is not the manifest's; what is absent is
told with the address where it is published, never replaced and never counted as passed.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.published import NotRun, Source, digest, sources

__all__ = ["NotRun", "Source", "digest"]

HERE = Path(__file__).resolve().parent / "data"


def manifest() -> dict[str, Source]:
    return sources(HERE)


def text(name: str, data: Path | None = None) -> str:
    """Of a file of the manifest. Raises NotRun."""
    return manifest()[name].path(data).read_text(encoding="utf-8")
