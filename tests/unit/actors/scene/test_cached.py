"""What an owner asks the cache, and what it makes of the answer: over a real runtime and a worker that claims."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.commands import CreateScene, PickPanel
from actors.scene.job import Job
from gpu.steps import Step
from storage.codec import decode
from storage.ledger.protocol import Attempt
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.scene.worker import media
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit


@pytest.fixture
async def it() -> AsyncIterator[Story]:
    async with story() as made:
        yield made


async def scene_of(it: Story, home: str, script: str = SCRIPT) -> Scene:
    made = await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", script))
    return Scene(it, home, made.ids["scene"])


@pytest.fixture
async def scene(it: Story) -> Scene:
    return await scene_of(it, await it.create())


async def asked(scene: Scene, **how: Any) -> tuple[str, dict[str, Any], Attempt]:
    """A new job up to the question it puts to the cache."""
    job = await scene.generate(**{"auto_pick": True, **how})
    await scene.step(Step.ENHANCE)
    attempt = await scene.worker.claim(Step.CACHE)
    assert attempt is not None
    return job, decode(attempt.request)["ask"], attempt


async def answer(scene: Scene, attempt: Attempt, **said: Any) -> None:
    scene.worker.answers["cache"] = lambda a, r: said
    await scene.worker.finish(attempt)
    await scene.seen(attempt.id)


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one["filters"] if one["filters"][name] != other["filters"][name]}


async def a_take(scene: Scene, **how: Any) -> str:
    job, _, attempt = await asked(scene, **how)
    await answer(scene, attempt, verdict="miss", take=None)
    await scene.steps(Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
    return job


async def test_scenes_worded_alike_ask_alike(it: Story) -> None:
    """K-60: the question is what people wrote; the writer's own choices, which follow a job's seed, are not in it."""
    home = await it.create()
    one, other = await scene_of(it, home), await scene_of(it, home)
    _, first, _ = await asked(one)
    _, second, _ = await asked(other)
    assert first["units"] == second["units"]
    assert [unit["kind"] for unit in first["units"]] == ["action", "line"]
    assert differing(first, second) <= {"beat"}  # it goes into the prompt, and these stand in two
    assert first["filters"]["model"] == "animatic/animatic/1"
    assert (first["filters"]["hour"], first["filters"]["place"]) == ("night", "kitchen")
    elsewhere = await it.create()
    _, third, _ = await asked(await scene_of(it, elsewhere))
    assert "scope" in differing(first, third)


async def test_what_else_decides_a_film_is_a_filter(it: Story) -> None:
    """K-60: hour, brain and a person's looks part two questions whose words are the same."""
    home = await it.create()
    _, first, _ = await asked(await scene_of(it, home))
    for script, how, name in (
        (SCRIPT.replace("NIGHT", "DAWN"), {}, "hour"),
        (SCRIPT, {"brain": "pixar"}, "brain"),
        (SCRIPT.replace("(60s)", "(20s)"), {}, "cast"),
    ):
        _, other, _ = await asked(await scene_of(it, home, script), **how)
        assert first["filters"][name] != other["filters"][name], name


async def test_another_film_of_the_same_words_is_never_the_same_film(scene: Scene) -> None:
    """K-61: Generate again on unchanged words names every job whose film it must differ from, reused ones too; a seed
    that was asked for is asked of the cache."""
    first = await a_take(scene)
    job, ask, attempt = await asked(scene)
    assert (ask["not_jobs"], ask["seed"], ask["warm"]) == ([first], "", False)
    of = {"take": "tak_far", "job": "job_far", "scene": "scn_far", "project": scene.home}
    told = {"level": "L2", "why": ["same words"], "of": of, "similarity": 0.97, "threshold": 0.9, "sure": 0.99}
    await answer(scene, attempt, verdict="hit", take=media("far"), cache=told)
    _, ask, _ = await asked(scene, seed="7")
    assert (ask["not_jobs"], ask["seed"], ask["warm"]) == (sorted([first, job, "job_far"]), "7", False)


async def test_the_answer_is_told_and_kept(scene: Scene) -> None:
    """K-62: the event says how the cache came to its verdict, the take and its recipe repeat it, and what was asked of
    workers or written before that copes."""
    job, _, attempt = await asked(scene)
    of = {"take": "tak_far", "job": "job_far", "scene": "scn_far", "project": scene.home}
    told = {"level": "L2", "why": ["same words"], "of": of, "similarity": 0.97, "threshold": 0.9, "sure": 0.99}
    told |= {"entry": "e1", "space": "films", "ask": "ab", "saved_usd": 0.4}
    await answer(scene, attempt, verdict="hit", take=media("far"), cache=told)
    rows = await scene.it.ledger.read(scene.home, doc=f"@scene:{scene.scene}")
    (event,) = [decode(row.body) for row in rows if row.type == "job.cache_answered"]
    assert (event["job"], event["verdict"], event["cache"]) == (job, "hit", told)
    (take,) = await scene.takes()
    assert (take.cache_verdict, take.cache) == ("hit", told)
    lineage = json.loads(take.recipe)["lineage"]
    assert (lineage["reused"], lineage["cache"]["of"]["take"]) == (True, "tak_far")
    _, _, attempt = await asked(scene)
    await answer(scene, attempt, verdict="hit", take=media("old worker"))
    old = next(each for each in await scene.takes() if each.id != take.id)
    assert old.cache is not None
    assert (old.cache["level"], old.cache["of"], old.cache["why"]) == ("L1", None, [])


def test_events_older_than_the_semantic_cache_fold(scene: Scene) -> None:
    """K-62: a job whose cache answered before there were words for it is read as it was."""
    made = Job("job_1", True, "thriller", "2", "1", None, "", 0)
    made.apply("job.cache_answered", {"job": "job_1", "verdict": "miss", "media": None})
    assert (made.cache, made.cached) == ("miss", None)
    old = made.to_dict()
    del old["cached"]
    assert Job.from_dict(old).cached is None


LENT = {"seed": 4242, "frame_key": "assets/panels/far/0-0.jpg", "frame_sha256": "ab" * 32}


async def test_a_neighbour_lends_its_seed_and_frame(scene: Scene) -> None:
    """K-63: a warm start draws board and film with the neighbour's seed, from its frame, and the recipe says so."""
    job, _, attempt = await asked(scene)
    told = {"level": "L2", "why": ["hour: night / dawn"], "warm": LENT}
    await answer(scene, attempt, verdict="warm", take=None, cache=told)
    await scene.step(Step.STORYBOARD)
    video = await scene.worker.claim(Step.VIDEO)
    assert video is not None
    request = decode(video.request)
    assert (request["seed"], request["lent_key"]) == (4242, LENT["frame_key"])
    await scene.worker.finish(video)
    await scene.seen(video.id)
    await scene.step(Step.OBSERVE)
    (take,) = await scene.takes()
    recipe = json.loads(take.recipe)
    assert (take.job, take.cache_verdict, recipe["seed"], recipe["lent"]) == (job, "warm", "4242", "ab" * 32)
    assert (recipe["lineage"]["reused"], recipe["lineage"]["cache"]["why"]) == (False, ["hour: night / dawn"])


@pytest.mark.parametrize("how", [{"seed": "7"}, {"auto_pick": False}])
async def test_what_people_chose_is_not_traded(scene: Scene, how: dict[str, Any]) -> None:
    """K-63: a seed that was asked for and a picked frame stay, whatever a neighbour would lend."""
    job = await scene.generate(**{"auto_pick": True, **how})
    await scene.step(Step.ENHANCE)
    if "auto_pick" in how:
        await scene.steps(Step.CACHE, Step.STORYBOARD)
        panels = (await scene.job(job)).panels
        await scene.it.ask(scene.home, PickPanel(scene.scene, job, panels[1]["id"]))
    attempt = await scene.worker.claim(Step.CACHE)
    assert attempt is not None
    assert decode(attempt.request)["ask"]["warm"] is False
    await answer(scene, attempt, verdict="warm", take=None, cache={"level": "L2", "warm": LENT})
    if "seed" in how:
        await scene.step(Step.STORYBOARD)
    await scene.steps(Step.VIDEO, Step.OBSERVE)
    (take,) = await scene.takes()
    assert take.cache_verdict == "miss"
    assert json.loads(take.recipe)["seed"] != "4242"


async def test_only_a_film_that_was_meant_is_remembered(scene: Scene) -> None:
    """K-64: who watches a take is told what to remember of it; of a stand-in's film, or a reused one, nothing."""
    for backend, remembered in (("animatic", True), ("somebody else", False)):
        _, _, attempt = await asked(scene)
        await answer(scene, attempt, verdict="miss", take=None)
        scene.worker.answers["video"] = lambda a, r, name=backend: {**media(r["prefix"]), "backend": name}  # type: ignore[misc]
        await scene.steps(Step.STORYBOARD, Step.VIDEO)
        watch = await scene.worker.claim(Step.OBSERVE)
        assert watch is not None
        told = decode(watch.request).get("remember")
        assert (told is not None) is remembered
        if told is not None:
            assert told["of"]["take"].startswith("tak_")
            assert (told["of"]["scene"], told["of"]["project"]) == (scene.scene, scene.home)
            assert told["media"]["video_key"] == decode(watch.request)["video_key"]
        await scene.worker.finish(watch)
        await scene.seen(watch.id)
