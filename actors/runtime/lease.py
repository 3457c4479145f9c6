"""This host's life in the ledger: its row, renewed in time, and what happens when it is not.

Owns the host row and the estimate of database time. The invariant: `on_expired` is called before the row can expire in
the database, measured from *before* the last successful beat was sent; so no other host can own a home that this one
still shows. (Writes are safe without it: the epoch fences them.)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from actors.runtime.clock import Clock
from actors.runtime.limits import RuntimeLimits
from storage.ledger.protocol import HostRow, Ledger, LedgerError

logger = logging.getLogger("storyforge.runtime")


class HostLease:
    def __init__(
        self, ledger: Ledger, row: HostRow, clock: Clock, limits: RuntimeLimits, on_expired: Callable[[], None]
    ) -> None:
        self.row = row
        self._ledger, self._clock, self._limits, self._on_expired = ledger, clock, limits, on_expired
        self._good_until_ms = -1
        self._offset_ms = 0
        self._expired = True
        self._tasks: list[asyncio.Task[None]] = []

    def holds(self) -> bool:
        """Whether the row is certainly alive in the database."""
        return not self._expired and self._clock.now_ms() < self._good_until_ms

    def now_ms(self) -> int:
        """Database time, estimated: exact at the last beat, ours since."""
        return self._clock.now_ms() + self._offset_ms

    async def start(self) -> None:
        """First beat. Raises `LedgerError` when the ledger is not there."""
        await self._beat()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._renew()), loop.create_task(self._guard())]

    async def stop(self) -> None:
        await self.kill()
        try:
            await self._ledger.retire(self.row.id, self.row.incarnation)
        except LedgerError as error:
            logger.warning("the host row could not be retired", extra={"code": error.code})

    async def kill(self) -> None:
        """Stop beating without a word; the row expires by itself."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._expired = True

    async def _beat(self) -> None:
        sent_ms = self._clock.now_ms()
        self.row = await self._ledger.heartbeat(self.row, self._limits.lease_ttl_ms)
        now_ms = await self._ledger.now_ms()
        self._offset_ms = now_ms - self._clock.now_ms()
        self._good_until_ms = sent_ms + self._limits.lease_ttl_ms - self._limits.lease_margin_ms
        self._expired = self._clock.now_ms() >= self._good_until_ms

    async def _renew(self) -> None:
        while True:
            await self._clock.sleep(self._limits.lease_ttl_ms / 3000)
            try:
                await self._beat()
            except LedgerError as error:
                logger.warning("the host row could not be renewed", extra={"code": error.code})
                await self._clock.sleep(self._limits.retry_ms / 1000)

    async def _guard(self) -> None:
        while True:
            left_ms = self._good_until_ms - self._clock.now_ms()
            if left_ms > 0:
                await self._clock.sleep(left_ms / 1000)
            elif not self._expired:
                self._expired = True
                self._on_expired()
            else:
                await self._clock.sleep(self._limits.retry_ms / 1000)
