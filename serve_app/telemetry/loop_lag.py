"""How late the event loop is: one timer that looks at when it was called.

Owns that timer. The invariant: it costs the loop one call in `EVERY_S` and keeps nothing but counts. What holds the
loop (a long fold, a collection, a busy processor) holds every room of the host.
"""

from __future__ import annotations

import asyncio

from actors.runtime.meters import Histogram

EVERY_S = 0.25
"""Between looks. Shorter: more work for nothing; longer: short stops are missed more often."""

BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class LoopLag:
    def __init__(self) -> None:
        self.kept = Histogram(BOUNDS_S)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin on the running loop."""
        self._wait(asyncio.get_running_loop())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + EVERY_S
        self._timer = loop.call_at(due, self._look, loop, due)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.kept.observe(max(0.0, loop.time() - due))
        self._wait(loop)
