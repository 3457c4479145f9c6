"""One look after the other: refused ones are put off, and after a stop nothing runs."""

from __future__ import annotations

import asyncio
import logging

import pytest

from actors.runtime.rounds import Rounds
from storage.ledger.errors import Unavailable

pytestmark = pytest.mark.unit


class Counting(Rounds):
    put_off = "counted later"

    def __init__(self, *refused: int) -> None:
        super().__init__(self._pause)
        self.refused, self.looks, self.pauses = refused, 0, asyncio.Queue[float]()
        self.go_on = asyncio.Semaphore(0)

    async def _pause(self, seconds: float) -> None:
        self.pauses.put_nowait(seconds)
        await self.go_on.acquire()

    async def look(self) -> None:
        self.looks += 1
        if self.looks in self.refused:
            raise Unavailable("no database")

    def pause_s(self) -> float:
        return 1.0 + self.looks


class AtOnce(Counting):
    looks_at_once = True


async def test_a_refused_look_is_put_off_and_the_next_comes_after_its_own_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds = Counting(1)
    with caplog.at_level(logging.INFO, "storyforge.rounds"):
        rounds.start()
        assert await rounds.pauses.get() == 1.0
        assert rounds.looks == 0
        rounds.go_on.release()
        assert await rounds.pauses.get() == 2.0
        rounds.go_on.release()
        assert await rounds.pauses.get() == 3.0
    assert [record.message for record in caplog.records] == ["counted later"]
    assert not rounds.ended
    await rounds.stop()
    assert rounds.ended
    assert rounds.looks == 2


async def test_who_looks_at_once_looks_before_the_first_pause() -> None:
    rounds = AtOnce()
    rounds.start()
    assert await rounds.pauses.get() == 2.0
    await rounds.stop()
    await AtOnce().stop()  # never started: nothing to wait for


async def test_a_mistake_of_ours_is_told_with_its_traceback_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(AtOnce):
        async def look(self) -> None:
            self.looks += 1
            raise ValueError("a mistake of ours")

    rounds = Broken()
    rounds.start()
    assert await rounds.pauses.get() == 2.0
    assert caplog.records[0].exc_info is not None
    rounds.go_on.release()
    assert await rounds.pauses.get() == 3.0
    await rounds.stop()
