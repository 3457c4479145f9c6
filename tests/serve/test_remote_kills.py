"""kill -9 of owner, dispatcher, worker and bridge at every boundary, and FLUSHALL in between: each job ends once.

Processes of their own on a real Valkey, a SQLite ledger, and objects in a folder or on a real S3 server. The fast
version with the same code, seeded, is `tests/unit/serve_app/remote/test_boundaries.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.codec import decode
from storage.ledger.protocol import FINAL_STATES, Attempt, AttemptState
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects
from storage.objects.protocol import ObjectStore
from storage.objects.s3 import S3Objects
from storage.queue.protocol import Names
from storage.queue.redis_lists import RedisLists
from tests.contract.storage import valkey
from tests.s3_server import S3Server
from tests.unit.serve_app.remote.fake_endpoint import FakeEndpoint
from tests.unit.serve_app.remote.rig import film_bytes

pytestmark = [pytest.mark.serve, pytest.mark.proof]

BUCKET = "remote"
ROOT = Path(__file__).resolve().parents[2]
DISPATCHER = ("claimed", "request stored", "pushed", "result taken", "finished", "committed")
WORKER = ("taken", "leased", "object 1", "object 4", "rendered", "pushed")
BRIDGE = ("taken", "leased", "asking", "accepted", "run noted", "over", "pushed")


class Stage:
    """`bucket`: where objects are; else in the folder."""

    def __init__(self, folder: Path, redis: str, bucket: S3Server | None) -> None:
        self.folder, self.redis, self.bucket = folder, redis, bucket
        self.processes = list[subprocess.Popen[str]]()

    def start(self, role: str, **more: str) -> subprocess.Popen[str]:
        told = {"redis": self.redis, "folder": str(self.folder), **more}
        if self.bucket is not None:
            told["bucket"] = [BUCKET, self.bucket.endpoint, self.bucket.access, self.bucket.secret]  # type: ignore[assignment]
        config = json.dumps(told)
        script = str(ROOT / "tests/serve/remote_process.py")
        made = subprocess.Popen(
            [sys.executable, script, role, config],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.processes.append(made)
        return made

    def objects(self) -> ObjectStore:
        return LocalObjects(self.folder / "objects") if self.bucket is None else S3Objects(self.bucket.place(BUCKET))

    def dies(self, process: subprocess.Popen[str]) -> None:
        assert process.wait(60) == -signal.SIGKILL

    def close(self) -> None:
        for each in self.processes:
            each.kill()
            each.wait()
            assert each.stdout is not None
            each.stdout.close()


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "weed", BUCKET)
    yield server
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    with valkey.running() as server:
        on = request.getfixturevalue("bucket") if request.param == "bucket" else None
        made = Stage(tmp_path, valkey.url_of(server), on)
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


class BucketEndpoint(FakeEndpoint):
    """Renders into the bucket."""

    bucket: S3Server

    def store(self, key: str) -> None:
        objects = S3Objects(self.bucket.place(BUCKET))
        asyncio.run(objects.put(key, self.film, content_type="video/mp4"))
        objects.close()


def endpoint_of(stage: Stage) -> FakeEndpoint:
    if stage.bucket is None:
        return FakeEndpoint(stage.folder / "objects/data", film_bytes(stage.folder))
    made = BucketEndpoint(stage.folder, film_bytes(stage.folder))
    made.bucket = stage.bucket
    return made


def check_objects(stage: Stage, row: Attempt) -> None:
    """Every file of the take is in the store, in whole."""

    async def run() -> None:
        objects = stage.objects()
        files = decode(row.result or b"")["files"]
        assert files
        for name, told in files.items():
            there = await objects.head(told["key"])
            assert there is not None, name
            assert (there.size, there.sha256) == (told["bytes"], told["sha256"]), name

    asyncio.run(run())


@pytest.mark.parametrize("flushed", [False, True], ids=["", "flush"])
@pytest.mark.parametrize(("role", "boundary"), CASES)
def test_each_job_ends_once_whoever_is_killed(stage: Stage, role: str, boundary: str, flushed: bool) -> None:
    """G-283, G-285, G-288, G-294, G-299, G-312: with objects in a folder, and in a bucket."""
    order = f"att_{secrets.token_hex(6)}"  # the bucket is of all these tests
    stage.dies(stage.start("owner", order=order))
    endpoint = endpoint_of(stage)
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
        row = asyncio.run(ended(stage, order))
    finally:
        endpoint.close()
    assert row.state is AttemptState.DONE, decode(row.error or b"\xc0")
    assert row.claims <= 2
    check_objects(stage, row)
    if role == "bridge" and not flushed:
        assert endpoint.rendered == {order: 1}
