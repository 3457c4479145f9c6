"""Workers are killed at every boundary of a step, on real files: each job ends once (G-173, G-174)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from actors.commands import GenerateScene
from storage.codec import decode
from storage.ledger.protocol import AttemptState
from tests.jobs_owner import Owner, WorkerProcess, owner

pytestmark = pytest.mark.serve

BOUNDARIES = ("claimed", "partial", "finishing")


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Owner]:
    async with owner(tmp_path) as made:
        yield made


async def film(it: Owner, **how: Any) -> tuple[str, str, str]:
    home, scene = await it.scene()
    asked = await it.ask(home, scene, GenerateScene(scene, auto_pick=True, **how))
    return home, scene, asked.ids["job"]


@pytest.mark.proof
@pytest.mark.parametrize("boundary", BOUNDARIES)
async def test_g173_a_worker_killed_anywhere_costs_its_job_time_only(it: Owner, tmp_path: Path, boundary: str) -> None:
    """G-173: SIGKILL after the claim, behind a durable part, before the end: another goes on where it stood."""
    home, scene, job = await film(it)
    async with WorkerProcess(tmp_path, parts=4, durable=True, stops=[boundary]) as dying:
        word, at, attempt = (await dying.line()).split()
        assert (word, at) == ("at", boundary)
        await dying.kill()
    async with WorkerProcess(tmp_path, parts=4, durable=True):
        seen = await it.until(job, lambda view: view.state in ("FINAL_READY", "FAILED"))
    assert seen.state == "FINAL_READY"
    rows = await it.ledger.attempts(home, job=job)
    films = [row for row in rows if row.step == "video"]
    assert [(row.id, row.state, row.claims) for row in films] == [(attempt, AttemptState.DONE, 2)]
    assert len(await it.ledger.views("take", parent=scene)) == 1
    kept = {"claimed": 0, "partial": 2, "finishing": 4}[boundary]
    assert films[0].result is not None
    assert len(drawn_by(films[0].result)) == (2 if 0 < kept < 4 else 1), "parts that were kept are not drawn anew"


def drawn_by(result: bytes) -> set[str]:
    return set(decode(result)["files"]["drawn"])


@pytest.mark.proof
async def test_g166_a_film_that_kills_its_workers_ends_by_name(it: Owner, tmp_path: Path) -> None:
    """G-166: three real processes die with it; the fourth ends it and lives."""
    _home, _scene, job = await film(it)
    for _ in range(3):
        async with WorkerProcess(tmp_path, stops=["claimed"]) as dying:
            await dying.line()
            await dying.kill()
    async with WorkerProcess(tmp_path):
        seen = await it.until(job, lambda view: view.state in ("FINAL_READY", "FAILED"))
        assert (seen.state, (seen.error or {})["code"]) == ("FAILED", "WORKER_LOST")


async def test_g174_a_worker_that_is_asked_to_stop_hands_its_film_over_at_once(it: Owner, tmp_path: Path) -> None:
    """G-174: on SIGTERM its claim is free before it is gone; the next goes on behind the last part that was kept."""
    _home, _scene, job = await film(it)
    async with AsyncExitStack() as stack:
        leaving = await stack.enter_async_context(WorkerProcess(tmp_path, parts=4000, part_ms=5, durable=True))
        seen = await it.until(job, lambda view: view.stage == "VIDEO_GENERATION" and view.attempt)
        assert seen.attempt is not None
        await it.partial(seen.attempt)
        await leaving.__aexit__()
        row = await it.ledger.attempt(seen.attempt)
        assert row is not None
        assert (row.state, row.claims) == (AttemptState.OPEN, 0)
        assert row.result is not None


@pytest.mark.proof
@pytest.mark.parametrize("boundary", BOUNDARIES)
async def test_k95_a_film_that_two_wait_for_is_rendered_once_whoever_is_killed(
    it: Owner, tmp_path: Path, boundary: str
) -> None:
    """K-95: SIGKILL of the worker that renders for both: another goes on with the same attempt, and both jobs end."""
    home, scene = await it.scene()
    ask = GenerateScene(scene, auto_pick=True, seed="42")
    jobs = [(await it.ask(home, scene, ask)).ids["job"] for _ in range(2)]
    async with WorkerProcess(tmp_path, parts=4, durable=True, stops=[boundary]) as dying:
        assert (await dying.line()).startswith(f"at {boundary}")
        for job in jobs:  # the other one waits for it too
            await it.until(job, lambda view: view.stage == "VIDEO_GENERATION" and view.attempt)
        await dying.kill()
    async with WorkerProcess(tmp_path, parts=4, durable=True), WorkerProcess(tmp_path, parts=4, durable=True):
        seen = [await it.until(job, lambda view: view.state in ("FINAL_READY", "FAILED")) for job in jobs]
    assert [view.state for view in seen] == ["FINAL_READY"] * 2
    films = [row for job in jobs for row in await it.ledger.attempts(home, job=job) if row.step == "video"]
    assert sorted(row.claims for row in films) == [0, 2]
    assert films[0].result == films[1].result
    assert len(await it.ledger.views("take", parent=scene)) == 2
