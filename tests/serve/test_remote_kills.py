"""kill -9 of owner, dispatcher, worker and bridge at every boundary, and FLUSHALL in between: each job ends once.

Processes of their own on a real Valkey and a SQLite ledger. The fast version with the same code, seeded, is
`tests/unit/serve_app/remote/test_boundaries.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.codec import decode
from storage.ledger.protocol import FINAL_STATES, Attempt, AttemptState
from storage.ledger.sqlite import SqliteLedger
from storage.queue.protocol import Names
from storage.queue.redis_lists import RedisLists
from tests.contract.storage import valkey
from tests.unit.serve_app.remote.fake_endpoint import FakeEndpoint
from tests.unit.serve_app.remote.rig import film_bytes

pytestmark = [pytest.mark.serve, pytest.mark.proof]

ROOT = Path(__file__).resolve().parents[2]
DISPATCHER = ("claimed", "request stored", "pushed", "result taken", "finished", "committed")
WORKER = ("taken", "leased", "rendered", "pushed")
BRIDGE = ("taken", "leased", "asking", "accepted", "run noted", "over", "pushed")


class Stage:
    def __init__(self, folder: Path, redis: str) -> None:
        self.folder, self.redis, self.processes = folder, redis, list[subprocess.Popen[str]]()

    def start(self, role: str, **more: str) -> subprocess.Popen[str]:
        config = json.dumps({"redis": self.redis, "folder": str(self.folder), **more})
        script = str(ROOT / "tests/serve/remote_process.py")
        made = subprocess.Popen(
            [sys.executable, script, role, config],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.processes.append(made)
        return made

    def dies(self, process: subprocess.Popen[str]) -> None:
        assert process.wait(60) == -signal.SIGKILL

    def close(self) -> None:
        for each in self.processes:
            each.kill()
            each.wait()
            assert each.stdout is not None
            each.stdout.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with valkey.running() as server:
        made = Stage(tmp_path, valkey.url_of(server))
        yield made
        made.close()


async def ended(stage: Stage, id: str) -> Attempt:
    """The row, once it is final and the lists hold nothing of it."""
    ledger = SqliteLedger(stage.folder / "ledger.db")
    lists = RedisLists(stage.redis, Names("t:jobs", "t:results"))
    await ledger.open()
    try:
        async with asyncio.timeout(60):
            while True:
                row, sizes = await ledger.attempt(id), await lists.sizes()
                if row is not None and row.state in FINAL_STATES and not (sizes.taken or sizes.results_taken):
                    return row
                await asyncio.sleep(0.1)
    finally:
        await lists.close()
        await ledger.close()


def flush(stage: Stage) -> None:
    async def run() -> None:
        lists = RedisLists(stage.redis)
        await lists._quick.flushall()
        await lists.close()

    asyncio.run(run())


CASES = [
    (role, at) for role, many in (("dispatcher", DISPATCHER), ("worker", WORKER), ("bridge", BRIDGE)) for at in many
]


@pytest.mark.parametrize("flushed", [False, True], ids=["", "flush"])
@pytest.mark.parametrize(("role", "boundary"), CASES)
def test_each_job_ends_once_whoever_is_killed(stage: Stage, role: str, boundary: str, flushed: bool) -> None:
    """G-283, G-285, G-288, G-294, G-299"""
    stage.dies(stage.start("owner", order="att_1"))
    endpoint = FakeEndpoint(stage.folder / "objects/data", film_bytes(stage.folder))
    try:
        other = {"endpoint": endpoint.url}
        mortal = stage.start(role, die_at=boundary, **other)
        if role == "dispatcher":
            stage.start("worker")
        else:
            stage.start("dispatcher")
        stage.dies(mortal)
        if flushed:
            flush(stage)
        stage.start(role, **other)
        row = asyncio.run(ended(stage, "att_1"))
    finally:
        endpoint.close()
    assert row.state is AttemptState.DONE, decode(row.error or b"\xc0")
    assert row.claims <= 2
    if role == "bridge" and not flushed:
        assert endpoint.rendered == {"att_1": 1}
