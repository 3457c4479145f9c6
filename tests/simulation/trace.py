"""What happened in a world, line by line, and the one hash of all of it.

Invariant: two runs of one seed have the same lines, so the same digest; a difference is a world that reads something
besides its seed. Written to a file when a world fails.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import zlib
from pathlib import Path

TAIL = 25


class Trace:
    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.lines: list[str] = []

    def note(self, who: str, what: str, data: bytes = b"") -> None:
        """`data`: bytes that were moved; shown by length and checksum."""
        moved = f" {len(data)} bytes {zlib.crc32(data):08x}" if data else ""
        line = f"{asyncio.get_running_loop().time():10.4f} {who:<10} {what}{moved}"
        self._hash.update(line.encode())
        self.lines.append(line)

    def digest(self) -> str:
        return self._hash.hexdigest()

    def tail(self) -> str:
        return "\n".join(self.lines[-TAIL:])

    def write(self, name: str) -> Path:
        path = Path(tempfile.gettempdir()) / f"storyforge-{name}.trace"
        path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        return path
