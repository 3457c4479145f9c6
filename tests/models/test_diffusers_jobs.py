"""The whole job with diffusion models: an owner on a real ledger, a worker process, every step, a film that plays."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import av
import pytest

from actors.commands import CancelJob, CreateScene, GenerateScene
from actors.runtime.actor import Catalogue
from actors.views import JobView, TakeView
from gpu.steps import Step
from gpu.video.capabilities import ANIMATIC
from gpu.video.clips import picture
from gpu.video.models import DiffusersModel
from gpu.video.router import Router
from storage.codec import decode
from storage.ledger.protocol import Attempt, AttemptState
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects
from tests.conftest import ROOT
from tests.models import tiny
from tests.unit.actors.story import CATALOGUE, Story, story

pytestmark = pytest.mark.models

FAMILIES = sorted(tiny.BUILDERS)
SCRIPT = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n\nEDWARD\nSoup!\n"
STEPS, SLOW_STEPS = 4, 60
WAIT_S = 240


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny.built(tmp_path_factory.mktemp("models"))


class Studio:
    """An owner, and worker processes that share its folder."""

    def __init__(self, folder: Path, it: Story, models: list[dict[str, Any]]) -> None:
        self.folder, self.it, self.models = folder, it, models
        self.objects = LocalObjects(folder / "objects")
        self.workers: list[subprocess.Popen[str]] = []

    def hire(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.models.worker", str(self.folder), json.dumps(self.models)]
        env = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
        self.workers.append(subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.DEVNULL))
        return self.workers[-1]

    async def generate(self, backend: str) -> tuple[str, str, str]:
        home = await self.it.create()
        scene = (await self.it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"]
        made = await self.it.ask(home, GenerateScene(scene, auto_pick=True, backend=backend, seed="7"))
        return home, scene, made.ids["job"]

    async def until(
        self, home: str, job: str, holds: Callable[[JobView, Attempt | None], Any]
    ) -> tuple[JobView, Attempt | None]:
        """The job and its running attempt once it holds; the owner looks at the row each time."""
        row: Attempt | None = None
        with contextlib.ExitStack() as said:
            said.callback(lambda: print("the last row:", row and (row.step, row.state, row.progress, row.claims)))
            deadline = time.monotonic() + WAIT_S
            while True:
                assert time.monotonic() < deadline, "the job did not come so far"
                view = await self.it.ledger.view("job", job)
                assert view is not None
                seen = JobView.from_blob(view.body or b"")
                row = None if seen.attempt is None else await self.it.ledger.attempt(seen.attempt)
                assert seen.state != "FAILED", seen.error
                if holds(seen, row):
                    return seen, row
                if row is not None:
                    await self.it.runtime.attempt_changed(home, row.id)
                await self.it.turned()

    async def takes(self, scene: str) -> list[TakeView]:
        return [TakeView.from_blob(v.body or b"") for v in await self.it.ledger.views("take", parent=scene)]


@contextlib.asynccontextmanager
async def studio(folder: Path, models: list[dict[str, Any]]) -> AsyncIterator[Studio]:
    offers = [DiffusersModel.from_dict(each).capabilities for each in models]
    video = Router((ANIMATIC, *offers))
    ledger: Any = SqliteLedger(folder / "ledger.db")
    catalogue = Catalogue(CATALOGUE.brains, CATALOGUE.brain_default, video=video)
    await ledger.open()
    try:
        async with story(ledger, catalogue=catalogue) as it:
            made = Studio(folder, it, models)
            try:
                yield made
            finally:
                for worker in made.workers:
                    worker.kill()
                    worker.wait(20)
    finally:
        await ledger.close()


def rendering(seen: JobView, row: Attempt | None) -> bool:
    """In the middle of denoising: some steps are done, and a frame to look at is told."""
    if row is None or row.step != Step.VIDEO or row.state is not AttemptState.CLAIMED or row.result is None:
        return False
    return 0.01 < row.progress < 0.85 and "preview_key" in decode(row.result)


@pytest.mark.parametrize("family", FAMILIES)
async def test_g_250_a_job_goes_through_every_step_to_a_film_that_plays(
    folders: dict[str, Path], tmp_path: Path, family: str
) -> None:
    """G-250: from text to a take by a generative model: labelled with it, its recipe on it, MP4 and HLS play."""
    async with studio(tmp_path, [tiny.model(folders, family, STEPS)]) as it:
        it.hire()
        home, scene, job = await it.generate(family)
        seen, _ = await it.until(home, job, lambda seen, row: seen.state == "FINAL_READY")
        (take,) = await it.takes(scene)
        assert (take.id, take.backend, take.degraded) == (seen.take, family, False)
        film = tmp_path / "film.mp4"
        film.write_bytes(await it.objects.get(take.video_key))
        with av.open(str(film)) as container:
            frames = sum(1 for _ in container.decode(video=0))
        assert frames == round(take.duration_s * 24)
        playlist = (await it.objects.get(take.playlist_key)).decode()
        assert "#EXT-X-STREAM-INF" in playlist


async def test_g_251_a_worker_killed_in_mid_denoise_costs_time_only(folders: dict[str, Path], tmp_path: Path) -> None:
    """G-251: kill -9 between two denoise steps; another worker takes the attempt over, and there is one take. Before it
    died, progress and a frame to look at were on the row."""
    async with studio(tmp_path, [tiny.model(folders, "wan", SLOW_STEPS)]) as it:
        first = it.hire()
        home, scene, job = await it.generate("wan")
        _, row = await it.until(home, job, rendering)
        first.send_signal(signal.SIGKILL)
        first.wait(20)
        assert row is not None
        shown = picture(await it.objects.get(decode(row.result or b"")["preview_key"]))
        assert shown is not None
        assert shown.shape[1] == 320
        it.hire()
        await it.until(home, job, lambda seen, row: seen.state == "FINAL_READY")
        again = await it.it.ledger.attempt(row.id)
        assert again is not None
        assert (again.state, again.claims) == (AttemptState.DONE, 2)
        assert len(await it.takes(scene)) == 1


async def test_g_251_a_cancelled_job_stops_denoising_and_the_worker_goes_on(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    """G-251: the attempt ends as cancelled soon after somebody says so, no take is made, and the same worker then
    makes the next film."""
    models = [tiny.model(folders, "wan", SLOW_STEPS), tiny.model(folders, "animatediff", STEPS)]
    async with studio(tmp_path, models) as it:
        it.hire()
        home, scene, job = await it.generate("wan")
        _, row = await it.until(home, job, rendering)
        assert row is not None
        began = time.monotonic()
        await it.it.ask(home, CancelJob(scene, job))
        async with asyncio.timeout(20):
            while (ended := await it.it.ledger.attempt(row.id)) and ended.state is AttemptState.CLAIMED:
                await it.it.turned()
        took_s = time.monotonic() - began
        print(f"cancel to stopped: {took_s * 1000:.0f} ms")
        assert ended is not None
        assert ended.state is AttemptState.CANCELLED
        assert await it.takes(scene) == []
        made = await it.it.ask(home, GenerateScene(scene, auto_pick=True, backend="animatediff", seed="8"))
        await it.until(home, made.ids["job"], lambda seen, row: seen.state == "FINAL_READY")
        assert [take.backend for take in await it.takes(scene)] == ["animatediff"]
