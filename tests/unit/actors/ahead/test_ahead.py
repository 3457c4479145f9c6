"""Films that nobody asked for yet: within a budget, behind everybody, shown when they are wanted and not before."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.ahead.actor import KEPT_MS, AheadActor
from actors.ahead.messages import AHEAD, LookAhead
from actors.commands import CommandError, CreateScene, LockScene, RestoreVersion, SetAhead, UnlockScene
from actors.project.access import INSTALLATION_OWNER
from actors.runtime.actor import ScriptSettled, TimeCame
from actors.views import ProjectView, TakeView
from gpu.steps import Step
from storage.ledger.protocol import Attempt, AttemptState
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

NEXT = "INT. CELLAR - NIGHT\n\nEDWARD looks for the lamp.\n"
FILM = (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)


class Pair:
    """Two scenes of a project, in order; the first gets its film."""

    def __init__(self, it: Story, home: str, scenes: list[str]) -> None:
        self.it, self.home = it, home
        self.first, self.second = (Scene(it, home, id) for id in scenes)

    async def budget(self, renders: int) -> None:
        await self.it.ask(self.home, SetAhead(renders), principal=INSTALLATION_OWNER)

    async def film_the_first(self, seed: str = "1") -> None:
        await self.first.generate(auto_pick=True, seed=seed)
        await self.first.steps(*FILM)
        await self.settled()

    @property
    def ahead(self) -> AheadActor:
        owned = self.it.runtime.owned(self.home)
        assert owned is not None
        actor = owned.find(AHEAD)
        assert isinstance(actor, AheadActor)
        return actor

    async def settled(self) -> None:
        owned = self.it.runtime.owned(self.home)
        assert owned is not None
        for _ in range(3):
            await owned.activation(AHEAD).idle()
            for scene in (self.first, self.second):
                await owned.activation(scene.scene).idle()

    async def tell(self, notice: Any) -> None:
        owned = self.it.runtime.owned(self.home)
        assert owned is not None
        await owned.tell(AHEAD, notice)
        await self.settled()

    async def open(self) -> list[Attempt]:
        """Attempts of jobs nobody asked for."""
        rows = await self.it.ledger.attempts(self.home, open_only=True)
        return [row for row in rows if row.user == AHEAD]

    async def make(self, *steps: Step) -> None:
        for step in steps or FILM:
            row = await self.second.worker.once(step)
            assert row is not None
            assert row.user == AHEAD
            await self.it.runtime.attempt_changed(self.home, row.id)
            await self.settled()

    async def takes(self, scene: Scene) -> list[TakeView]:
        return await scene.takes()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with story() as it:
        home = await it.create()
        scenes = []
        for words in (SCRIPT, NEXT):
            made = await it.ask(home, CreateScene(words.splitlines()[0], words))
            scenes.append(made.ids["scene"])
        yield Pair(it, home, scenes)


async def test_k97_without_a_budget_nothing_is_made(pair: Pair) -> None:
    """K-97: off unless the owner of the installation says how many a day; nobody else may."""
    await pair.film_the_first()
    assert await pair.open() == []
    with pytest.raises(CommandError, match="owner"):
        await pair.it.ask(pair.home, SetAhead(3))
    with pytest.raises(CommandError, match="films a day"):
        await pair.it.ask(pair.home, SetAhead(-1), principal=INSTALLATION_OWNER)
    await pair.budget(3)
    (row,) = await pair.it.ledger.views("project", home=pair.home)
    assert ProjectView.from_blob(row.body or b"").ahead_renders == 3


async def test_k97_the_next_scene_is_made_behind_everybody_and_shown_to_nobody(pair: Pair) -> None:
    """K-97: its attempts are of the lowest priority; no list, no status, no take says a word of it."""
    await pair.budget(2)
    before = await pair.second.view()
    await pair.film_the_first()
    (row,) = await pair.open()
    assert (row.scene, row.step, row.priority) == (pair.second.scene, "enhance", -1)
    await pair.make()
    (film,) = pair.ahead.films.values()
    assert pair.ahead.ready(pair.second.scene, film.until_ms - 1) is film.job
    assert await pair.takes(pair.second) == []
    assert await pair.it.ledger.views("job", parent=pair.second.scene) == []
    after = await pair.second.view()
    assert (after.status, after.thumbnail_key) == (before.status, before.thumbnail_key)
    rows = await pair.it.ledger.read(pair.home, limit=10_000)
    assert not any(row.type.startswith("job.") and row.scene == pair.second.scene for row in rows)


async def test_k98_whoever_asks_for_just_that_has_it_at_once(pair: Pair) -> None:
    """K-98: a hit of level L4, in the append of the request; the next one is a wish for another film."""
    await pair.budget(2)
    await pair.film_the_first()
    await pair.make()
    job = await pair.second.generate(auto_pick=True)
    seen = await pair.second.job(job)
    assert (seen.state, seen.stage) == ("FINAL_READY", "FINALIZATION")
    (take,) = await pair.takes(pair.second)
    told = json.loads(take.recipe)["lineage"]["cache"]
    assert (take.cache_verdict, told["level"], take.epistemic_state) == ("hit", "L4", "ACCEPTED")
    await pair.settled()
    assert pair.ahead.films == {}
    again = await pair.second.generate(auto_pick=True)
    assert (await pair.second.job(again)).state == "QUEUED"


@pytest.mark.parametrize("how", [{"seed": "7"}, {"auto_pick": False}, {"candidates": 2}, {"brain": "pixar"}])
async def test_k98_whoever_asks_otherwise_does_not(pair: Pair, how: dict[str, Any]) -> None:
    """K-98: another seed, a board to choose from, another look: the film made ahead is dropped, unseen."""
    await pair.budget(2)
    await pair.film_the_first()
    await pair.make()
    job = await pair.second.generate(**{"auto_pick": True, **how})
    assert (await pair.second.job(job)).state == "QUEUED"
    assert await pair.takes(pair.second) == []


async def test_k98_other_words_drop_it(pair: Pair) -> None:
    """K-98: a film of words that have changed stands for nothing, and one in the making stops."""
    await pair.budget(3)
    await pair.film_the_first()
    await pair.make(Step.ENHANCE, Step.CACHE)
    (row,) = await pair.open()
    await pair.it.ask(pair.home, RestoreVersion(pair.second.scene, 1, NEXT + "\nIt is lit.\n"))
    await pair.tell(ScriptSettled((pair.second.scene,), 0))
    assert pair.ahead.films == {}
    found = await pair.it.ledger.attempt(row.id)
    assert found is not None
    assert found.state is AttemptState.CANCELLED


async def test_k98_a_film_waits_a_day(pair: Pair) -> None:
    """K-98: 24 hours after it was whole it is gone."""
    await pair.budget(2)
    await pair.film_the_first()
    await pair.make()
    (film,) = pair.ahead.films.values()
    assert pair.ahead.due_at_ms() == film.until_ms
    assert pair.ahead.ready(pair.second.scene, film.until_ms) is None
    film.until_ms -= KEPT_MS + 10_000  # a day later
    await pair.tell(TimeCame())
    assert pair.ahead.films == {}


async def test_k99_the_budget_is_spent_where_it_is_decided(pair: Pair) -> None:
    """K-99: one film a day means one, also after the owner died; a dropped one was paid for all the same."""
    await pair.budget(1)
    await pair.film_the_first()
    assert len(await pair.open()) == 1
    await pair.second.generate(auto_pick=True, seed="9")
    await pair.settled()
    assert await pair.open() == []
    await pair.it.runtime.kill()
    async with story(pair.it.ledger, "h2") as after:
        await after.runtime.open(pair.home, depose="h1-1")
        second = Pair(after, pair.home, [pair.first.scene, pair.second.scene])
        await second.settled()
        assert second.ahead.spent == 1
        await second.tell(LookAhead(pair.second.scene))
        assert await second.open() == []


async def test_k99_what_was_begun_goes_on_with_the_next_owner(pair: Pair) -> None:
    """K-99: killed between two steps; the film is finished once, and waits there."""
    await pair.budget(1)
    await pair.film_the_first()
    await pair.make(Step.ENHANCE)
    await pair.it.runtime.kill()
    async with story(pair.it.ledger, "h2") as after:
        await after.runtime.open(pair.home, depose="h1-1")
        second = Pair(after, pair.home, [pair.first.scene, pair.second.scene])
        await second.settled()
        await second.make(*FILM[1:])
        (film,) = second.ahead.films.values()
        assert film.until_ms > 0
        loaded = AheadActor(pair.home, AHEAD)
        loaded.load(second.ahead.dump())
        assert loaded.dump() == second.ahead.dump()


async def test_k97_a_scene_that_is_locked_gone_or_already_made_is_not_made(pair: Pair) -> None:
    """K-97: only what is written, at rest, unlocked and without a film, and each once."""
    await pair.budget(5)
    await pair.it.ask(pair.home, LockScene(pair.second.scene))
    await pair.film_the_first()
    assert await pair.open() == []
    await pair.tell(LookAhead("scn_nobody"))
    assert await pair.open() == []
    await pair.it.ask(pair.home, UnlockScene(pair.second.scene))
    for _ in range(2):
        await pair.tell(LookAhead(pair.second.scene))
    assert len(await pair.open()) == 1
