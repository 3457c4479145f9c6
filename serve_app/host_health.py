"""When a StoryHost is beyond repair, so that Serve should replace it: what `check_health` looks at.

Owns the watch over the event loop. Invariant: a database that does not answer is nobody's death: every replica would be
restarted at once, for nothing, and all sockets with them. Serve asks every `health_check_period_s` and replaces a
replica after three failures in a row; a loop that never comes back fails by `health_check_timeout_s`.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from serve_app.peers.client import PeerClient
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import HostRow, Ledger

LOOP_TICK_S = 0.25
LOOP_STUCK_S = 10.0
"""A turn of the loop that took longer than this: every lease of the host has run out meanwhile."""
STALL_REMEMBERED_S = 5.0
"""How long such a turn counts after it ended: three failures in a row need more than one of them."""
LEASE_LOST_S_MAX = 30.0
"""How long a lease may be lost while the database answers us: renewing has stopped, and will not start again."""
DATABASE_ANSWERS_S = 2.0


class BeyondRepair(Exception):
    """Raised to Serve. `code` says which of the three."""

    retryable = False

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Lease(Protocol):
    @property
    def row(self) -> HostRow: ...
    def holds(self) -> bool: ...


class LoopWatch:
    """How late the loop comes to its turns, and since when the lease is lost."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self.lag_s = 0.0  # of the last turn
        self._stall_s, self._stall_ended_s = 0.0, 0.0
        self._lost_since_s: float | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def stalled_s(self) -> float:
        """The worst turn of the last `STALL_REMEMBERED_S`; 0 if none was over `LOOP_STUCK_S`."""
        recent = asyncio.get_running_loop().time() - self._stall_ended_s <= STALL_REMEMBERED_S
        return self._stall_s if recent else 0.0

    def lease_lost_s(self, holds: bool) -> float:
        """How long it has been lost, as seen by whoever asks; 0 while it holds."""
        now = asyncio.get_running_loop().time()
        if holds:
            self._lost_since_s = None
            return 0.0
        if self._lost_since_s is None:
            self._lost_since_s = now
        return now - self._lost_since_s

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LOOP_TICK_S)
            self.lag_s = max(0.0, loop.time() - before - LOOP_TICK_S)
            if self.lag_s >= LOOP_STUCK_S:
                self._stall_s, self._stall_ended_s = self.lag_s, loop.time()


async def raise_if_beyond_repair(watch: LoopWatch, lease: Lease, ledger: Ledger, peers: PeerClient) -> None:
    """Raises `BeyondRepair`. Asks the database only when the lease has been lost for long."""
    if (stalled_s := watch.stalled_s()) > 0:
        raise BeyondRepair("LOOP_STUCK", f"one turn of the event loop took {stalled_s:.1f} s")
    if watch.lease_lost_s(lease.holds()) > LEASE_LOST_S_MAX and await _answers(ledger):
        raise BeyondRepair("LEASE_LOST", f"no lease for {LEASE_LOST_S_MAX:g} s although the database answers")
    if await peers.refuses(lease.row.peer):
        raise BeyondRepair("PEER_PORT_GONE", f"nothing listens at our own {lease.row.peer}")


async def _answers(ledger: Ledger) -> bool:
    try:
        async with asyncio.timeout(DATABASE_ANSWERS_S):
            await ledger.now_ms()
    except (LedgerError, TimeoutError):
        return False
    return True
