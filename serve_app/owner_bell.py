"""Wakes the owner of an attempt's project through its peer port: what a worker rings when a row has moved.

Invariant: a lost ring costs latency only; the owner re-scans its open attempts every second.
"""

from __future__ import annotations

from serve_app.peers.client import PeerClient
from storage.ledger.protocol import Attempt, Ledger

RING_S = 2.0


class OwnerBell:
    """Call it with the attempt. Raises what the ledger and the peer raise; callers ignore it."""

    def __init__(self, ledger: Ledger, peers: PeerClient) -> None:
        self._ledger, self._peers = ledger, peers

    async def __call__(self, attempt: Attempt) -> None:
        owner = await self._ledger.owner(attempt.home)
        if owner is not None and owner.live and owner.host is not None:
            body = {"home": attempt.home, "attempt": attempt.id}
            await self._peers.call(owner.host.peer, "attempt_changed", body, timeout_s=RING_S)
