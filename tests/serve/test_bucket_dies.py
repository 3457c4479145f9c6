"""The bucket's server is killed in the middle of a job of the deployed stack, and comes back (G-313)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve_app.steps.patience import AWAY
from storage.codec import decode
from storage.objects.s3 import S3Objects
from tests.conftest import Stack, start_stack, stop_stack
from tests.s3_server import S3Server
from tests.serve.films_in_motion import Film, fact

pytestmark = [pytest.mark.serve, pytest.mark.proof]

BUCKET = "films"
AWAY_S = 5.0
"""How long it stays away once somebody was told so."""


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "weed", BUCKET)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def on_bucket(bucket: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {
        "s3_bucket": BUCKET,
        "s3_endpoint": bucket.endpoint,
        "s3_access_key_id": bucket.access,
        "s3_secret_access_key": bucket.secret,
    }
    folder: Path = tmp_path_factory.mktemp("on_bucket")
    stack = start_stack(folder / "data", settings=settings)
    yield stack
    stop_stack(stack)


@pytest.mark.parametrize("when", ["board", "film"])
async def test_g313_a_bucket_that_dies_in_a_job_costs_time_only(bucket: S3Server, on_bucket: Stack, when: str) -> None:
    """G-313: killed before the first frame is stored, and in mid-film: one sentence says that the store is waited for,
    the job ends once, nothing is rendered again, and every object of the take is there in whole."""
    if when == "board":
        bucket.stop()
    film = await Film.asked(on_bucket, f"Its bucket dies: {when}", shots=8)
    watching = asyncio.create_task(film.watch())
    if when == "film":
        await film.drawing()
        bucket.stop()

    async def told() -> bool:
        return any(AWAY in (each["message"] or "") for each in film.seen)

    await fact(told)
    await asyncio.sleep(AWAY_S)
    await asyncio.to_thread(bucket.start)
    await film.over(watching)
    rows = await film.rows()
    assert {(row.number, row.claims) for row in rows} == {(1, 1)}
    words = [each["message"] or "" for each in film.seen]
    said = [each for each in words if AWAY in each or "fail" in each.lower()]
    assert set(said) == {AWAY}, said
    (drawn,) = [decode(row.result or b"") for row in rows if row.step == "video"]
    objects = S3Objects(bucket.place(BUCKET))
    for name, kept in drawn["files"].items():
        there = await objects.head(kept["key"])
        assert there is not None, name
        assert (there.size, there.sha256) == (kept["bytes"], kept["sha256"]), name
    objects.close()
    print(f"\n{when}: told {len(said)} times, {len(drawn['files'])} objects of the take there")
