"""Which messages of a Hocuspocus client are owed a SyncStatus, so that its save light tells the truth.

A stock provider sets its count of unsaved messages to 1 when it sends step 1 (that one is the step 2 it will answer
ours with), adds 1 for every update it sends and takes 1 off for every SyncStatus(true), wherever it came from: one too
many shows "saved" while an edit is on its way. Owns that arithmetic. Invariant: a client is never sent more than it
counts. Not counted are messages sent before its last step 1, and updates it wrote while it was offline: its queue sends
them after that step 1, whose state vector already holds them. (A deletion has no clock to tell it by: an offline one is
taken as counted.)
"""

from __future__ import annotations

from collab.updates import Header

NOTHING_DUE = 0


class Receipts:
    """One session's. A receipt is the number of the round (step 1 to step 1) its message belongs to."""

    __slots__ = ("_offline", "_round")

    def __init__(self) -> None:
        self._round = NOTHING_DUE
        self._offline: dict[int, int] | None = None

    def began(self, clocks: dict[int, int]) -> None:
        """The client sent step 1 with this state vector: its count is 1 from here."""
        self._round += 1
        self._offline = clocks

    def due(self, header: Header, *, live: bool) -> int:
        """The receipt of an update (`live`) or step 2 that has just come in."""
        if not live:
            self._offline = None  # what its queue held came before this
            return self._round
        known = self._offline
        if known is not None and header.structs and all(end <= known.get(who, 0) for who, _, end in header.structs):
            return NOTHING_DUE
        return self._round

    def counts(self, receipt: int) -> bool:
        """Whether the client still waits for this receipt."""
        return receipt != NOTHING_DUE and receipt == self._round
