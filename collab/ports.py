"""What a room needs from outside: a durable log for its document. No I/O here; owners of the ledger implement it.

The invariant both sides keep: *commit, then everything else*. A room shows, acknowledges and applies an update only
after `append` returned; the log keeps the raw accepted bytes, never a re-encoding.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted update as it came in: who sent it (principal), under which Yjs client id, and the raw v1 bytes.

    `name`: how its author was shown then. People who share a token are told apart by it; it proves nothing.
    """

    principal: str
    client: int  # 0 when the update holds no new struct (delete set only)
    update: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document as the log has it: a compacted snapshot (or None) and the committed updates after it, in order."""

    snapshot: bytes | None
    snapshot_seq: int
    tail: Sequence[bytes]
    seq: int  # last committed sequence of the document (0: never written)


class Refused(Exception):
    """The log could not commit. `retryable`: the sender may try again; the room lives on either way.

    `fenced`: this host no longer owns the home; the room must close its sockets with a retry code.
    """

    def __init__(self, code: str, reason: str, retryable: bool = True, fenced: bool = False) -> None:
        super().__init__(code, reason, retryable, fenced)
        self.code, self.reason, self.retryable, self.fenced = code, reason, retryable, fenced


class DocumentLog(Protocol):
    """The committed history of one document of one home, as its owner sees it."""

    async def load(self) -> Loaded: ...

    def append(self, entries: Sequence[Entry]) -> Awaitable[int]:
        """Commit one flush as one row; resolves to its sequence. Ordered: a later call never commits first.

        Raises `Refused`.
        """
        ...

    async def put_snapshot(self, snapshot: bytes, seq: int) -> None:
        """Keep a compacted form of everything up to `seq` (fenced; losing the race is harmless)."""
        ...
