"""Time as a room sees it: a monotonic reading and one-shot timers.

Owns the `Clock` protocol and the event loop's own implementation of it. Invariant: a room reads no other time, so a
world that owns the clock owns every delay in the room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A pending call. `cancel` is idempotent and harmless after the call has run."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Monotonic seconds, and calls in the future on the room's own event loop."""

    def now(self) -> float: ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer: ...


class LoopClock:
    """The running event loop's clock."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(delay_s, callback)
