"""Our worker on the lists, beside the dispatcher: the animatic renders, Valkey keeps the lists."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from gpu.video.animatic import AnimaticBackend
from serve_app.remote.rendering import NoCache, Renderer
from serve_app.remote.worker import RemoteWorker
from serve_app.steps.stores import StepStores
from serve_app.steps.typed import typed
from serve_app.steps.video import Video
from serve_app.worker import Report, StepCancelled, StepFailed
from storage.codec import decode
from storage.ledger.protocol import AttemptState
from storage.queue.protocol import Job, Result
from storage.queue.wire import read_result
from tests.unit.serve_app.remote.rig import Rig

pytestmark = pytest.mark.unit


def renderer(rig: Rig, **backends: str) -> Renderer:
    stores, animatic = StepStores(asyncio.get_running_loop(), rig.objects, NoCache()), AnimaticBackend()
    return Renderer(stores, typed(Video(stores, animatic)), backends, animatic, card="none")


class Slow:
    """Renders until it is told to stop, or `go`."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def render(self, job: Job, delivery: int, report: Report) -> Result:
        self.begun.set()
        report(0.5, "VIDEO_GENERATION|Step 5 of 10")
        while not self.go.wait(0.005):
            if report.cancelled():
                raise StepCancelled
        raise StepFailed("OUT_OF_MEMORY", "the card is full", True)


class Running:
    def __init__(self, rig: Rig, renders: Any, name: str = "w1") -> None:
        self.worker = RemoteWorker(name, rig.lists, renders, hold_s=0.5, step_s=0.02, idle_s=0.2)
        self.task = asyncio.ensure_future(self.worker.run())

    async def __aenter__(self) -> RemoteWorker:
        return self.worker

    async def __aexit__(self, *_error: object) -> None:
        self.worker.leave()
        await self.task


async def test_our_worker_makes_the_whole_take(rig: Rig) -> None:
    """G-297: rendered from the whole request, stored under the attempt's prefix, and nothing is encoded twice."""
    dispatcher = rig.dispatcher()
    async with Running(rig, renderer(rig, animatediff="animatic")) as worker:
        id = await rig.order()
        media = await rig.media(id)
        await rig.fact(lambda: worker.counts["done"])
    assert (media["backend"], media["degraded"]) == ("animatic", True)
    assert media["playlist_key"].startswith("videos/prj_remote0000/")
    assert dispatcher.counts["done"] == 1


async def test_our_worker_shows_how_far_it_is_and_stops_within_a_step(rig: Rig) -> None:
    """G-292, G-287: progress and words on the row; a cancel is heard at the next step, and the list is clean."""
    slow = Slow()
    rig.dispatcher()
    async with Running(rig, slow) as worker:
        id = await rig.order()
        row = await rig.until(id, lambda row: row.progress == 0.5)
        assert row.message == "VIDEO_GENERATION|Step 5 of 10"
        await rig.cancel(id)
        assert (await rig.final(id)).state is AttemptState.CANCELLED
        await rig.fact(lambda: worker.counts["cancelled"])
    sizes = await rig.lists.sizes()
    assert (sizes.jobs, sizes.taken, sizes.results) == (0, 0, 0)


async def test_a_worker_that_is_told_to_go_gives_its_job_to_the_next_at_once(rig: Rig) -> None:
    """G-286"""
    slow = Slow()
    rig.dispatcher()
    id = await rig.order()
    async with Running(rig, slow) as worker:
        await rig.fact(slow.begun.is_set)
    assert worker.counts["put_back"] == 1
    assert (await rig.lists.sizes()).jobs == 1
    async with Running(rig, renderer(rig), "w2"):
        await rig.media(id)


async def test_a_step_s_failure_is_told_in_words(rig: Rig) -> None:
    """G-294"""
    slow = Slow()
    slow.go.set()
    rig.dispatcher()
    async with Running(rig, slow):
        row = await rig.final(await rig.order())
    error = decode(row.error or b"")
    assert (error["code"], error["message"]) == ("REMOTE_FAILED", "the card is full (OUT_OF_MEMORY)")


async def test_what_is_no_job_is_a_dead_letter_and_its_sender_hears_of_it(rig: Rig) -> None:
    """G-289"""
    await rig.direct.rpush("t:jobs", b"\xff", json.dumps({"job_id": "theirs", "input": {}}))
    async with Running(rig, Slow()) as worker:
        await rig.fact(lambda: worker.counts["unreadable"] == 2)
    said = read_result(await rig.lists.take_result(1) or b"")
    assert (said.job_id, said.success, said.retryable) == ("theirs", False, False)
    assert [letter.id for letter in await rig.lists.dead()][1] == "theirs"
    assert (await rig.lists.sizes()).taken == 0


async def test_a_job_of_another_program_is_rendered_from_its_words(rig: Rig) -> None:
    """G-298: one MP4 at the path it names, a result in the list it names."""
    job = {
        "job_id": "theirs-1",
        "backend": "stub",
        "input": {"prompt": "A pier at night.", "duration_sec": 0.3, "motion": {"engine": "sparse", "params": {}}},
        "output": {"path": "episodes/e1/b1.mp4"},
        "meta": {"episode_id": "e1", "beat_id": "b1", "attempt": 4, "result_queue": "t:theirs"},
    }
    await rig.direct.rpush("t:jobs", json.dumps(job))
    async with Running(rig, renderer(rig)):
        _name, body = await rig.direct.blpop(["t:theirs"], timeout=20)
    said = json.loads(body)
    assert (said["job_id"], said["status"], said["meta"]["attempt"]) == ("theirs-1", "success", 4)
    assert said["artifacts"]["video"] == "episodes/e1/b1.mp4"
    assert await rig.objects.head("episodes/e1/b1.mp4") is not None


async def test_media_that_is_not_this_take_s_is_not_believed(rig: Rig) -> None:
    """G-297: a result may name only objects under its attempt's prefix, and they must be there."""
    rig.dispatcher()
    for media in (
        {"files": {"x": {"key": "videos/other/x"}}, "playlist_key": "videos/other/x"},
        {"files": {}},
        {"playlist_key": 5},
    ):
        id = await rig.order()
        await rig.fact(lambda: rig.direct.llen("t:jobs"))
        await rig.direct.delete("t:jobs")
        said = {"job_id": id, "status": "success", "artifacts": {"media": media}}
        await rig.direct.rpush("t:results", json.dumps(said))
        assert decode((await rig.final(id)).error or b"")["code"] == "REMOTE_BAD_MEDIA"
