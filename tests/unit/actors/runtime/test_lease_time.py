"""The lease of a host that is stopped, sleeps, or hears late answers; time is turned by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from actors.runtime.lease import HostLease
from actors.runtime.limits import RuntimeLimits
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import HostRow, Want

pytestmark = pytest.mark.unit

LIMITS = RuntimeLimits(lease_ttl_ms=6_000, lease_margin_ms=1_000)


class Turned:
    """A clock that stands still until it is turned; nobody's timer ever runs, as in a process that was stopped."""

    def __init__(self) -> None:
        self.now = 50_000

    def now_ms(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class Slow(MemoryLedger):
    """Beats are answered when they are let."""

    def __init__(self, clock: Turned) -> None:
        super().__init__(clock.now_ms)
        self.answers = asyncio.Event()
        self.answers.set()

    async def heartbeat(self, host: HostRow, ttl_ms: int) -> HostRow:
        row = await super().heartbeat(host, ttl_ms)
        await self.answers.wait()
        return row


class Held:
    def __init__(self) -> None:
        self.clock = Turned()
        self.ledger = Slow(self.clock)
        self.ends: list[bool] = []
        self.asked: list[Want] = []
        row = HostRow("a", "a-1", 1, "p:1")
        self.lease = HostLease(self.ledger, row, self.clock, LIMITS, self._ended, self._heard)

    def _ended(self) -> None:
        self.ends.append(self.lease.holds())  # whatever is closed asks again

    def _heard(self, wants: Sequence[Want]) -> None:
        self.asked += wants


async def test_a66_whoever_asks_first_after_the_end_ends_it() -> None:
    """A-66: no timer has to run for it; everything was dropped before the answer is no, once."""
    it = Held()
    await it.lease.start()
    it.clock.now += 4_999
    assert it.lease.holds()
    assert it.lease.left_ms == 1
    it.clock.now += 1
    assert it.ends == []
    assert not it.lease.holds()
    assert it.ends == [False]
    assert not it.lease.holds()
    assert (len(it.ends), it.lease.ends, it.lease.left_ms) == (1, 1, 0)
    row = (await it.ledger.hosts())[0]
    assert row.expires_at_ms > it.clock.now, "given up while the row still lived"
    await it.lease.kill()


async def test_a66_a_late_answer_does_not_undo_the_end() -> None:
    """A-66: a beat that was answered after the end drops everything before it begins a new life; one that is answered
    too late begins none."""
    it = Held()
    await it.lease.start()
    it.clock.now += 2_000
    it.ledger.answers.clear()
    beat = asyncio.create_task(it.lease.beat())
    await asyncio.sleep(0)
    it.clock.now += 3_500
    it.ledger.answers.set()
    await beat
    assert (it.ends, it.lease.ends) == ([False], 1), "another host may have had the homes meanwhile"
    assert it.lease.holds(), "sent 3.5 s ago, good for 5"
    it.ledger.answers.clear()
    beat = asyncio.create_task(it.lease.beat())
    await asyncio.sleep(0)
    it.clock.now += 7_000
    it.ledger.answers.set()
    await beat
    assert not it.lease.holds()
    assert it.lease.ends == 2
    await it.lease.kill()


async def test_a62_a_drain_is_told_once_and_for_all() -> None:
    """A-62: at once, whatever beat is on its way, and with every beat after it."""
    it = Held()
    await it.lease.start()
    it.ledger.answers.clear()
    beat = asyncio.create_task(it.lease.beat())
    await asyncio.sleep(0)
    drain = asyncio.create_task(it.lease.drain())
    it.ledger.answers.set()
    await asyncio.gather(beat, drain)
    assert [row.draining for row in await it.ledger.hosts()] == [True]
    await it.lease.beat()
    assert it.lease.row.draining
    await it.lease.kill()


async def test_a60_what_is_asked_comes_with_the_beat() -> None:
    """A-60: no question of its own."""
    it = Held()
    await it.lease.start()
    other = await it.ledger.heartbeat(HostRow("b", "b-1", 2, "p:2"), 60_000)
    await it.ledger.claim("prj_1", it.lease.row)
    await it.ledger.want("prj_1", other, epoch=1)
    await it.lease.beat()
    assert [(want.home, want.host.id) for want in it.asked] == [("prj_1", "b")]
    await it.lease.kill()
