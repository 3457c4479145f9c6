"""A worker that asks for more, and what its owner hands it: on the real in-memory ledger."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gpu.steps import Free, take_free
from serve_app.worker import FREE_MS, Lane, Report, Worker
from storage.bus.memory import Air, MemoryBus
from storage.bus.protocol import ring_workers
from storage.codec import decode, encode
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Attempt, AttemptState, Claim, HostRow, NewAttempt

pytestmark = pytest.mark.unit

HOME = "prj_handing000"
QUICK, FILM = Lane("quick", ("enhance",)), Lane("film", ("video",), offers=("animatic",))


class Counting(MemoryLedger):
    def __init__(self) -> None:
        super().__init__()
        self.claims, self.beats = 0, 0
        self.claimed: list[str] = []
        self.changed = asyncio.Event()

    async def claim_attempt(self, *args: Any, **more: Any) -> Attempt | None:
        self.claims += 1
        found = await super().claim_attempt(*args, **more)
        self.claimed += [found.id] if found else []
        return found

    async def beat_attempt(self, *args: Any, **more: Any) -> bool:
        self.beats += 1
        self.changed.set()
        return await super().beat_attempt(*args, **more)


class Shop:
    def __init__(self, ledger: Counting, claim: Claim) -> None:
        self.ledger, self.claim = ledger, claim
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self.air = Air()
        self.bus, self.ours = MemoryBus(self.air), MemoryBus(self.air)
        self.runs: dict[str, Any] = {"enhance": lambda *_: {"fine": True}, "video": lambda *_: {"film": True}}

    async def post(self, id: str, step: str = "enhance", hand_to: str = "", needs: str = "") -> None:
        new = NewAttempt(id, HOME, "scn", f"job_{id}", step, 1, encode({}), 60_000, needs=needs, hand_to=hand_to)
        await self.ledger.append(Append(HOME, self.claim.epoch, self.claim.seq, (), attempts=(new,)))

    async def start(self, *lanes: Lane) -> Worker:
        async def tell(attempt: Attempt) -> None:
            self.ended.put_nowait(attempt.id)

        await self.bus.open()
        await self.ours.open()
        self.worker = Worker("w1", self.ledger, self.runs, lanes, tell, self.ours)
        self.worker.start()
        await self.idle(*lanes)
        return self.worker

    async def idle(self, *lanes: Lane) -> None:
        async with asyncio.timeout(10):
            while len(self.worker._idle) < len(lanes) or not self.ours.topics:  # noqa: ASYNC110 - told by nobody
                await asyncio.sleep(0.001)

    async def final(self, id: str) -> Attempt:
        async with asyncio.timeout(10):
            while True:
                row = await self.ledger.attempt(id)
                if row is not None and row.state not in (AttemptState.OPEN, AttemptState.CLAIMED):
                    return row
                await self.ended.get()


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    ledger = Counting()
    await ledger.open()
    made = Shop(ledger, await ledger.claim(HOME, await ledger.heartbeat(HostRow("h", "i", 1, "127.0.0.1:1"), 60_000)))
    yield made
    await made.worker.stop()
    for bus in (made.bus, made.ours):
        await bus.close()
    await ledger.close()


async def test_g300_an_answer_names_the_lanes_that_wait_and_the_next_attempt_comes_to_one(shop: Shop) -> None:
    """G-300: the lane that answered and an idle one beside it ask; what is handed runs without a claim of theirs."""
    await shop.start(QUICK, FILM)
    await shop.post("att_1")
    ring_workers(shop.bus, HOME)
    row = await shop.final("att_1")
    free = take_free(decode(row.result or b""))
    assert [(each.worker, each.steps) for each in free] == [("w1/quick0", ["enhance"]), ("w1/film0", ["video"])]
    assert free[1].takes("video", "animatic", "", 0)
    assert not free[1].takes("video", "diffusers", "", 0)
    assert not free[1].takes("video", "animatic", "", free[1].until_ms)
    assert free[0].until_ms - (row.heartbeat_at_ms or 0) >= FREE_MS
    await shop.idle(QUICK, FILM)
    await shop.post("att_2", "video", hand_to="w1/film0", needs="animatic")
    ring_workers(shop.bus, HOME)
    assert (await shop.final("att_2")).worker == "w1/film0"
    assert shop.ledger.claimed == ["att_1"]


async def test_g300_what_was_cancelled_before_anybody_looked_never_runs(shop: Shop) -> None:
    """G-300: handed over, and cancelled in the next append."""
    ran: list[str] = []
    shop.runs["enhance"] = lambda attempt, *_: ran.append(attempt.id) or {}
    await shop.start(QUICK)
    await shop.post("att_1", hand_to="w1/quick0")
    await shop.ledger.append(Append(HOME, shop.claim.epoch, shop.claim.seq, (), cancel_attempts=("att_1",)))
    ring_workers(shop.bus, HOME)
    assert (await shop.final("att_1")).state is AttemptState.CANCELLED
    assert ran == []


async def test_g301_a_worker_with_more_to_do_never_stops_to_claim(shop: Shop) -> None:
    """G-301: each end is the claim of the next."""
    await shop.start(QUICK)
    for n in range(5):
        await shop.post(f"att_{n}")
    claims = shop.ledger.claims
    ring_workers(shop.bus, HOME)
    for n in range(5):
        assert (await shop.final(f"att_{n}")).state is AttemptState.DONE
    assert shop.ledger.claims - claims <= 7  # in memory an end calls it: five ends, the first look, the look after


async def test_g302_new_work_makes_nobody_beat_and_a_cancel_only_who_runs_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G-302: a ring for work of the same project, or for another's cancel, costs a running attempt nothing."""
    monkeypatch.setattr("serve_app.worker.BEAT_S", 60.0)
    begun, go_on = threading.Event(), threading.Event()

    def film(_attempt: Attempt, _request: dict[str, Any], report: Report) -> dict[str, Any]:
        begun.set()
        while not go_on.is_set() and not report.cancelled():
            time.sleep(0.001)
        return {}

    shop.runs["video"] = film
    await shop.start(QUICK, FILM)
    await shop.post("att_film", "video")
    ring_workers(shop.bus, HOME)
    assert await asyncio.to_thread(begun.wait, 10)
    await shop.post("att_1")
    ring_workers(shop.bus, HOME, ("att_other",))
    await shop.final("att_1")
    assert shop.ledger.beats == 0
    shop.ledger.changed.clear()
    ring_workers(shop.bus, HOME, ("att_film",))
    async with asyncio.timeout(10):
        await shop.ledger.changed.wait()
    go_on.set()
    await shop.final("att_film")


@pytest.mark.parametrize("told", [None, 7, "w1", [["w1", ["enhance"], [], ""]], [[1, [], [], "", 5]], [{}]])
def test_g300_a_worker_that_says_it_otherwise_asked_for_nothing(told: Any) -> None:
    """G-300: an older or foreign worker's answer is an answer all the same."""
    answer = {"fine": True, "@free": told}
    assert take_free(answer) == []
    assert answer == {"fine": True}
    assert take_free({"fine": True}) == []
    good = {"@free": [["w1", ["enhance"], ["x"], "m", 9], "odd"]}
    assert take_free(good) == [Free("w1", ["enhance"], ["x"], "m", 9)]
