"""What a worker rings when an attempt row has moved: a wake-up on the bus for whoever owns the project.

Invariant: a lost ring costs latency only; the owner re-scans its open attempts every second.
"""

from __future__ import annotations

from storage.bus.protocol import Bus, attempt_stream
from storage.ledger.protocol import Attempt


class OwnerBell:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def __call__(self, attempt: Attempt) -> None:
        self._bus.publish(attempt_stream(attempt.home, attempt.id), attempt.version)
