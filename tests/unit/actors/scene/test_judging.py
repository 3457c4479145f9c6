"""People's words on films that the cache gave, as the scene's owner decides them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from actors.commands import CommandError, CreateScene, JudgeTake
from actors.scene.judging import REASON_CHARS_MAX
from actors.scene.teaching import FILM_CACHE
from actors.views import TakeView
from gpu.steps import Step
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.scene.test_teaching import TOLD, Heard
from tests.unit.actors.scene.worker import media
from tests.unit.actors.story import story

pytestmark = pytest.mark.unit

WORD = {name: TOLD[name] for name in ("space", "entry", "ask", "similarity")}


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def scene(heard: Heard) -> AsyncIterator[Scene]:
    async with story(receivers={FILM_CACHE: heard}) as it:
        home = await it.create()
        made = await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))
        yield Scene(it, home, made.ids["scene"])


async def answered(scene: Scene) -> TakeView:
    """A take that is another's film."""
    scene.worker.answers["cache"] = lambda a, r: {"verdict": "hit", "take": media("far"), "cache": TOLD}
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE)
    return await take_of(scene, (await scene.job(job)).take or "")


async def take_of(scene: Scene, id: str) -> TakeView:
    row = await scene.it.ledger.view("take", id)
    assert row is not None
    return TakeView.from_blob(row.body or b"")


async def test_the_last_word_counts(scene: Scene, heard: Heard) -> None:
    """K-100: a word on a film of the cache is committed with its take, which says it from then on, and is owed to the
    cache; the last one counts."""
    take = await answered(scene)
    for right in (False, True):
        await scene.it.ask(scene.home, JudgeTake(scene.scene, take.id, right, "  wrong street "))
        assert (await take_of(scene, take.id)).judged is right
    await scene.it.until(lambda: len(heard.bodies) == 2)
    assert heard.bodies == [{"do": "tell", **WORD, "right": right} for right in (False, True)]


async def test_another_film_at_once(scene: Scene, heard: Heard) -> None:
    """K-101: *not this* with another film is one append: the word and a job that knows the film it is not to get."""
    take = await answered(scene)
    answer = await scene.it.ask(scene.home, JudgeTake(scene.scene, take.id, False, regenerate=True))
    assert answer.ids["job"] != take.job
    again = await scene.job(answer.ids["job"])
    assert (again.auto_pick, (await take_of(scene, take.id)).judged) == (True, False)
    await scene.it.until(lambda: heard.bodies)
    assert all(body == {"do": "tell", **WORD, "right": False} for body in heard.bodies)


async def test_what_was_kept_is_not_taken_back(scene: Scene, heard: Heard) -> None:
    """K-102: whoever kept a film and wants one more has not said that it was wrong."""
    take = await answered(scene)
    await scene.it.ask(scene.home, JudgeTake(scene.scene, take.id, True))
    await scene.generate(auto_pick=True)
    await scene.step(Step.ENHANCE)
    await scene.it.until(lambda: heard.bodies)
    assert heard.bodies == [{"do": "tell", **WORD, "right": True}]


async def test_what_is_not_judged(scene: Scene) -> None:
    """K-102: a film that was made for its own words, one that is not there and a reason without end are refused."""
    hit = await answered(scene)
    scene.worker.answers.clear()
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
    own = (await scene.job(job)).take or ""
    refused = [
        ("tak_no", "", "NOT_FOUND"),
        (own, "", "NOT_REUSED"),
        (hit.id, "x" * (REASON_CHARS_MAX + 1), "REASON_TOO_LONG"),
    ]
    for take, reason, code in refused:
        with pytest.raises(CommandError) as found:
            await scene.it.ask(scene.home, JudgeTake(scene.scene, take, False, reason, regenerate=True))
        assert found.value.code == code
    assert (await take_of(scene, hit.id)).judged is None
