"""Fallback in a job's flow: over a real runtime, an in-memory ledger and a worker that fails as backends do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from actors.commands import CommandError, CreateScene, RetryJob
from actors.runtime.actor import Catalogue
from actors.views import EnhancementView, TakeView
from gpu.steps import ATTEMPTS_PER_STEP_MAX, Step
from gpu.video.capabilities import ANIMATIC, Capabilities
from gpu.video.router import Policy, Router
from storage.codec import decode
from storage.ledger.protocol import Attempt
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.scene.worker import media
from tests.unit.actors.story import story

pytestmark = pytest.mark.unit

SORA = Capabilities("sora", "videos_api.sora", quality=90, image_to_video=True)
VEO = Capabilities("veo", "videos_api.veo", quality=80, image_to_video=True)


@pytest.fixture
def router() -> Router:
    return Router((ANIMATIC, SORA, VEO))


@pytest.fixture
async def scene(router: Router) -> AsyncIterator[Scene]:
    async with story(catalogue=Catalogue({"thriller": "2"}, "thriller", video=router)) as it:
        home = await it.create()
        made = await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))
        scene = Scene(it, home, made.ids["scene"])
        scene.worker.offers = ("animatic", SORA.kind, VEO.kind)
        yield scene


class Backends:
    """What each backend answers, by name; the rest renders. `asked` lists who was asked."""

    def __init__(self, scene: Scene, **faults: tuple[str, bool]) -> None:
        self.faults = faults
        self.asked: list[str] = []
        self.hashes: set[str] = set()
        scene.worker.answers[Step.VIDEO] = self

    def __call__(self, attempt: Attempt, request: dict[str, Any]) -> dict[str, Any]:
        name = request["backend"]
        self.asked.append(name)
        self.hashes.add(request["recipe_hash"])
        if name in self.faults:
            code, retryable = self.faults[name]
            return {"error": {"code": code, "message": f"{name} will not", "retryable": retryable}}
        return {**media(request["prefix"]), "backend": name, "degraded": name == "animatic"}


async def render(scene: Scene, **how: Any) -> str:
    job = await scene.generate(auto_pick=True, **how)
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
    while (attempt := await scene.worker.once(Step.VIDEO)) is not None:
        await scene.seen(attempt.id)
    return job


async def take_of(scene: Scene) -> TakeView:
    await scene.step(Step.OBSERVE)
    (take,) = await scene.takes()
    return take


async def test_g274_the_next_of_the_route_renders_and_the_take_says_so(scene: Scene) -> None:
    """G-274: on a quota the next of the route renders; each degradation is an event, and on the take."""
    backends = Backends(scene, sora=("QUOTA", False), veo=("TIMEOUT", True))
    await render(scene)
    assert backends.asked == ["sora", "veo", "animatic"]
    take = await take_of(scene)
    assert (take.backend, take.degraded) == ("animatic", True)
    assert [(d["wanted"], d["tried"], d["used"], d["why"]["code"]) for d in take.degradations] == [
        ("sora", "sora", "veo", "QUOTA"),
        ("sora", "veo", "animatic", "TIMEOUT"),
    ]
    assert all(d["at_ms"] > 0 for d in take.degradations)
    rows = await scene.it.ledger.read(scene.home, doc=f"@scene:{scene.scene}")
    (routed,) = [decode(row.body) for row in rows if row.type == "job.routed"]
    assert routed["order"] == ["sora", "veo", "animatic"]
    assert [row.type for row in rows].count("job.degraded") == 2
    assert len(backends.hashes) == 3  # a stand-in's film is not remembered as the wanted one's
    assert json.loads(take.recipe)["backend"] == "animatic"


async def test_g317_the_cache_is_asked_for_a_film_of_the_backend_and_model_that_would_make_it(
    scene: Scene, router: Router
) -> None:
    """G-317: asked for by nobody's name or by the name it then gets, a film is the same; one of the same backend's
    newer model is another. What the cache was asked for is what the film is remembered under, and is on the take."""

    async def hashes(**how: Any) -> list[str]:
        await scene.generate(auto_pick=True, seed="7", **how)
        await scene.step(Step.ENHANCE)
        asked = await scene.worker.once(Step.CACHE)
        assert asked is not None
        await scene.seen(asked.id)
        await scene.steps(Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
        return [decode(row.request)["recipe_hash"] for row in (asked, scene.worker.done[-2])]

    (auto, made), (named, _) = await hashes(), await hashes(backend="sora")
    router.offers["sora"] = replace(SORA, version="2")
    newer, newer_made = await hashes()
    assert auto == made == named
    assert newer == newer_made != auto
    told = [json.loads(take.recipe) for take in await scene.takes()]
    assert sorted((found["backend"], found["model"]["version"]) for found in told) == [
        ("sora", ""), ("sora", ""), ("sora", "2"),
    ]  # fmt: skip


async def test_g317_a_kept_film_needs_nobody_who_could_render_it(scene: Scene, router: Router) -> None:
    """G-317: where no backend can do it the cache is asked all the same, and the job fails only when it has none."""
    router.offers = {"sora": replace(SORA, duration_s_max=0.5)}
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
    error = (await scene.job(job)).error
    assert error is not None
    assert error["code"] == "BACKEND_UNFIT"


async def test_g274_a_backend_without_degradation_is_labelled_by_nothing(scene: Scene) -> None:
    """G-274: who was wanted and rendered is no degradation, and the attempt asks for a worker of its kind."""
    backends = Backends(scene)
    await render(scene, backend="veo")
    take = await take_of(scene)
    assert (backends.asked, take.backend, take.degraded, list(take.degradations)) == (["veo"], "veo", False, [])
    attempts = await scene.it.ledger.attempts(scene.home)
    assert [a.needs for a in attempts if a.step == Step.VIDEO] == ["videos_api.veo"]


async def test_g274_an_error_in_passing_is_tried_again_first(scene: Scene) -> None:
    """G-274: a retryable error is tried again where it happened, and falls back when its tries are spent; a THROTTLED
    one waits, and is no fault of the backend's health."""
    backends = Backends(scene, sora=("UNAVAILABLE", True))
    await render(scene)
    assert backends.asked == ["sora"] * ATTEMPTS_PER_STEP_MAX + ["veo"]


@pytest.mark.parametrize("code", ["MODERATED", "SUBMISSION_UNKNOWN"])
async def test_g275_what_is_final_is_not_offered_elsewhere(scene: Scene, code: str) -> None:
    """G-275: moderation's refusal, and a submission nobody knows of, end the job; a person may retry it, on a new
    route."""
    backends = Backends(scene, sora=(code, False))
    job = await render(scene)
    seen = await scene.job(job)
    assert (backends.asked, seen.state) == (["sora"], "FAILED")
    assert seen.error is not None
    assert (seen.error["code"], seen.error["retryable"]) == (code, False)
    backends.faults = {}
    await scene.it.ask(scene.home, RetryJob(scene.scene, job))
    await scene.step(Step.VIDEO)
    assert (backends.asked, list((await take_of(scene)).degradations)) == (["sora", "sora"], [])


async def test_g275_an_installation_may_allow_it(scene: Scene, router: Router) -> None:
    """G-275: moderation elsewhere, where the installation allows it."""
    router.policy = Policy(moderated_elsewhere=True)
    backends = Backends(scene, sora=("MODERATED", False))
    await render(scene)
    assert backends.asked == ["sora", "veo"]


async def test_g275_the_last_of_the_route_fails_the_job(scene: Scene) -> None:
    """G-275: when nobody is left, the job fails with the last error."""
    Backends(scene, sora=("QUOTA", False), veo=("QUOTA", False), animatic=("ENCODE_FAILED", False))
    seen = await scene.job(await render(scene))
    assert seen.error is not None
    assert (seen.state, seen.error["code"]) == ("FAILED", "ENCODE_FAILED")


async def test_g271_an_unknown_backend_is_refused_at_once(scene: Scene) -> None:
    """G-271: by name, before anything is made."""
    with pytest.raises(CommandError) as caught:
        await scene.generate(backend="betamax")
    assert (caught.value.code, caught.value.path) == ("BACKEND_UNKNOWN", ("input", "backend"))


async def test_g273_faults_are_remembered_for_the_next_film(scene: Scene, router: Router) -> None:
    """G-273: a backend that fails films goes to the end of the next film's route."""
    backends = Backends(scene, sora=("UNAVAILABLE", True))
    await render(scene)
    assert backends.asked[-1] == "veo"
    await take_of(scene)
    backends.asked.clear()
    job = await scene.generate(auto_pick=True, seed="2")
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO)
    assert (backends.asked, (await scene.job(job)).state) == (["veo"], "PROCESSING")


async def test_g318_the_price_of_the_film_is_known_with_the_words(scene: Scene, router: Router) -> None:
    """G-318: who would render it at what price stands beside the words, before anybody picks; those who stand in come
    after. What a vendor then charged is on the take; a take out of the cache costs nothing again."""
    router.offers["sora"] = replace(SORA, cost_per_s=0.1, speed_s_per_s=2.0, model="sora-2")
    charged = {"amount": 1.5, "unit": "usd", "seconds": 3.0}
    film = {**media("kept"), "cost": charged}
    scene.worker.answers[Step.VIDEO] = lambda attempt, request: film
    await render(scene)
    made = await take_of(scene)
    (row,) = await scene.it.ledger.views("enhancement", parent=scene.scene)
    told = EnhancementView.from_blob(row.body or b"").estimates
    seconds = told[0]["seconds"]
    assert [each["backend"] for each in told] == ["sora", "veo", "animatic"]
    assert seconds > 1
    assert told[0] == {
        "backend": "sora", "model": "sora-2", "version": "", "seconds": seconds, "cost": pytest.approx(seconds / 10),
        "unit": "usd", "work_s": pytest.approx(seconds * 2),
    }  # fmt: skip
    scene.worker.answers[Step.CACHE] = lambda attempt, request: {"verdict": "hit", "take": film}
    await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE)
    again = next(take for take in await scene.takes() if take.id != made.id)
    assert (made.cost, again.cost, again.cache_verdict) == (charged, None, "hit")
