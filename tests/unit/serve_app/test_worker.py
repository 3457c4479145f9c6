"""The worker on the real in-memory ledger: claims, beats, partial results, cancels, crashes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from gpu.steps import take_free
from serve_app.owner_bell import OwnerBell
from serve_app.worker import Lane, Report, StepCancelled, StepFailed, StepRun, Worker
from storage.bus.memory import Air, MemoryBus
from storage.bus.protocol import Topic, ring_workers
from storage.codec import decode, encode
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import (
    ATTEMPT_STALE_MS,
    CLAIMS_MAX,
    WORKER_LOST,
    Append,
    Attempt,
    AttemptState,
    Claim,
    HostRow,
    NewAttempt,
)

pytestmark = pytest.mark.unit

HOME = "prj_worker0000"


def said(row: Attempt) -> dict[str, Any]:
    """What the step answered; its worker's word that it is free stands beside it."""
    answer: dict[str, Any] = decode(row.result or b"")
    take_free(answer)
    return answer


class Shop:
    """A ledger with one owned home, and a worker on it."""

    def __init__(self, ledger: MemoryLedger, claim: Claim) -> None:
        self.ledger, self.claim, self.seq = ledger, claim, claim.seq
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.worker: Worker | None = None
        self.count = 0

    def new(self, step: str, **request: Any) -> NewAttempt:
        self.count += 1
        id = f"att_{self.count:012d}"
        return NewAttempt(id, HOME, "scn_x", f"job_{self.count}", step, 1, encode(request), timeout_ms=60_000)

    async def post(self, *attempts: NewAttempt) -> None:
        await self.ledger.append(Append(HOME, self.claim.epoch, self.seq, (), attempts=attempts))

    async def order(self, step: str = "enhance", **request: Any) -> str:
        attempt = self.new(step, **request)
        await self.post(attempt)
        return attempt.id

    def start(self, runs: dict[str, StepRun], *lanes: Lane) -> Worker:
        async def tell(attempt: Attempt) -> None:
            await self.told.put(attempt.id)

        self.worker = Worker("w1", self.ledger, runs, lanes or (Lane("only", ("enhance", "video")),), tell)
        self.worker.start()
        return self.worker

    async def until(self, id: str, holds: Callable[[Attempt], bool]) -> Attempt:
        """The row once it holds; looked at whenever the worker tells of a change."""
        async with asyncio.timeout(10):
            while True:
                row = await self.ledger.attempt(id)
                assert row is not None
                if holds(row):
                    return row
                await self.told.get()

    async def final(self, id: str) -> Attempt:
        return await self.until(id, lambda row: row.state not in (AttemptState.OPEN, AttemptState.CLAIMED))


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    ledger = MemoryLedger()
    await ledger.open()
    host = await ledger.heartbeat(HostRow("host-1", "inc-1", 1, "127.0.0.1:1"), 60_000)
    made = Shop(ledger, await ledger.claim(HOME, host))
    yield made
    if made.worker is not None:
        await made.worker.stop()
    await ledger.close()


async def test_g60_a_step_s_answer_is_on_its_row_and_nowhere_else(shop: Shop) -> None:
    """G-60: a worker answers by compare-and-set on the attempt row; the owner is only woken."""

    def run(_attempt: Attempt, request: dict[str, Any], _report: Report) -> dict[str, Any]:
        return {"said": request["word"]}

    worker = shop.start({"enhance": run})
    id = await shop.order(word="hello")
    worker.wake()
    row = await shop.final(id)
    assert row.state is AttemptState.DONE
    assert said(row) == {"said": "hello"}


async def test_g61_partial_results_are_told_while_the_step_runs(shop: Shop) -> None:
    """G-61: what a step has so far is committed and told at once, not at the next beat."""
    go_on = threading.Event()

    def run(_attempt: Attempt, _request: dict[str, Any], report: Report) -> dict[str, Any]:
        report(0.25, "STORYBOARD|Frame 1 of 4", {"panels": [1]})
        assert go_on.wait(10)
        return {"panels": [1, 2]}

    worker = shop.start({"enhance": run})
    id = await shop.order()
    worker.wake()
    row = await shop.until(id, lambda row: row.result is not None)
    assert (row.state, decode(row.result or b""), row.progress) == (AttemptState.CLAIMED, {"panels": [1]}, 0.25)
    assert row.message == "STORYBOARD|Frame 1 of 4"
    go_on.set()
    assert said(await shop.final(id)) == {"panels": [1, 2]}


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (StepFailed("BAD_REQUEST", "no shots", False), "BAD_REQUEST", False),
        (RuntimeError("INT. KITCHEN - a private line"), "STEP_CRASHED", True),
    ],
)
async def test_g62_a_failure_is_an_outcome_with_a_code_and_no_story_text(
    shop: Shop, error: Exception, code: str, retryable: bool
) -> None:
    """G-62: a failed or crashed step ends its attempt with code, words and `retryable`; the worker goes on."""

    def run(attempt: Attempt, _request: dict[str, Any], _report: Report) -> dict[str, Any]:
        if attempt.id.endswith("1"):
            raise error
        return {"fine": True}

    worker = shop.start({"enhance": run})
    first, second = await shop.order(), await shop.order()
    worker.wake()
    row = await shop.final(first)
    body = decode(row.error or b"")
    assert (row.state, body["code"], body["retryable"]) == (AttemptState.FAILED, code, retryable)
    assert "private" not in body["message"]
    assert (await shop.final(second)).state is AttemptState.DONE
    worker.check()


async def test_g63_a_cancel_reaches_the_running_step(shop: Shop) -> None:
    """G-63: a cancelled step sees it within a beat and its result does not count."""
    started = threading.Event()

    def run(_attempt: Attempt, _request: dict[str, Any], report: Report) -> dict[str, Any]:
        started.set()
        while not report.cancelled():
            report(0.5, "VIDEO_GENERATION|Drawing the film")
        raise StepCancelled

    worker = shop.start({"enhance": run})
    id = await shop.order()
    worker.wake()
    assert await asyncio.to_thread(started.wait, 10)
    append = Append(HOME, shop.claim.epoch, shop.seq, (), cancel_attempts=(id,))
    await shop.ledger.append(append)
    row = await shop.final(id)
    assert (row.state, row.result) == (AttemptState.CANCELLED, None)


async def test_g169_a_cancel_wakes_the_running_step(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """G-169: the wake-up of a cancel makes the worker look at once; it does not wait for its next beat."""
    monkeypatch.setattr("serve_app.worker.BEAT_S", 60.0)
    started = threading.Event()

    def run(_attempt: Attempt, _request: dict[str, Any], report: Report) -> dict[str, Any]:
        started.set()
        while not report.cancelled():
            time.sleep(0.001)
        raise StepCancelled

    air = Air()
    mine, theirs = MemoryBus(air), MemoryBus(air)
    await mine.open()
    await theirs.open()
    worker = Worker("w1", shop.ledger, {"enhance": run}, (Lane("only", ("enhance",)),), OwnerBell(mine), mine)
    worker.start()
    heard = theirs.subscribe(Topic.ATTEMPT)
    id = await shop.order()
    worker.wake()
    assert await asyncio.to_thread(started.wait, 10)
    await shop.ledger.append(Append(HOME, shop.claim.epoch, shop.seq, (), cancel_attempts=(id,)))
    async with asyncio.timeout(20):
        while (row := await shop.ledger.attempt(id)) is None or row.state is AttemptState.CLAIMED:
            ring_workers(theirs, HOME, (id,))
            await heard.next()
    assert row.state is AttemptState.CANCELLED
    await worker.stop()
    await mine.close()
    await theirs.close()


async def test_g167_a_worker_that_stops_gives_back_what_it_holds(shop: Shop) -> None:
    """G-167: the attempt is open again at once, with what was made so far, and has lost nobody."""
    begun, go_on = threading.Event(), threading.Event()

    def run(_attempt: Attempt, _request: dict[str, Any], report: Report) -> dict[str, Any]:
        report(0.5, "VIDEO_GENERATION|Drawing", {"so": "far"})
        begun.set()
        assert go_on.wait(10)
        return {}

    worker = shop.start({"enhance": run})
    id = await shop.order()
    worker.wake()
    assert await asyncio.to_thread(begun.wait, 10)
    await shop.until(id, lambda row: row.result is not None)
    await worker.stop()
    go_on.set()
    row = await shop.ledger.attempt(id)
    assert row is not None
    assert (row.state, row.claims, decode(row.result or b"")) == (AttemptState.OPEN, 0, {"so": "far"})


async def test_g166_an_attempt_that_took_its_workers_along_is_told_and_not_run(shop: Shop) -> None:
    """G-166: the worker that finds it tells the owner and goes on with other work."""
    now = shop.ledger._clock
    id = await shop.order()
    for n in range(CLAIMS_MAX):
        shop.ledger._attempts._clock = lambda n=n: now() + (ATTEMPT_STALE_MS + 1) * (n + 1)
        assert await shop.ledger.claim_attempt(f"dies-{n}", ["enhance"]) is not None
    shop.ledger._attempts._clock = lambda: now() + (ATTEMPT_STALE_MS + 1) * (CLAIMS_MAX + 1)
    ran: list[str] = []

    def run(attempt: Attempt, _request: dict[str, Any], _report: Report) -> dict[str, Any]:
        ran.append(attempt.id)
        return {}

    worker = shop.start({"enhance": run})
    row = await shop.final(id)
    assert decode(row.error or b"")["code"] == WORKER_LOST
    other = await shop.order()
    worker.wake()
    await shop.final(other)
    assert ran == [other]


async def test_g161_a_lane_takes_what_it_offers(shop: Shop) -> None:
    """G-161, G-163: what it offers and has loaded goes with its claims."""
    wanted = replace(shop.new("enhance"), needs="gpu", affinity="m1")
    other = replace(shop.new("enhance"), needs="tpu")
    await shop.post(wanted, other)
    lanes = (Lane("only", ("enhance",), offers=("gpu",)),)
    told: asyncio.Queue[str] = asyncio.Queue()

    async def tell(attempt: Attempt) -> None:
        await told.put(attempt.id)

    worker = Worker("w1", shop.ledger, {"enhance": lambda *_: {}}, lanes, tell, loaded=lambda: "m1")
    worker.start()
    async with asyncio.timeout(10):
        assert await told.get() == wanted.id
    await worker.stop()
    row = await shop.ledger.attempt(other.id)
    assert row is not None
    assert row.state is AttemptState.OPEN


async def test_g64_a_film_does_not_hold_up_a_first_panel(shop: Shop) -> None:
    """G-64: video has a lane of its own."""
    go_on = threading.Event()

    def video(_attempt: Attempt, _request: dict[str, Any], _report: Report) -> dict[str, Any]:
        assert go_on.wait(10)
        return {}

    def enhance(_attempt: Attempt, _request: dict[str, Any], _report: Report) -> dict[str, Any]:
        return {}

    worker = shop.start({"enhance": enhance, "video": video}, Lane("video", ("video",)), Lane("quick", ("enhance",)))
    film, quick = await shop.order("video"), await shop.order("enhance")
    worker.wake()
    assert (await shop.final(quick)).state is AttemptState.DONE
    held = await shop.ledger.attempt(film)
    assert held is not None
    assert held.state is AttemptState.CLAIMED
    go_on.set()
    assert (await shop.final(film)).state is AttemptState.DONE


async def test_a90_a_wake_up_finds_work_and_a_change_is_told_on_the_bus(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A-90: the worker looks when the bus says so, long before it would by itself, and rings the owner by it."""
    monkeypatch.setattr("serve_app.worker.POLL_LIVE_S", 60.0)
    air = Air()
    mine, theirs = MemoryBus(air), MemoryBus(air)
    await mine.open()
    await theirs.open()
    heard = theirs.subscribe(Topic.ATTEMPT)
    worker = Worker("w1", shop.ledger, {"enhance": lambda *_: {}}, (Lane("only", ("enhance",)),), OwnerBell(mine), mine)
    worker.start()
    async with asyncio.timeout(20):
        while worker._woken["only"].is_set() or not mine.topics:  # noqa: ASYNC110 - until it has nothing to do
            await asyncio.sleep(0.01)
        id = await shop.order()
        ring_workers(theirs, HOME)
        async for wake in heard:
            if wake.what == f"{HOME}/{id}":
                break
    await worker.stop()
    await mine.close()
    await theirs.close()
