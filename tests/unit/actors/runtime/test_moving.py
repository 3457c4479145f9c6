"""Two runtimes on one ledger: a home that is asked for, given, taken; one that leaves while somebody opens it."""

from __future__ import annotations

import asyncio

import pytest

from actors.commands import SetBrain
from actors.runtime.errors import HomeLost
from actors.runtime.lifecycle import Claimed, HandedOver, Released, SelfFenced
from storage.ledger.errors import Owned
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Claim, HostRow
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

QUICK = {"lease_ttl_ms": 1_500, "lease_margin_ms": 200}


async def ask_for(two: Story, home: str) -> None:
    owner = await two.ledger.owner(home)
    assert owner is not None
    assert await two.ledger.want(home, two.runtime.lease.row, epoch=owner.epoch)


async def test_a64_a_wanted_home_is_given_and_taken_with_the_heartbeats() -> None:
    """A-64: released in order by its owner, kept for the host that asked, opened by it without a word between them."""
    ledger = MemoryLedger()
    async with story(ledger, **QUICK) as one, story(ledger, "other", **QUICK) as two:
        home = await one.create()
        with pytest.raises(Owned):
            await two.runtime.open(home)
        await ask_for(two, home)
        await one.until(lambda: any(isinstance(fact, HandedOver) for fact in one.facts))
        given = next(fact for fact in one.facts if isinstance(fact, HandedOver))
        assert (given.home, given.to.id) == (home, "other")
        assert any(isinstance(fact, Released) for fact in one.facts)
        await two.until(lambda: two.runtime.owned(home) is not None)
        assert [fact.epoch for fact in two.facts if isinstance(fact, Claimed)] == [2]
        assert two.runtime.settles(two.runtime.owned(home))  # type: ignore[arg-type]


async def test_a63_a_want_waits_for_the_hold_and_drain_does_not() -> None:
    """A-63: people have it open: it stays for `hold_ms`; a host on its way out gives it at once."""
    ledger = MemoryLedger()
    async with story(ledger, **QUICK, hold_ms=3_600_000) as one, story(ledger, "other", **QUICK) as two:
        home = await one.create()
        mine = one.runtime.owned(home)
        assert mine is not None
        assert one.runtime.may_go(mine), "nobody has it open"
        type(mine.rooms).sessions, kept = property(lambda _rooms: 1), type(mine.rooms).sessions
        try:
            assert not one.runtime.may_go(mine)
            await ask_for(two, home)
            for _ in range(3):
                await one.runtime.lease.beat()
            assert one.runtime.owned(home) is mine
            await one.runtime.drain()
            await one.runtime.lease.beat()
            await two.until(lambda: two.runtime.owned(home) is not None)
        finally:
            type(mine.rooms).sessions = kept  # type: ignore[method-assign]


async def test_a62_a_draining_runtime_opens_nothing_new() -> None:
    """A-62: what it has goes on; what it has not is opened elsewhere."""
    async with story() as it:
        home = await it.create()
        await it.runtime.drain()
        assert it.runtime.owned(home) is await it.runtime.open(home)
        with pytest.raises(HomeLost):
            await it.create("another")
        await it.runtime.release(it.runtime.owned(home))  # type: ignore[arg-type]
        with pytest.raises(HomeLost):
            await it.runtime.open(home)


async def test_a61_a_home_that_leaves_is_not_claimed_again_before_it_has_left() -> None:
    """A-61: who opens it meanwhile waits, and hears who it was given to; its last commits are not fenced."""
    ledger = MemoryLedger()
    async with story(ledger) as one, story(ledger, "other") as two:
        home = await one.create()
        mine = one.runtime.owned(home)
        assert mine is not None
        assert two.runtime.lease.holds()
        ledger.hold()
        last = asyncio.create_task(one.ask(home, SetBrain("pixar")))
        await one.until(lambda: not mine.pipeline.quiet)
        leaving = asyncio.create_task(one.runtime.release(mine, to=two.runtime.lease.row))
        again = asyncio.create_task(one.runtime.open(home))
        once_more = asyncio.create_task(one.runtime.release(mine))
        done, _ = await asyncio.wait({again, leaving, once_more}, timeout=0.02)
        ledger.let_go()
        assert not done
        assert (await last).sequence > 0
        await asyncio.gather(leaving, once_more)
        with pytest.raises(Owned) as caught:
            await again
        assert caught.value.owner.host is not None
        assert caught.value.owner.host.id == "other"
        assert len([fact for fact in one.facts if isinstance(fact, Released)]) == 1


async def test_a66_a_lease_that_ended_while_a_home_was_opened_opens_nothing() -> None:
    """A-66: also when it was begun anew meanwhile: between the two somebody else may have claimed the home."""

    class Halting(MemoryLedger):
        halted = False

        async def claim(self, home: str, host: HostRow, *, depose: str | None = None) -> Claim:
            claim = await super().claim(home, host, depose=depose)
            if self.halted:
                self.halted = False
                it.runtime.lease._good_until_ms = 0
                await it.runtime.lease.beat()
            return claim

    ledger = Halting()
    async with story(ledger) as it:
        home = await it.create()
        await it.runtime.release(it.runtime.owned(home))  # type: ignore[arg-type]
        ledger.halted = True
        with pytest.raises(HomeLost):
            await it.runtime.open(home)
        assert it.runtime.lease.holds()
        assert any(isinstance(fact, SelfFenced) for fact in it.facts)
        assert (await it.runtime.open(home)).epoch == 3


async def test_a43_proof_is_not_lost_in_the_single_flight() -> None:
    """A-43: who opens with the proof that the owner is dead does not get the refusal of who opened without it."""
    ledger = MemoryLedger()
    async with story(ledger) as one, story(ledger, "other") as two:
        home = await one.create()
        without = asyncio.create_task(two.runtime.open(home))
        proven = asyncio.create_task(two.runtime.open(home, depose="h1-1"))
        with pytest.raises(Owned):
            await without
        assert (await proven).epoch == 2
