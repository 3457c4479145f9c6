"""Readers of documents wait for quiet: which documents changed, and when their readers may look.

Owns the set of touched documents of one home. The invariant: a touched document is handed on once it was quiet for
`settle_ms`, or `settle_lag_ms` after its first touch at the latest, and never twice for one touch. Losing the set is
harmless: whoever opens the home finds the same documents by the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from actors.runtime.clock import Clock
from actors.runtime.limits import RuntimeLimits

Deliver = Callable[[tuple[str, ...], int], Awaitable[bool]]


class Settler:
    """`deliver(docs, upto)` says whether the readers took it; if not, it is tried again after another quiet time."""

    def __init__(self, clock: Clock, limits: RuntimeLimits, deliver: Deliver) -> None:
        self._clock, self._limits, self._deliver = clock, limits, deliver
        self._docs: dict[str, None] = {}
        self._upto = 0
        self._first_ms = self._last_ms = 0
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def pending(self) -> bool:
        return bool(self._docs) or (self._task is not None and not self._task.done())

    def touch(self, doc: str, seq: int) -> None:
        now = self._clock.now_ms()
        if not self._docs:
            self._first_ms = now
        self._docs[doc] = None
        self._last_ms, self._upto = now, max(self._upto, seq)
        if not self._closed and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._docs:
            due = min(self._last_ms + self._limits.settle_ms, self._first_ms + self._limits.settle_lag_ms)
            wait_ms = due - self._clock.now_ms()
            if wait_ms > 0:
                await self._clock.sleep(wait_ms / 1000)
                continue
            docs, upto = tuple(self._docs), self._upto
            self._docs.clear()
            if not await self._deliver(docs, upto):
                for doc in docs:
                    self.touch(doc, upto)
