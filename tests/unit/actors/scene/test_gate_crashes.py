"""An owner that dies at a commit of a job that is held and corrected: each thing happens once, whoever goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import pytest

from actors.commands import CommandError, GenerateScene, UseCorrection
from actors.project.actor import project_id
from storage.ledger.errors import LedgerError
from tests.unit.actors.outbox.test_desk import CrashingLedger
from tests.unit.actors.scene.test_gate import PLAY, RIGHT, Held
from tests.unit.actors.story import ANNA, Story, story
from tests.unit.actors.worlds import until

pytestmark = pytest.mark.unit

HOME = project_id(ANNA, "make")


async def film(it: Story, dead: Callable[[], bool]) -> Held | None:
    """Somebody asks for a film, takes its correction and gets it, under keys that make each step harmless to repeat.
    None: the owner died on the way."""
    await it.bring(PLAY, key="make")
    scene = Held(it, HOME, (await it.ledger.views("scene", parent=HOME))[-1].id)
    job = (await it.ask(HOME, GenerateScene(scene.scene, auto_pick=True), key="film")).ids["job"]

    async def decided() -> bool:
        types = await scene.types()
        return "held" in types or "corrected" in types

    async def ended() -> bool:
        return (await scene.job(job)).state == "FINAL_READY"

    if not await worked(scene, decided, dead):
        return None
    await it.ask(HOME, UseCorrection(scene.scene, job), key="fix")
    return scene if await worked(scene, ended, dead) else None


async def worked(scene: Held, over: Callable[[], Awaitable[bool]], dead: Callable[[], bool]) -> bool:
    """A worker goes on until it is over; False: the owner died."""

    async def look() -> bool:
        attempt = await scene.worker.once()
        if attempt is not None and not dead():
            await scene.it.runtime.attempt_changed(HOME, attempt.id)
        return dead() or await over()

    await until(look)
    return not dead()


@pytest.mark.parametrize("at", range(2, 15))
async def test_g330_whatever_commit_is_the_last(at: int) -> None:
    """G-330: before it or right after it (by turns): held once, corrected once in the script and in the job, let
    through once, and one take."""
    ledger = CrashingLedger(at, after=at % 2 == 0)
    first = Story(ledger, "h1", settle_ms=5, settle_lag_ms=20)
    await first.runtime.start()
    with contextlib.suppress(LedgerError, CommandError):
        await film(first, lambda: ledger.dead)
    await first.runtime.kill()
    async with story(ledger, "h22", settle_ms=5, settle_lag_ms=20) as second:
        await second.runtime.open(HOME, create=True, depose="h1-1")
        scene = await film(second, lambda: False)
        assert scene is not None
        types = await scene.types()
        once = ("created", "held", "corrected", "continuity_checked", "final_ready")
        assert {name: types.count(name) for name in once} == dict.fromkeys(once, 1)
        assert types.count("scene.corrected") == 1
        assert (await scene.script(), len(await scene.takes())) == (RIGHT, 1)
