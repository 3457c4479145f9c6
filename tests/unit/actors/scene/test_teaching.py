"""What a scene's events owe to the cache of films, as entries of the outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from actors.commands import AddCast, CreateScene, DropVideo, SetPortrait
from actors.outbox.protocol import Confirmed, Entry, Outcome
from actors.runtime.actor import Draft
from actors.scene.teaching import FILM_CACHE, JUDGED, entries
from gpu.steps import Step
from storage.codec import decode
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.scene.worker import media
from tests.unit.actors.story import story

pytestmark = pytest.mark.unit

TOLD = {"level": "L2", "similarity": 0.93, "space": "films.p", "entry": "job_far.ab", "ask": "cd", "why": []}
VIDEO = {
    "prompt": "x", "model": "auto", "seconds": 3, "width": 128, "height": 96,
    "reference": None, "reference_sha256": None, "remixed_from": None,
}  # fmt: skip


class Heard:
    ordered: ClassVar[bool] = True

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    async def deliver(self, entry: Entry) -> Outcome:
        self.bodies.append(dict(entry.body))
        return Confirmed()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def scene(heard: Heard) -> AsyncIterator[Scene]:
    async with story(receivers={FILM_CACHE: heard}) as it:
        home = await it.create()
        made = await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))
        yield Scene(it, home, made.ids["scene"])


async def test_asking_again_after_a_hit_is_told(scene: Scene, heard: Heard) -> None:
    """K-75: asking again on words that were answered with another's film owes the cache a word; after a film of their
    own, or a recipe that was the same, it owes nothing."""
    scene.worker.answers["cache"] = lambda a, r: {"verdict": "hit", "take": media("far"), "cache": TOLD}
    await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE)
    exact = {"level": "L1", "similarity": 1.0}
    scene.worker.answers["cache"] = lambda a, r: {"verdict": "hit", "take": media("own"), "cache": exact}
    await scene.generate(auto_pick=True)
    await scene.it.until(lambda: heard.bodies)
    await scene.steps(Step.ENHANCE, Step.CACHE)
    await scene.generate(auto_pick=True)
    await scene.step(Step.ENHANCE)
    told = {name: TOLD[name] for name in ("space", "entry", "ask", "similarity")}
    assert heard.bodies == [{"do": "tell", **told, "right": False}]


async def test_who_looks_otherwise_is_let_go_of(scene: Scene, heard: Heard) -> None:
    """K-77: a changed reference picture is another question from then on, for a job that was asked for before the old
    one still; and what was made with that person is owed to the cache as gone."""
    ann = (await scene.it.ask(scene.home, AddCast("EDWARD"))).ids["cast"]
    asked: list[str] = []
    for picture in ("a", "b"):
        await scene.it.ask(scene.home, SetPortrait(ann, f"assets/uploads/{picture * 32}.png"))
        await scene.generate(auto_pick=True)
        await scene.step(Step.ENHANCE)
        attempt = await scene.worker.claim(Step.CACHE)
        assert attempt is not None
        asked.append(decode(attempt.request)["ask"]["filters"]["references"])
    assert asked[0] != asked[1]
    assert "" not in asked
    await scene.it.until(lambda: len(heard.bodies) == 2)
    assert heard.bodies == [{"do": "forget", "person": ann}] * 2


async def test_a_dropped_video_is_to_be_forgotten(scene: Scene, heard: Heard) -> None:
    """K-75: a video that was dropped is owed to the cache by its job."""
    job = await scene.generate(auto_pick=True, video=VIDEO)
    await scene.it.ask(scene.home, DropVideo(scene.scene, job))
    await scene.it.until(lambda: heard.bodies)
    assert heard.bodies == [{"do": "forget", "job": job}]


def test_what_was_not_compared_teaches_nothing() -> None:
    """K-75: a judged take owes its word, under an id that follows from the event; a judged film of the very recipe, or
    one that was compared with nothing, owes none."""
    judged = [
        Draft(JUDGED, {"take": "t", "job": "j", "right": True, "cache": cache})
        for cache in (TOLD, None, {"level": "L1", "similarity": 1.0, "entry": ""}, {**TOLD, "similarity": None})
    ]
    found = entries("prj_1", judged, 7, 1_000, lambda id: None)
    assert [(entry.seq, entry.body["right"], entry.body["entry"]) for entry in found] == [(7, True, "job_far.ab")]
    assert [e.id for e in entries("prj_1", judged, 7, 2_000, lambda id: None)] == [found[0].id]
