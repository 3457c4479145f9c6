"""Partial results a step may not forget, on the real in-memory ledger: kept, cancelled, taken over, ledger away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gpu.steps import take_free
from serve_app import durable_steps
from serve_app.worker import ClaimLost, Lane, Report, StepCancelled, Worker
from storage.codec import decode, encode
from storage.ledger.errors import Unavailable
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Attempt, AttemptState, HostRow, NewAttempt

pytestmark = pytest.mark.unit

HOME, ID = "prj_durable000", "att_000000000001"
Step = Callable[[Report], Awaitable[dict[str, Any]]]


class Waits:
    """A step on the loop, as its test says it."""

    def __init__(self, step: Step) -> None:
        self._step = step

    async def wait(self, _attempt: Attempt, _request: dict[str, Any], report: Report) -> dict[str, Any]:
        return await self._step(report)


class Flaky(MemoryLedger):
    """Its beats with a partial result fail `down` times."""

    down = 0

    async def beat_attempt(
        self, id: str, worker: str, *, progress: float, message: str, result: bytes | None = None
    ) -> bool:
        if result is not None and self.down > 0:
            self.down -= 1
            raise Unavailable("disk is away")
        return await super().beat_attempt(id, worker, progress=progress, message=message, result=result)


async def run(ledger: MemoryLedger, step: Any, *, beside: Callable[[], Awaitable[None]] | None = None) -> Attempt:
    """One attempt of `step` to its end; its row."""
    host = await ledger.heartbeat(HostRow("host-1", "inc-1", 1, "127.0.0.1:1"), 60_000)
    claim = await ledger.claim(HOME, host)
    new = NewAttempt(ID, HOME, "scn_x", "job_1", "video", 1, encode({}), timeout_ms=60_000)
    await ledger.append(Append(HOME, claim.epoch, claim.seq, (), attempts=(new,)))
    ended = asyncio.Event()

    async def tell(attempt: Attempt) -> None:
        row = await ledger.attempt(attempt.id)
        if row is not None and row.state is not AttemptState.CLAIMED:
            ended.set()

    worker = Worker("w1", ledger, {"video": step}, (Lane("vendors", ("video",)),), tell)
    worker.start()
    async with asyncio.timeout(10):
        if beside is not None:
            await beside()
        await ended.wait()
    await worker.stop()
    row = await ledger.attempt(ID)
    assert row is not None
    return row


async def cancel(ledger: MemoryLedger) -> None:
    owner = await ledger.owner(HOME)
    assert owner is not None
    await ledger.append(Append(HOME, owner.epoch, owner.seq, (), cancel_attempts=(ID,)))


async def test_g260_what_is_durable_is_on_the_row_when_the_call_comes_back() -> None:
    """G-260: a step in a thread goes on only when the ledger has its partial result, also when the ledger was away."""
    ledger = Flaky()
    ledger.down = 2
    seen: list[Any] = []

    def step(_attempt: Attempt, _request: dict[str, Any], report: Report) -> dict[str, Any]:
        report.durable({"task": "v1"})
        row = asyncio.run(ledger.attempt(ID))
        seen.append(decode(row.result or b"") if row else None)
        return {"fine": True}

    durable_steps.AGAIN_S, before = 0.01, durable_steps.AGAIN_S
    try:
        row = await run(ledger, step)
    finally:
        durable_steps.AGAIN_S = before
    assert (seen, ledger.down) == ([{"task": "v1"}], 0)
    assert row.state is AttemptState.DONE


async def test_g260_a_cancelled_step_stores_and_stops() -> None:
    """G-260: a cancel that came meanwhile stops the step, and what it wanted kept is kept: somebody must undo it."""
    ledger, went, asked = MemoryLedger(), asyncio.Event(), asyncio.Event()
    told: list[Any] = []

    async def step(report: Report) -> dict[str, Any]:
        went.set()
        await asked.wait()
        try:
            await report.stored({"task": "v1"})
        except ClaimLost:
            told.append("lost")
        except StepCancelled:
            told.append(await report.unwanted())
        raise StepCancelled

    async def beside() -> None:
        await went.wait()
        await cancel(ledger)
        asked.set()

    row = await run(ledger, Waits(step), beside=beside)
    assert (told, row.state) == ([True], AttemptState.CANCELLED)


async def test_g260_a_lost_claim_stores_nothing() -> None:
    """G-260: whoever lost its claim writes nothing and is told so; leaving is not a cancel."""
    ledger, told = MemoryLedger(), []

    async def step(report: Report) -> dict[str, Any]:
        held = durable_steps.Held(ledger, ID, "somebody before", lambda: False)
        try:
            await held.store(encode({"task": "late"}), 0.5, "")
        except ClaimLost:
            told.append(await held.unwanted())
        return {"fine": True}

    row = await run(ledger, Waits(step))
    answer = decode(row.result or b"")
    take_free(answer)
    assert (told, answer) == ([False], {"fine": True})


async def test_g261_steps_that_wait_hold_no_thread() -> None:
    """G-261: a step that waits for others runs on the loop: many at once cost no thread each."""
    threads: set[str] = set()

    async def step(_report: Report) -> dict[str, Any]:
        threads.add(threading.current_thread().name)
        return {}

    assert (await run(MemoryLedger(), Waits(step))).state is AttemptState.DONE
    assert threads == {threading.current_thread().name}
