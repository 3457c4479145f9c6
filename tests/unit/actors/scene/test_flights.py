"""The same film asked for twice at once, through real owners on an in-memory ledger."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from actors.commands import CancelJob, CreateScene, RetryJob
from actors.scene.flights import flight_of
from actors.views import JobView, TakeView
from gpu.steps import Step
from storage.ledger.protocol import Attempt, AttemptState
from tests.unit.actors.scene.test_generation import SCRIPT, Scene, seen_by
from tests.unit.actors.story import CATALOGUE, Story, story

pytestmark = pytest.mark.unit

TO_THE_BOARD = (Step.ENHANCE, Step.CACHE)


@pytest.fixture
async def it() -> AsyncIterator[Story]:
    async with story(catalogue=replace(CATALOGUE, films_shared=True)) as made:
        yield made


async def scene_of(it: Story, title: str) -> Scene:
    home = await it.create(title)
    return Scene(it, home, (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"])


async def asked(scene: Scene) -> str:
    """A job with a seed that was asked for, up to its board."""
    job = await scene.generate(auto_pick=True, seed="42")
    await scene.steps(*TO_THE_BOARD)
    return job


async def waiting(scene: Scene, job: str) -> Attempt:
    rows = await scene.it.ledger.attempts(scene.home, job=job, open_only=True)
    assert len(rows) == 1
    return rows[0]


async def take_of(scene: Scene, job: str) -> TakeView:
    """The job's take, once all films were looked at."""
    while (row := await scene.worker.once(Step.OBSERVE)) is not None:
        await seen_by(scene.it, row.home, row.scene, row.id)
    takes = [take for take in await scene.takes() if take.job == job]
    assert len(takes) == 1
    return takes[0]


async def both_see(scene: Scene, other: Scene, first: Attempt, second: Attempt) -> None:
    await scene.seen(first.id)
    await other.seen(second.id)


async def together(one: Scene, other: Scene, step: Step) -> tuple[str, str]:
    """Both wait for this step; one is worked on, both see the end. Their attempts."""
    mine, theirs = [await s.it.ledger.attempts(s.home, open_only=True) for s in (one, other)]
    first = await one.worker.claim(step)
    assert first is not None
    assert await other.worker.claim(step) is None
    await one.worker.finish(first)
    await both_see(one, other, mine[-1], theirs[-1])
    return mine[-1].id, theirs[-1].id


async def test_two_projects_that_ask_at_once_render_once(it: Story) -> None:
    """K-93: board and film are drawn once, both jobs end with a take of their own, and one says whose film it is."""
    one, other = await scene_of(it, "One"), await scene_of(it, "Other")
    first, second = await asked(one), await asked(other)
    for step in (Step.STORYBOARD, Step.VIDEO):
        await together(one, other, step)
    mine, theirs = await take_of(one, first), await take_of(other, second)
    assert mine.video_key == theirs.video_key
    assert "sharedWith" not in json.loads(mine.recipe)["lineage"]
    assert json.loads(theirs.recipe)["lineage"]["sharedWith"] == first
    films = [row for row in (await it.ledger.attempts(one.home), await it.ledger.attempts(other.home)) for row in row]
    assert sum(row.claims for row in films if row.step == "video") == 1


async def test_each_project_keeps_to_itself_unless_films_are_shared() -> None:
    """K-93: the scope of the cache is the scope of flights; within a project, people fly together."""
    async with story() as it:
        one, other = await scene_of(it, "One"), await scene_of(it, "Other")
        jobs = [await asked(one), await asked(other), await asked(one)]
        rows = [await waiting(scene, job) for scene, job in zip((one, other, one), jobs, strict=True)]
        assert rows[0].flight != rows[1].flight
        assert rows[0].flight == rows[2].flight


async def test_a_cancel_of_the_first_is_no_cancel_of_the_second(it: Story) -> None:
    """K-94: before anybody began, and in the middle of it: the other takes over."""
    one, other = await scene_of(it, "One"), await scene_of(it, "Other")
    first, second = await asked(one), await asked(other)
    await it.ask(one.home, CancelJob(one.scene, first))
    await other.steps(Step.STORYBOARD)
    third = await asked(one)
    assert (await waiting(other, second)).step == "video"
    await one.steps(Step.STORYBOARD)
    running = await other.worker.claim(Step.VIDEO)
    assert running is not None
    assert running.job == second
    assert await one.worker.claim(Step.VIDEO) is None
    await it.ask(other.home, CancelJob(other.scene, second))
    await it.ledger.finish_attempt(running.id, other.worker.name, AttemptState.CANCELLED, result=None, error=None)
    await one.steps(Step.VIDEO)
    assert (await take_of(one, third)).cache_verdict == "miss"


async def test_a_first_that_fails_for_good_leaves_its_place_and_may_come_back(it: Story) -> None:
    """K-94: the second renders; a retry of the first, meanwhile, waits for it and shares its film."""
    one, other = await scene_of(it, "One"), await scene_of(it, "Other")
    first, second = await asked(one), await asked(other)
    await together(one, other, Step.STORYBOARD)
    refused: dict[str, Any] = {"error": {"code": "NO_DISK", "message": "full", "retryable": False}}
    one.worker.answers["video"] = lambda a, r: refused
    await one.steps(Step.VIDEO)
    assert (await one.job(first)).state == "FAILED"
    running = await other.worker.claim(Step.VIDEO)
    assert running is not None
    assert running.job == second
    await it.ask(one.home, RetryJob(one.scene, first))
    again = await waiting(one, first)
    assert await one.worker.claim(Step.VIDEO) is None
    await other.worker.finish(running)
    await both_see(other, one, running, again)
    assert (await one.job(first)).stage == "OBSERVATION"
    assert (await it.ledger.attempt(again.id)).flown_with == second  # type: ignore[union-attr]


async def test_an_owner_that_dies_finds_the_shared_end_when_it_comes_back(it: Story) -> None:
    """K-95: kill -9 of the waiting one's owner, and of the first's, between the ask and the end: both jobs go on."""
    one, other = await scene_of(it, "One"), await scene_of(it, "Other")
    first, second = await asked(one), await asked(other)
    await together(one, other, Step.STORYBOARD)
    running = await one.worker.claim(Step.VIDEO)
    assert running is not None
    await it.runtime.kill()
    await one.worker.finish(running)
    async with story(it.ledger, "h2", catalogue=replace(CATALOGUE, films_shared=True)) as after:
        for scene in (one, other):
            scene.it = after
            await after.runtime.open(scene.home, depose="h1-1")
        worker = one.worker

        async def ended(scene: Scene, job: str) -> JobView:
            for _ in range(200):
                seen = await scene.job(job)
                if seen.state in ("FINAL_READY", "FAILED"):
                    return seen
                row = await worker.once(Step.OBSERVE)
                if row is not None:
                    await after.runtime.attempt_changed(row.home, row.id)
                await after.turned()
            raise AssertionError(f"{job} did not end")

        assert (await ended(one, first)).state == (await ended(other, second)).state == "FINAL_READY"
        rows = [*await it.ledger.attempts(one.home), *await it.ledger.attempts(other.home)]
        assert sum(row.claims for row in rows if row.step == "video") == 1


def test_only_pictures_fly_together_and_only_the_same_ones() -> None:
    """K-93: where the files go is no part of the name; seed, size, renderer and scope are."""
    film = {"backend": "animatic", "recipe_hash": "ab", "prefix": "p1"}
    assert flight_of(Step.VIDEO, film, "s") == flight_of(Step.VIDEO, {**film, "prefix": "p2"}, "s")
    others = [("s2", film), ("s", {**film, "backend": "x"}), ("s", {**film, "recipe_hash": "ac"})]
    assert len({flight_of(Step.VIDEO, each, scope) for scope, each in [("s", film), *others]}) == 4
    board = {"enhanced": {"look": "dark"}, "seed": 7, "prefix": "p1"}
    assert flight_of(Step.STORYBOARD, board, "s") == flight_of(Step.STORYBOARD, {**board, "prefix": "p2"}, "s")
    assert flight_of(Step.STORYBOARD, board, "s") != flight_of(Step.STORYBOARD, {**board, "seed": 8}, "s")
    assert [flight_of(step, board, "s") for step in (Step.ENHANCE, Step.CACHE, Step.OBSERVE)] == [""] * 3
