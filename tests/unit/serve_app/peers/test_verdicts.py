"""What is known of peer ports, and what may be concluded from it."""

from __future__ import annotations

import asyncio

import pytest

from serve_app.peers.verdicts import FRESH_S, INCARNATIONS_MAX, Reach, Verdicts
from storage.ledger.protocol import HostRow

pytestmark = pytest.mark.unit


class Port:
    """Answers when it is let, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.now_s = 0.0
        self.answer = Reach.THERE
        self.open = asyncio.Event()
        self.open.set()

    async def probe(self, _address: str) -> Reach:
        self.asked += 1
        await self.open.wait()
        return self.answer

    def verdicts(self) -> Verdicts:
        return Verdicts(self.probe, lambda: self.now_s)


def row(incarnation: str = "i1") -> HostRow:
    return HostRow("h", incarnation, 1, "127.0.0.1:1")


async def test_a68_gone_is_final_there_and_silent_are_not() -> None:
    """A-68: the port of an incarnation opens once and closes once."""
    port = Port()
    verdicts = port.verdicts()
    for answer in (Reach.THERE, Reach.SILENT, Reach.GONE):
        port.answer = answer
        assert [await verdicts.of(row()) for _ in range(3)] == [answer] * 3
        port.now_s += FRESH_S
    assert port.asked == 3
    port.answer = Reach.THERE
    port.now_s += 3_600
    assert await verdicts.of(row()) is Reach.GONE
    assert await verdicts.of(row("i2")) is Reach.THERE, "the next incarnation is another"


async def test_a68_one_question_is_on_its_way() -> None:
    """A-68: a crowd that finds its owner silent asks once."""
    port = Port()
    verdicts = port.verdicts()
    port.open.clear()
    waiting = [asyncio.create_task(verdicts.of(row())) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # who gave up does not take the answer from the others
    port.open.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[1:] == [Reach.THERE] * 49
    assert port.asked == 1


async def test_a68_what_was_learned_at_first_hand_counts_at_once() -> None:
    """A-68: a refused tunnel ends a verdict that is still fresh; what is kept is bounded."""
    port = Port()
    verdicts = port.verdicts()
    assert await verdicts.of(row()) is Reach.THERE
    verdicts.saw(row(), Reach.GONE)
    assert await verdicts.of(row()) is Reach.GONE
    for number in range(INCARNATIONS_MAX):
        verdicts.saw(row(f"n{number}"), Reach.GONE)
    assert await verdicts.of(row()) is Reach.THERE, "forgotten, so asked again"
