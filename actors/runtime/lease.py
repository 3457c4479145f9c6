"""This host's life in the ledger: its row, renewed in time, and what happens when it is not.

Owns the host row and the estimate of database time. The invariant: `on_expired` is called before the row can expire in
the database, measured from *before* the last successful beat was sent; so no other host can own a home that this one
still shows. (Writes are safe without it: the epoch fences them.) A process that was stopped, or slept, runs no timer in
time: so `holds` itself reads the clock, and whoever asks first after the end ends everything before it is answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from actors.runtime.clock import Clock
from actors.runtime.limits import RuntimeLimits
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import HostRow, Ledger, Want

logger = logging.getLogger("storyforge.runtime")

_OVER = -1


class HostLease:
    """`on_asked` hears what other hosts ask of this one, after each beat that brought something."""

    def __init__(
        self,
        ledger: Ledger,
        row: HostRow,
        clock: Clock,
        limits: RuntimeLimits,
        on_expired: Callable[[], None],
        on_asked: Callable[[Sequence[Want]], None] = lambda _wants: None,
    ) -> None:
        self.row = row
        self._ledger, self._clock, self._limits, self._on_expired = ledger, clock, limits, on_expired
        self._on_asked = on_asked
        self._good_until_ms = _OVER
        self.ends = 0  # how often: what was begun before an end must not go on after it, whatever holds by then
        self._offset_ms = 0
        self._draining = False
        self._beating = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def holds(self) -> bool:
        """Whether the row is certainly alive in the database. One reading of the clock: asked for every frame.

        False only after `on_expired` was called: whoever hears it finds everything dropped.
        """
        if self._clock.now_ms() < self._good_until_ms:
            return True
        self._end()
        return False

    def _end(self) -> None:
        if self._good_until_ms != _OVER:
            self._good_until_ms = _OVER  # first: what `on_expired` closes asks again
            self.ends += 1
            self._on_expired()

    @property
    def left_ms(self) -> int:
        """For how long it will hold without another beat; 0 when it does not."""
        return max(0, self._good_until_ms - self._clock.now_ms())

    def now_ms(self) -> int:
        """Database time, estimated: exact at the last beat, ours since."""
        return self._clock.now_ms() + self._offset_ms

    async def start(self) -> None:
        """First beat. Raises `LedgerError` when the ledger is not there."""
        await self.beat()
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
        self._good_until_ms = _OVER

    async def drain(self) -> None:
        """Say now that this host is on its way out; it goes on beating. Raises `LedgerError`: then the next beat says
        it."""
        self._draining = True
        await self.beat()

    async def beat(self) -> None:
        """Renew the row now. Raises `LedgerError`."""
        async with self._beating:  # a late answer of an earlier beat must not undo what a later one said
            sent_ms = self._clock.now_ms()
            self.row = await self._ledger.heartbeat(
                replace(self.row, draining=self._draining), self._limits.lease_ttl_ms
            )
            now_ms = await self._ledger.now_ms()
            self._offset_ms = now_ms - self._clock.now_ms()
            # If the time ran out while the answer was on its way, somebody else may have claimed: end, then begin anew.
            self.holds()
            good_until_ms = sent_ms + self._limits.lease_ttl_ms - self._limits.lease_margin_ms
            if self._clock.now_ms() < good_until_ms:
                self._good_until_ms = good_until_ms
        if self.row.asked:
            self._on_asked(self.row.asked)

    async def _renew(self) -> None:
        while True:
            await self._clock.sleep((self._limits.lease_ttl_ms / 3 if self.holds() else self._limits.retry_ms) / 1000)
            try:
                await self.beat()
            except LedgerError as error:
                logger.warning("the host row could not be renewed", extra={"code": error.code})
                await self._clock.sleep(self._limits.retry_ms / 1000)

    async def _guard(self) -> None:
        while True:
            await self._clock.sleep((self.left_ms if self.holds() else self._limits.retry_ms) / 1000)
