"""An attempt while it runs: what its step told last, and whether it is to stop.

Owns the meeting of the step's thread with the worker's loop. Invariant: an older partial result never lands on a newer
one, and a step that is to stop hears of it at its next word. Nothing here outlives the claim.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

from serve_app.durable_steps import Held
from storage.codec import encode
from storage.ledger.protocol import Ledger


class Running:
    """Progress of one attempt between its thread and its beats. `gives_way`: it stops for another attempt."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ledger: Ledger, attempt: str, worker: str) -> None:
        self._loop, self.gives_way = loop, False
        self._stop = threading.Event()
        self._held = Held(ledger, attempt, worker, self.cancelled)
        self.progress, self.message = 0.0, ""
        self.partial: dict[str, Any] | None = None
        self.urgent = asyncio.Event()
        self.storing = asyncio.Lock()  # an older partial result never lands on a newer one

    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None:
        stage_changed = message.partition("|")[0] != self.message.partition("|")[0]
        self.progress, self.message = min(1.0, max(0.0, progress)), message
        if partial is not None:
            self.partial = partial
        if partial is not None or stage_changed:
            with contextlib.suppress(RuntimeError):  # the loop is gone: the process is stopping
                self._loop.call_soon_threadsafe(self.urgent.set)

    def cancelled(self) -> bool:
        return self._stop.is_set()

    def durable(self, partial: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(self.stored(partial), self._loop).result()

    async def stored(self, partial: dict[str, Any]) -> None:
        async with self.storing:
            self.partial = None
            await self._held.store(encode(partial), self.progress, self.message)

    async def unwanted(self) -> bool:
        return await self._held.unwanted()

    def stop(self) -> None:
        self._stop.set()


class GaveWay(Exception):
    """A step stopped for another; it is claimed again when there is time."""
