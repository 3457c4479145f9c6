"""Jobs of a project that nobody comes to, after its host has died."""

from __future__ import annotations

import asyncio

import pytest

from actors.commands import CreateScene, GenerateScene
from actors.runtime.host import StoryRuntime
from actors.views import OPEN_JOB, JobView, order_ms
from gpu.steps import Step
from storage.ledger.memory import MemoryLedger
from tests.unit.actors.scene.worker import SmallWorker
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit
HOUR_MS = 3_600_000

SCRIPT = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n\nEDWARD\nSoup!\n"


async def state_of(ledger: MemoryLedger, job: str) -> str:
    view = await ledger.view("job", job)
    assert view is not None
    return JobView.from_blob(view.body or b"").state


async def work_until(ledger: MemoryLedger, runtime: StoryRuntime, job: str, state: str, it: Story) -> None:
    """A worker answers whatever is asked, until the job is there."""
    worker = SmallWorker(ledger)
    async with asyncio.timeout(20):
        while await state_of(ledger, job) != state:
            attempt = await worker.once()
            if attempt is None:
                await it.turned()
            else:
                await runtime.attempt_changed(attempt.home, attempt.id)


async def test_a94_a_job_goes_on_with_a_host_that_lives() -> None:
    """A-94: the worker's answer lies in its row, its owner is dead and nobody comes; whoever lives opens the project
    and takes the job to its end. One that waits for a person's pick is left alone."""
    ledger = MemoryLedger()
    first = Story(ledger, "h1", lease_ttl_ms=1_500, lease_margin_ms=100)
    await first.runtime.start()
    home = await first.create()
    scene = (await first.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"]
    job = (await first.ask(home, GenerateScene(scene))).ids["job"]
    await first.runtime.kill()
    assert await SmallWorker(ledger).once(Step.ENHANCE) is not None
    async with story(ledger, "h22", unattended_ms=50) as second:
        await second.until(lambda: second.runtime.owned(home) is not None)
        await work_until(ledger, second.runtime, job, "PREVIEW_READY", second)
        (row,) = await ledger.views(OPEN_JOB)
        assert row.order_key > order_ms(await ledger.now_ms() + HOUR_MS)
