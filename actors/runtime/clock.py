"""Time as actors see it: injected, in milliseconds, never stepped backwards.

The invariant: nothing in `actors/` asks the machine for the time. `MachineClock` counts suspended time too
(CLOCK_BOOTTIME): a laptop that slept must not believe its leases still hold.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """Milliseconds since some fixed point; comparable within one process only."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class MachineClock:
    """The machine's boot clock; where there is none, its monotonic clock."""

    def __init__(self) -> None:
        self._id = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def now_ms(self) -> int:
        return time.clock_gettime_ns(self._id) // 1_000_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
