"""What a room needs from outside: a durable log for its document. No I/O here; owners of the ledger implement it.

The invariant both sides keep: *commit, then everything else*. A room shows, acknowledges and applies an update only
after `append` returned; the log keeps the raw accepted bytes, never a re-encoding.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


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
class Lineage:
    """What the bytes of a document do not say.

    `owners`: client id → the principal who used it first, and to whom it belongs. `epoch`: counts from 1, and grows
    when the document is rewritten with fresh ids. `retired`: client ids of earlier epochs; they never come back.
    """

    owners: Mapping[int, str] = field(default_factory=dict)
    epoch: int = 1
    retired: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document as the log has it: a compacted snapshot (or None) and the committed updates after it, in order.

    `lineage` is that of snapshot and tail together.
    """

    snapshot: bytes | None
    snapshot_seq: int
    tail: Sequence[bytes]
    seq: int  # last committed sequence of the document (0: never written)
    lineage: Lineage = field(default_factory=Lineage)


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Whose request an append answers: kept with it, so that a retry finds that it was done."""

    principal: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """Structs that came under client ids of somebody else. `owners`: those ids, and whose they are."""

    principal: str
    owners: Sequence[tuple[int, str]]
    update: bytes


@dataclass(frozen=True, slots=True)
class Proposal:
    """A parked offer. `seq`: its row; `at_ms`: when, in database time; `open`: nobody has decided on it."""

    id: str
    offer: Offer
    seq: int
    at_ms: int
    open: bool = True


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

    async def put_snapshot(self, snapshot: bytes, seq: int, lineage: Lineage) -> None:
        """Keep a compacted form of everything up to `seq` (fenced; losing the race is harmless)."""
        ...


@runtime_checkable
class RenewalLog(Protocol):
    """What a log must be able to do for a document to start a new epoch. Both raise `Refused`."""

    async def updates(self) -> Sequence[bytes]:
        """Every accepted update of this epoch, raw, in order."""
        ...

    async def renew(self, epoch: int, entry: Entry, by: str, key: RequestKey | None) -> int:
        """Commit the row that starts `epoch`: `entry` is all that is left of the document. Returns its sequence."""
        ...


class ProposalLog(Protocol):
    """The proposals of one document, in a stream beside it. All methods raise `Refused`."""

    async def proposals(self) -> Sequence[Proposal]:
        """All there ever were, oldest first."""
        ...

    async def park(self, offer: Offer) -> Proposal:
        """Commit an offer as a row of its own."""
        ...

    def decide(
        self, proposal: Proposal, by: str, *, accepted: bool, entry: Entry | None, key: RequestKey | None
    ) -> Awaitable[int]:
        """Commit a decision and, in the same append, what goes into the document for it. Resolves to the sequence."""
        ...
