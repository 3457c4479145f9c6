"""Rendering elsewhere on a real S3 server and Valkey: strangers put their film at `output.path` in the bucket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from serve_app.remote.worker import RemoteWorker
from storage.objects.s3 import S3Objects
from storage.queue.protocol import Names
from tests.contract.storage import valkey
from tests.s3_server import S3Server
from tests.unit.serve_app.remote.rig import Rig, Stranger, film_bytes
from tests.unit.serve_app.remote.test_worker import renderer

pytestmark = [pytest.mark.serve, pytest.mark.proof]

BUCKET = "remote"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "weed", BUCKET)
    yield server
    server.stop()


@pytest.fixture
async def rig(bucket: S3Server, tmp_path: Path) -> AsyncIterator[Rig]:
    with valkey.running() as server:
        made = await Rig.open(valkey.url_of(server), tmp_path, Names("t:jobs", "t:results"))
        objects = made.objects = S3Objects(bucket.place(BUCKET))  # type: ignore[assignment]
        yield made
        await made.close()
        objects.close()


class BucketStranger(Stranger):
    """Uploads by its own boto3, and answers with an address that it signed."""

    bucket: S3Server

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        client = boto3.client(
            "s3",
            endpoint_url=self.bucket.endpoint,
            aws_access_key_id=self.bucket.access,
            aws_secret_access_key=self.bucket.secret,
            region_name="us-east-1",
        )
        client.put_object(Bucket=BUCKET, Key=self.key(job), Body=self.film)
        video = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": self.key(job)})
        client.close()
        return {"job_id": job["job_id"], "status": "success", "artifacts": {"video": video}}

    def key(self, job: dict[str, Any]) -> str:
        return str(job["output"]["path"])


class ElsewhereStranger(BucketStranger):
    """Puts its film where it likes; only the signed address finds it."""

    def key(self, job: dict[str, Any]) -> str:
        return f"theirs/{job['job_id']}.mp4"


@pytest.mark.parametrize("kind", [BucketStranger, ElsewhereStranger])
async def test_a_film_in_the_bucket_becomes_a_take(rig: Rig, bucket: S3Server, kind: type[BucketStranger]) -> None:
    """G-291, G-296: from its key, or from the address that the worker signed."""
    kind.bucket = bucket
    worker = kind(rig, film_bytes(rig.folder))
    try:
        rig.dispatcher()
        media = await rig.media(await rig.order())
    finally:
        worker.stop()
    assert await rig.objects.head(media["playlist_key"]) is not None


async def test_our_worker_stores_the_take_in_the_bucket(rig: Rig) -> None:
    """G-297"""
    rig.dispatcher()
    worker = RemoteWorker("w1", rig.lists, renderer(rig), hold_s=2.0, step_s=0.1, idle_s=0.3)
    task = asyncio.ensure_future(worker.run())
    media = await rig.media(await rig.order())
    worker.leave()
    await task
    assert await rig.objects.head(media["video_key"]) is not None


async def test_another_program_gets_a_signed_address(rig: Rig) -> None:
    """G-298"""
    made = renderer(rig)
    made._address = lambda key: rig.objects.presigned_get(key, 60)  # type: ignore[attr-defined]
    body = (
        b'{"job_id":"theirs","backend":"stub","input":{"prompt":"A pier.","duration_sec":0.3},'
        b'"output":{"path":"episodes/e/b.mp4"},"meta":{}}'
    )
    await rig.direct.rpush("t:jobs", body)
    worker = RemoteWorker("w1", rig.lists, made, hold_s=2.0, step_s=0.1, idle_s=0.3)
    task = asyncio.ensure_future(worker.run())
    result = await rig.lists.take_result(20)
    worker.leave()
    await task
    assert result is not None
    assert b"episodes/e/b.mp4?" in result
