"""The ledger of a world of homes: the real one in memory, behind storms; and each host's own way to it.

Owns the weather. Invariant: what it answers is what a real ledger could have answered at that moment: late, not at all,
or not saying what it did. Hosts reach it through a line of their own (`HostLine`), so they may die, stop or be cut off
while they ask; every claim and append is held against `homes_watch` as it commits.
"""

from __future__ import annotations

import asyncio
import enum
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from storage.ledger.errors import Unavailable
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Attempt, Claim, Committed, HostRow, NewEvent, StoredResponse
from tests.simulation.clock import Process, outside
from tests.simulation.homes_watch import WRITER, Watch
from tests.simulation.ledger import Line
from tests.simulation.trace import Trace

SKEW_MAX = 0.03
"""How much faster or slower a host's clock may run than the database's: far more than crystals do."""

ANSWER_LOST = 0.02
"""Of the queries in a storm that were carried out: the connection dies while it answers, in COMMIT too."""

STRAGGLES, STRAGGLE_S = 0.01, 4.0
"""Queries that are under way for long, and arrive when nobody counts on them."""

HANG_S = 3.0
"""The longest that a query on a dead line hangs before it fails."""


@dataclass
class HostClock:
    """The time since boot, as one host counts it. `frozen_at_ms`: it stands still, which no clock of a host does; what
    its owner shows then is not held against it (what it writes is)."""

    boot_ms: int = 0
    rate: float = 1.0
    frozen_at_ms: int | None = None

    @property
    def broken(self) -> bool:
        return self.frozen_at_ms is not None

    def now_ms(self) -> int:
        if self.frozen_at_ms is not None:
            return self.frozen_at_ms
        return self.boot_ms + int(asyncio.get_running_loop().time() * 1000 * self.rate)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds / self.rate, 0.001))


def now_ms() -> int:
    return 1_000 + int(asyncio.get_running_loop().time() * 1000)


class HomesLedger(MemoryLedger):
    """Slow, failing, and sometimes silent about what it did. `cut`: hosts whose heartbeats do not get through.

    `wall_jump_ms`: somebody set the wall clock; leases count time since boot and must not care.
    """

    def __init__(self, rng: random.Random, trace: Trace) -> None:
        super().__init__(now_ms)
        self.rng, self._trace = rng, trace
        self.watch = Watch()
        self.stormy = True
        self.cut: set[str] = set()
        self.wall_jump_ms = 0

    def unlawful(self, home: str, incarnation: str) -> str | None:
        """Why a host may not show this home now; None when it may."""
        state = self._homes.get(home)
        owner = None if state is None else self._owner_of(home, state)
        if owner is None or owner.host is None or owner.host.incarnation != incarnation:
            return f"it belongs to {owner.host.incarnation if owner and owner.host else 'nobody'}"
        return None if owner.live else f"its lease ended {now_ms() - owner.host.expires_at_ms} ms ago"

    async def _weather(self, failing: float) -> None:
        if not self.stormy:
            await asyncio.sleep(0)
            return
        roll = self.rng.random()
        await asyncio.sleep(self.rng.uniform(0.0, 0.004) if roll < 0.9 else self.rng.uniform(0.05, 1.5))
        if self.rng.random() < failing:
            raise Unavailable("storm")

    async def append(self, append: Append) -> Committed:
        if not self.stormy:
            return await super().append(append)
        if self.rng.random() < 0.04:
            self.fail_next("storm")
        committed = await super().append(append)
        self._trace.note("ledger", f"{append.home} is at {committed.last_seq}")
        if self.rng.random() < 0.1:
            await asyncio.sleep(self.rng.uniform(0, 0.3))
        return committed

    def _commit(self, append: Append) -> Committed:
        committed = super()._commit(append)
        self.watch.appended(append, committed, WRITER.get())
        return replace(committed, at_ms=committed.at_ms + self.wall_jump_ms)

    def _put_rows(self, home: str, state: Any, events: Sequence[NewEvent], now: int) -> None:
        super()._put_rows(home, state, events, now + self.wall_jump_ms)

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

    async def claim(self, home: str, host: HostRow, **how: Any) -> Claim:
        await self._weather(0.03)
        state = self._homes.get(home)
        before = None if state is None else self._owner_of(home, state)
        claim = await super().claim(home, host, **how)
        self.watch.claimed(claim, host.incarnation, before)
        self._trace.note("ledger", f"{home} is {host.incarnation}'s, epoch {claim.epoch}")
        return claim

    async def read(self, home: str, **how: Any) -> Any:
        await self._weather(0.01)
        return await super().read(home, **how)

    async def snapshot(self, home: str, doc: str, **how: Any) -> Any:
        await self._weather(0.01)
        return await super().snapshot(home, doc, **how)

    async def attempt(self, id: str) -> Attempt | None:
        await self._weather(0.01)
        return await super().attempt(id)


class Cut(enum.Enum):
    """How a host's line to the database is."""

    NONE = "none"
    REFUSED = "refused"
    HANGS = "hangs"


class HostLine(Line):
    """One host's connection: what it asks goes there and comes back, each way on its own. Appends arrive in order."""

    def __init__(self, ledger: HomesLedger, process: Process, incarnation: str) -> None:
        super().__init__(ledger, process)  # type: ignore[arg-type]
        self._homes, self._incarnation = ledger, incarnation
        self.cut = Cut.NONE
        self._last_append: asyncio.Future[None] | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._homes, name)

        async def ask(*args: Any, **how: Any) -> Any:
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            if self._process.step():
                before, arrived = self._last_append, asyncio.get_running_loop().create_future()
                if name == "append":
                    self._last_append = arrived
                else:
                    before = None
                outside(self._carry(lambda: method(*args, **how), answer, before, arrived))
            return await answer

        return ask

    async def _carry(
        self,
        ask: Callable[[], Any],
        answer: asyncio.Future[Any],
        before: asyncio.Future[None] | None,
        arrived: asyncio.Future[None],
    ) -> None:
        WRITER.set(self._incarnation)
        try:
            try:
                await self._way()
                if self._homes.stormy and self._homes.rng.random() < STRAGGLES:
                    await asyncio.sleep(self._homes.rng.uniform(0, STRAGGLE_S))
                if before is not None:
                    await before
            finally:
                arrived.set_result(None)
            result = await ask()
            await self._way()
            if self._homes.stormy and self._homes.rng.random() < ANSWER_LOST:
                raise Unavailable("the answer was lost")
        except Exception as error:  # noqa: BLE001 (whatever the ledger says goes to whoever asked)
            if not answer.done():
                answer.set_exception(error)
        else:
            if not answer.done():
                answer.set_result(result)

    async def _way(self) -> None:
        if self.cut is Cut.NONE:
            return
        if self.cut is Cut.HANGS:
            await asyncio.sleep(self._homes.rng.uniform(0.2, HANG_S))
        else:
            await asyncio.sleep(0.02)
        raise Unavailable("no way to the database")
