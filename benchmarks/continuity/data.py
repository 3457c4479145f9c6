"""The data of the continuity evaluation: what is committed, what lies in DATA, and the hashes of both.

Owns `data/manifest.json`. Invariant: nothing is measured on bytes whose hash is not the manifest's; what is absent is
told with the address where it is published, never replaced and never counted as passed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent / "data"


class NotRun(Exception):
    """Why a part was not measured."""


@dataclass(frozen=True, slots=True)
class Source:
    """A line of the manifest; ``file`` may be a folder, whose hash is of its files' names and hashes."""

    name: str
    file: str
    sha256: str
    count: int
    licence: str
    published: str
    committed: bool

    def path(self, data: Path | None) -> Path:
        """Raises NotRun: absent, or not what the manifest knows."""
        if not self.committed and data is None:
            raise NotRun(f"{self.name}: no DATA given; published at {self.published}")
        path = (HERE if self.committed else data or HERE) / self.file
        if not path.exists():
            raise NotRun(f"{self.name}: {self.file} is absent; published at {self.published}")
        if digest(path) != self.sha256:
            raise NotRun(f"{self.name}: {self.file} is not what the manifest knows (sha256 differs)")
        return path


def digest(path: Path) -> str:
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    lines = (f"{file.name} {digest(file)}\n" for file in sorted(path.iterdir()) if file.is_file())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def manifest() -> Mapping[str, Source]:
    lines = json.loads((HERE / "manifest.json").read_text())["sources"]
    return {line["name"]: Source(**line) for line in lines}


def text(name: str, data: Path | None = None) -> str:
    """Of a file of the manifest. Raises NotRun."""
    return manifest()[name].path(data).read_text(encoding="utf-8")
