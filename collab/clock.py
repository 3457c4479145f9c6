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
    """The clock of the event loop it is first read in. It keeps that loop: asking for the running one costs a system
    call in CPython 3.11, and a room reads its clock several times an edit."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> float:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        return loop.time()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        loop = self._loop or asyncio.get_running_loop()
        return loop.call_later(delay_s, callback)
