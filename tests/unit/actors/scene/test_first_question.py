"""The cache is asked before a board is drawn: over a real runtime, an in-memory ledger and a worker that claims."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.commands import CommandError, CreateScene, DrawFrames, PickPanel, ReviseBoard
from actors.scene.job import Due, Job, State
from actors.scene.teaching import FILM_CACHE
from actors.views import JobView, TakeView
from gpu.enhance.writer import Enhancement, Try, Usage
from gpu.steps import Step
from storage.codec import decode
from tests.unit.actors.scene.test_generation import SCRIPT, Scene, seen_by
from tests.unit.actors.scene.test_teaching import TOLD, Heard
from tests.unit.actors.scene.worker import answer_of, media
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

BOARD = (Step.CACHE, Step.STORYBOARD)
FILM = (Step.CACHE, Step.VIDEO, Step.OBSERVE)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def it(heard: Heard) -> AsyncIterator[Story]:
    async with story(receivers={FILM_CACHE: heard}) as made:
        yield made


async def scene_of(it: Story, home: str) -> Scene:
    return Scene(it, home, (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"])


@pytest.fixture
async def scene(it: Story) -> Scene:
    return await scene_of(it, await it.create())


async def request(scene: Scene, step: Step) -> dict[str, Any]:
    """Of the newest attempt of this step."""
    rows = [row for row in await scene.it.ledger.attempts(scene.home) if row.step == step]
    found: dict[str, Any] = decode(max(rows, key=lambda row: row.created_at_ms).request)
    return found


async def shown_first(scene: Scene) -> JobView:
    """A job that the cache answered before a frame was drawn."""
    scene.worker.answers["cache"] = lambda a, r: {"verdict": "hit", "take": media("far"), "cache": TOLD}
    job = await scene.generate()
    await scene.steps(Step.ENHANCE, Step.CACHE)
    scene.worker.answers.pop("cache")
    return await scene.job(job)


async def picked(scene: Scene, job: str, at: int = 0) -> None:
    await scene.it.ask(scene.home, PickPanel(scene.scene, job, (await scene.job(job)).panels[at]["id"]))


async def take_of(scene: Scene, job: str) -> TakeView:
    return next(take for take in await scene.takes() if take.job == job)


async def test_a_film_that_is_there_is_shown_before_a_frame_is_drawn(scene: Scene) -> None:
    """K-104: the first question is that of a job that picks by itself, word for word; a film that answers it ends the
    job with its words, and no frame is drawn."""
    automatic = await scene.generate(auto_pick=True, seed="7")
    await scene.step(Step.ENHANCE)
    theirs = await request(scene, Step.CACHE)
    await scene.steps(Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
    scene.worker.answers["cache"] = lambda a, r: {"verdict": "hit", "take": media("far"), "cache": TOLD}
    job = await scene.generate(seed="7")
    await scene.step(Step.ENHANCE)
    ours = await request(scene, Step.CACHE)
    assert ours["recipe_hash"] == theirs["recipe_hash"]
    assert ours["ask"] == {**theirs["ask"], "not_jobs": [automatic], "warm": False}
    await scene.step(Step.CACHE)
    seen, take = await scene.job(job), await take_of(scene, job)
    assert (seen.state, seen.shown_first, len(seen.panels)) == ("FINAL_READY", True, 0)
    assert (take.cache_verdict, (take.cache or {})["entry"], take.cost) == ("hit", TOLD["entry"], None)
    assert json.loads(take.recipe)["lineage"]["cache"]["level"] == "L2"
    assert "storyboard" not in {row.step for row in await scene.it.ledger.attempts(scene.home, job=job)}


@pytest.mark.parametrize("verdict", ["miss", "warm"])
async def test_what_is_no_film_has_the_board_drawn_and_is_asked_again_after_the_pick(
    scene: Scene, verdict: str
) -> None:
    """K-104: a miss or a like film draws as ever, with the job's own seed; the second question is of these frames, by
    whoever would render them then."""
    lent = {"seed": 4242, "frame_key": "assets/panels/far.jpg", "frame_sha256": ""}
    scene.worker.answers["cache"] = lambda a, r: {
        "verdict": verdict,
        "take": None,
        "cache": {"level": "L2", "warm": lent},
    }
    job = await scene.generate()
    await scene.step(Step.ENHANCE)
    first = await request(scene, Step.CACHE)
    await scene.steps(*BOARD)
    assert (await scene.job(job)).state == "PREVIEW_READY"
    await picked(scene, job, 1)
    second = await request(scene, Step.CACHE)
    assert first["ask"]["filters"] != second["ask"]["filters"]
    assert first["ask"]["filters"]["references"] == ""
    assert first["recipe_hash"] != second["recipe_hash"]
    await scene.steps(*FILM)
    take = await take_of(scene, job)
    assert (take.cache_verdict, json.loads(take.recipe)["candidate"]) == ("miss", 1)
    types = await scene.types()
    assert [types.count(each) for each in ("routed", "cache_answered")] == [2, 2]


async def test_who_says_how_many_frames_wants_frames(scene: Scene) -> None:
    """K-104: then nothing is asked before they are drawn."""
    job = await scene.generate(candidates=2)
    await scene.steps(Step.ENHANCE, Step.STORYBOARD)
    assert (await scene.job(job)).state == "PREVIEW_READY"


def test_jobs_from_before_the_first_question_go_on_as_they_stood() -> None:
    """G-327: a job that was begun by an older version, in a snapshot or in its events, has its board drawn next, and
    asks after the pick alone; one of now asks at once, and a second owner folds the same."""
    now = Job("job_1", False, "thriller", "2", "1", "animatic", "", 0, asks_first=True)
    now.apply("job.started", {})
    now.apply("job.script_ready", {"enhanced": {"shots": []}})
    now.apply("job.continuity_checked", {"errors": 0, "warnings": 0})
    before = now.to_dict()
    for name in ("asks_first", "seed_from", "instead_of"):
        del before[name]
    old = Job.from_dict(before)
    assert (old.due(), now.due()) == (Due.STORYBOARD, Due.CACHE)
    assert Job.from_dict(now.to_dict()) == now
    now.apply("job.cache_answered", {"verdict": "miss", "media": None, "before_board": True})
    assert (now.due(), now.cache, now.route) == (Due.STORYBOARD, None, [])
    assert now.state is State.CONTINUITY_CHECKED


async def test_a_film_made_after_a_pick_is_remembered_for_who_has_picked_nothing(scene: Scene) -> None:
    """K-105: it carries both questions, that of its frames and that of the words alone; with words that people added
    to a shot it carries its own alone."""
    for note in ("", "let it rain"):
        job = await scene.generate()
        await scene.steps(Step.ENHANCE, *BOARD)
        first = (await request(scene, Step.CACHE))["ask"]
        if note:
            await scene.it.ask(scene.home, ReviseBoard(scene.scene, job, (0,), note))
            await scene.step(Step.STORYBOARD)
        await picked(scene, job)
        await scene.steps(Step.CACHE, Step.VIDEO)
        told = (await request(scene, Step.OBSERVE))["remember"]
        await scene.step(Step.OBSERVE)
        assert told["ask"]["filters"]["references"] != ""
        if note:
            assert "open" not in told
        else:
            assert told["open"] == first


async def test_frames_instead_of_the_film(scene: Scene, heard: Heard) -> None:
    """K-106: a job of its own draws them with the words as they were written, at no cost and with nothing asked before;
    who asks second is answered with the same job; the film stays a take, and the cache is told nothing."""
    paid = Enhancement("gpt", "m", tries=(Try("gpt", "m", usage=Usage(10, 10, 0), cost_micro=900),)).to_dict()
    scene.worker.answers["enhance"] = lambda a, r: {**answer_of(a, r), "enhancement": paid}
    first = await shown_first(scene)
    asked = DrawFrames(scene.scene, first.id)
    answers = [await scene.it.ask(scene.home, asked, principal=who) for who in ("usr_anna", "usr_ben")]
    (job,) = {answer.ids["job"] for answer in answers}
    seen = await scene.job(job)
    assert (seen.instead_of, seen.seed, seen.stage, seen.auto_pick) == (first.id, first.seed, "STORYBOARD", False)
    assert [view.id for view in await scene.it.ledger.views("spend", home=scene.home)] == [first.id]
    await scene.step(Step.STORYBOARD)
    await picked(scene, job, 2)
    assert (await request(scene, Step.CACHE))["ask"]["not_jobs"] == [first.id]
    await scene.steps(*FILM)
    assert {take.job for take in await scene.takes()} == {first.id, job}
    other = await take_of(scene, job)
    assert (other.cache_verdict, json.loads(other.recipe)["lineage"]["insteadOf"]) == ("miss", first.id)
    steps = [row.step for row in await scene.it.ledger.attempts(scene.home, job=job)]
    assert sorted(steps) == sorted([Step.STORYBOARD, *FILM])
    await scene.it.turned()
    assert heard.bodies == []


async def test_frames_are_drawn_instead_of_films_of_the_cache_alone(scene: Scene) -> None:
    """K-106: a job that is not there, one that picked by itself and one that drew its frames are refused by code."""
    scene.worker.answers["cache"] = lambda a, r: {"verdict": "hit", "take": media("far"), "cache": TOLD}
    automatic = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE)
    scene.worker.answers.clear()
    drawn = await scene.generate(candidates=1)
    await scene.steps(Step.ENHANCE, Step.STORYBOARD)
    for job, code in (("job_no", "NOT_FOUND"), (automatic, "NOT_REUSED"), (drawn, "NOT_REUSED")):
        with pytest.raises(CommandError) as found:
            await scene.it.ask(scene.home, DrawFrames(scene.scene, job))
        assert found.value.code == code


async def test_scenes_worded_alike_that_are_asked_for_at_once_are_made_once(it: Story) -> None:
    """K-107: both people's boards show the same frames, drawn once; both pick the first, and one film is rendered. A
    typed seed, other words, and asking again in the same scene stay what they are."""
    home = await it.create()
    one, other = await scene_of(it, home), await scene_of(it, home)
    later = "INT. YARD - DAY\n\n" + "Rain falls on the stones. " * 60  # so both stand in the story's first beat
    await it.ask(home, CreateScene("INT. YARD - DAY", later))
    jobs = [await each.generate() for each in (one, other)]
    seeds = [(await one.job(job)).seed for job in jobs]
    again, typed = await other.generate(), await (await scene_of(it, home)).generate(seed="42")
    assert seeds[0] == seeds[1]
    assert len({seeds[0], (await one.job(again)).seed, (await one.job(typed)).seed}) == 3
    await worked(one, until="PREVIEW_READY", jobs=jobs)
    boards = [(await one.job(job)).panels for job in jobs]
    assert [p["key"] for p in boards[0]] == [p["key"] for p in boards[1]]
    for each, job in zip((one, other), jobs, strict=True):
        await picked(each, job)
    await worked(one, until="FINAL_READY", jobs=jobs)
    mine, theirs = await take_of(one, jobs[0]), await take_of(other, jobs[1])
    assert mine.video_key == theirs.video_key
    rows = [row for row in await it.ledger.attempts(home) if row.job in jobs]
    assert {step: sum(row.claims for row in rows if row.step == step) for step in ("storyboard", "video")} == {
        "storyboard": 1,
        "video": 1,
    }


async def worked(scene: Scene, *, until: str, jobs: list[str]) -> None:
    """Whatever can be worked on, all there is of a step at once, early ones first, till these jobs stand there."""
    for _ in range(60):
        if {(await scene.job(job)).state for job in jobs} == {until}:
            return
        for step in Step:
            claimed = []
            while (row := await scene.worker.claim(step)) is not None:
                claimed.append(row)
            for row in claimed:
                await scene.worker.finish(row)
            if claimed:
                break
        for each in await scene.it.ledger.attempts(scene.home):
            await seen_by(scene.it, each.home, each.scene, each.id)
    raise AssertionError(f"not {until}: {jobs}")


@pytest.mark.parametrize("dies_at", ["asked", "answered", "drawn", "picked", "asked again"])
async def test_a_death_between_the_two_questions_loses_none_of_them(it: Story, dies_at: str) -> None:
    """G-328: wherever the owner dies, the next one goes on: each question is answered once, and one film is made."""
    scene = await scene_of(it, await it.create())
    job = await scene.generate()
    await scene.step(Step.ENHANCE)
    moves = {
        "asked": None,
        "answered": Step.CACHE,
        "drawn": Step.STORYBOARD,
        "picked": "pick",
        "asked again": Step.CACHE,
    }
    for at, move in moves.items():
        if isinstance(move, Step):
            await scene.step(move)
        elif move == "pick":
            await picked(scene, job)
        if at == dies_at:
            break
    await it.runtime.kill()
    await it.ledger.retire("h1", "h1-1")
    async with story(it.ledger, "h2") as after:
        scene.it = after
        home = await after.runtime.open(scene.home)
        await home.activation(scene.scene).loaded()
        await home.activation(scene.scene).idle()
        if not any(panel["picked"] for panel in (await scene.job(job)).panels):
            await worked(scene, until="PREVIEW_READY", jobs=[job])
            await picked(scene, job)
        await worked(scene, until="FINAL_READY", jobs=[job])
        rows = await after.ledger.attempts(scene.home, job=job)
        done = {step: sum(row.step == step for row in rows) for step in Step}
        assert done == {Step.ENHANCE: 1, Step.CACHE: 2, Step.STORYBOARD: 1, Step.VIDEO: 1, Step.OBSERVE: 1}
        assert len(await scene.takes()) == 1
