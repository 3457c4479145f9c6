"""Published data that a benchmark measures on: a manifest of sources, their hashes, and where they lie.

Invariant: nothing is measured on bytes whose hash is not the manifest's; what is absent is told with the address where
it is published, never replaced by another and never counted as passed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


class NotRun(Exception):
    """Why a part was not measured."""


@dataclass(frozen=True, slots=True)
class Source:
    """A line of the manifest in the folder ``here``; ``file`` may be a folder (`digest`)."""

    here: Path
    name: str
    file: str
    sha256: str
    count: int
    licence: str
    published: str
    committed: bool

    def path(self, data: Path | None) -> Path:
        """Raises NotRun: absent, or not the file that the manifest knows."""
        if not self.committed and data is None:
            raise NotRun(f"{self.name}: no DATA given; published at {self.published}")
        path = (self.here if self.committed else data or self.here) / self.file
        if not path.exists():
            raise NotRun(f"{self.name}: {self.file} is absent; published at {self.published}")
        if digest(path) != self.sha256:
            raise NotRun(f"{self.name}: {self.file} is not the file of the manifest (sha256 differs)")
        return path


def digest(path: Path) -> str:
    """Of a file's bytes; of a folder: of its files' names and hashes."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    lines = (f"{file.name} {digest(file)}\n" for file in sorted(path.iterdir()) if file.is_file())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sources(here: Path) -> dict[str, Source]:
    """Of the manifest in a folder, by name."""
    lines = json.loads((here / "manifest.json").read_text())["sources"]
    return {line["name"]: Source(here, **line) for line in lines}
