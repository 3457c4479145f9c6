"""The ledger of a world of homes: the real one in memory, behind storms; and time as one host sees it.

Owns the weather. Invariant: what it answers is what a real ledger could have answered at that moment, a lost answer
included. Hosts reach it through a line of their own (`tests.simulation.ledger.Line`), so they may die while they ask.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Attempt, Committed, HostRow, StoredResponse, Unavailable
from tests.simulation.trace import Trace


@dataclass
class HostClock:
    """The world's time, as one host sees it; `frozen_at_ms` is a process that does not know how long it slept."""

    frozen_at_ms: int | None = None

    def now_ms(self) -> int:
        return self.frozen_at_ms if self.frozen_at_ms is not None else now_ms()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.001))


def now_ms() -> int:
    return 1_000 + int(asyncio.get_running_loop().time() * 1000)


class HomesLedger(MemoryLedger):
    """Slow, failing, and sometimes silent about what it did. `cut`: hosts whose heartbeats do not get through."""

    def __init__(self, rng: random.Random, trace: Trace) -> None:
        super().__init__(now_ms)
        self._rng, self._trace = rng, trace
        self.stormy = True
        self.cut: set[str] = set()

    async def _weather(self, failing: float) -> None:
        if not self.stormy:
            await asyncio.sleep(0)
            return
        roll = self._rng.random()
        await asyncio.sleep(self._rng.uniform(0.0, 0.004) if roll < 0.9 else self._rng.uniform(0.05, 1.5))
        if self._rng.random() < failing:
            raise Unavailable("storm")

    async def append(self, append: Append) -> Committed:
        if not self.stormy:
            return await super().append(append)
        if self._rng.random() < 0.04:
            self.fail_next("storm")
        committed = await super().append(append)
        self._trace.note("ledger", f"{append.home} is at {committed.last_seq}")
        if self._rng.random() < 0.1:
            await asyncio.sleep(self._rng.uniform(0, 0.3))
        if self._rng.random() < 0.02:
            raise Unavailable("the answer was lost")
        return committed

    async def heartbeat(self, host: HostRow, ttl_ms: int) -> HostRow:
        if host.incarnation in self.cut:
            await asyncio.sleep(0.1)
            raise Unavailable("partition")
        await self._weather(0.02)
        return await super().heartbeat(host, ttl_ms)

    async def response(self, home: str, principal: str, key: str) -> StoredResponse | None:
        await self._weather(0.02)
        return await super().response(home, principal, key)

    async def owner(self, home: str) -> Any:
        await self._weather(0.02)
        return await super().owner(home)

    async def claim(self, home: str, host: HostRow, *, depose: str | None = None) -> Any:
        await self._weather(0.03)
        return await super().claim(home, host, depose=depose)

    async def read(self, home: str, **how: Any) -> Any:
        await self._weather(0.01)
        return await super().read(home, **how)

    async def snapshot(self, home: str, doc: str, **how: Any) -> Any:
        await self._weather(0.01)
        return await super().snapshot(home, doc, **how)

    async def attempt(self, id: str) -> Attempt | None:
        await self._weather(0.01)
        return await super().attempt(id)
