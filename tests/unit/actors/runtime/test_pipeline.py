"""The one way to the ledger: order, failure, healing, and the end of a home."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.commands import CommandError
from actors.runtime.clock import MachineClock
from actors.runtime.errors import HomeLost
from actors.runtime.lifecycle import Announcer, Healed, Lifecycle, Stalled
from actors.runtime.limits import RuntimeLimits
from actors.runtime.pipeline import Parts, Pipeline
from storage.ledger.errors import Unavailable
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Committed, HostRow, Kind, NewEvent

pytestmark = pytest.mark.unit

HOST = HostRow("h1", "h1-1", 1, "peer")
OTHER = HostRow("h2", "h2-1", 2, "peer2")


class Forgetful(MemoryLedger):
    """Commits, and for `mute` appends never says so."""

    mute = 0

    async def append(self, append: Append) -> Committed:
        committed = await super().append(append)
        if self.mute:
            self.mute -= 1
            raise Unavailable("the answer was lost")
        return committed


class Line:
    def __init__(self, ledger: MemoryLedger, **limits: int) -> None:
        self.ledger = ledger
        self.facts: list[Lifecycle] = []
        self.lost: list[str] = []
        self.limits = RuntimeLimits(retry_ms=1, **limits)

    async def claim(self) -> Pipeline:
        await self.ledger.heartbeat(HOST, 60_000)
        claim = await self.ledger.claim("prj_x", HOST)
        self.pipeline = Pipeline(
            self.ledger,
            claim,
            clock=MachineClock(),
            limits=self.limits,
            announce=Announcer([self.facts.append]),
            on_lost=self.lost.append,
        )
        return self.pipeline

    async def words(self) -> list[str]:
        return [row.type for row in await self.ledger.read("prj_x", kinds=(Kind.EVENT,))]


def word(text: str) -> Parts:
    return Parts((NewEvent("@project", Kind.EVENT, text, b"\xc1\x01\xc0"),))


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line(Forgetful(), appends_in_flight_max=8)
    await made.claim()
    yield made
    await made.pipeline.drain()


async def test_appends_commit_in_order_without_waiting(line: Line) -> None:
    """A-03: many appends may be in flight; they commit in the order they were submitted."""
    waiting = [line.pipeline.submit(word(str(n))) for n in range(5)]
    found = [await w for w in waiting]
    assert [c.last_seq for c in found] == [2, 3, 4, 5, 6]
    assert await line.words() == ["0", "1", "2", "3", "4"]


async def test_one_failure_fails_those_behind_it_and_then_the_home_goes_on(line: Line) -> None:
    """A-06: what was submitted behind a failed append fails too; what comes later waits for the head and commits."""
    first = line.pipeline.submit(word("a"))
    await first
    line.ledger.fail_next("disk full")
    one, two = line.pipeline.submit(word("b")), line.pipeline.submit(word("c"))
    with pytest.raises(Unavailable, match="disk full"):
        await one
    held = line.pipeline.submit(word("d"))
    with pytest.raises(Unavailable):
        await two
    assert (await held).last_seq == 3
    assert await line.words() == ["a", "d"]
    assert [type(f) for f in line.facts] == [Stalled, Healed]
    assert not line.lost


async def test_another_epoch_ends_the_home(line: Line) -> None:
    """A-04: an owner that was deposed writes nothing more and says so to everybody who waits."""
    await line.ledger.heartbeat(OTHER, 60_000)
    await line.ledger.claim("prj_x", OTHER, depose=HOST.incarnation)
    with pytest.raises(HomeLost):
        await line.pipeline.submit(word("zombie"))
    assert line.lost
    with pytest.raises(HomeLost):
        line.pipeline.submit(word("again"))
    assert await line.words() == []


async def test_a_commit_whose_answer_was_lost_ends_the_home(line: Line) -> None:
    """A-07: memory that may lack a committed row is dropped, never repaired."""
    assert isinstance(line.ledger, Forgetful)
    line.ledger.mute = 1
    with pytest.raises(Unavailable):
        await line.pipeline.submit(word("a"))
    with pytest.raises(HomeLost):
        await line.pipeline.ready()
    assert line.lost == ["a commit's answer was lost"]
    assert await line.words() == ["a"]


async def test_a_lost_answer_is_noticed_although_the_next_one_came(line: Line) -> None:
    """A-07, found by a world: an append that committed behind one without an answer proves that the silent one
    committed too. It is not told as committed: a room that went on from there kept a snapshot that lacks a row."""
    assert isinstance(line.ledger, Forgetful)
    line.ledger.mute = 1
    silent, next_one = line.pipeline.submit(word("a")), line.pipeline.submit(word("b"))
    with pytest.raises(Unavailable):
        await silent
    with pytest.raises(HomeLost):
        await next_one
    assert line.lost == ["a commit's answer was lost"]
    assert await line.words() == ["a", "b"]


async def test_the_queue_is_bounded(line: Line) -> None:
    """A-08: one append too many is refused at once, retryable; the others are unharmed."""
    line.ledger.hold()
    waiting = [line.pipeline.submit(word(str(n))) for n in range(8)]
    with pytest.raises(CommandError) as caught:
        line.pipeline.submit(word("9"))
    assert (caught.value.code, caught.value.retryable) == ("BUSY", True)
    line.ledger.let_go()
    await asyncio.gather(*waiting)
    assert len(await line.words()) == 8


async def test_a_caller_that_leaves_takes_nothing_back(line: Line) -> None:
    """A-03: cancelling whoever waits does not cancel the append."""

    async def ask() -> None:
        await line.pipeline.submit(word("a"))

    line.ledger.hold()
    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    task.cancel()
    line.ledger.let_go()
    await asyncio.gather(task, return_exceptions=True)
    await line.pipeline.drain()
    assert await line.words() == ["a"]
    assert (await line.pipeline.submit(word("b"))).last_seq == 3
