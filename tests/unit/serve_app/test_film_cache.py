"""Films that stand for others, whole: a real runtime, a real worker, real films, the embedded stores."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.commands import CreateScene, DrawFrames, GenerateScene, JudgeTake, PickPanel
from actors.scene.teaching import FILM_CACHE
from actors.views import JobView, TakeView
from gpu.steps import Step
from serve_app.config import Settings, SettingsError
from serve_app.film_cache import FilmCache, open_film_cache
from serve_app.film_cache_outbox import FilmCacheReceiver
from serve_app.settings.cache import cache_part
from serve_app.steps import cache as cache_step
from serve_app.steps.embedded import LANES, embedded_runs
from serve_app.steps.writers import writer_chain
from serve_app.stores import open_vectors
from serve_app.sweeping import Sweeper
from serve_app.telemetry.families import render
from serve_app.telemetry.films import FilmAnswers, film_families
from serve_app.worker import Worker
from storage.cache.sqlite import SqliteExactCache
from storage.ledger.protocol import Attempt
from storage.objects.local import LocalObjects
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

VIDEO = {
    "prompt": "as written", "model": "auto", "seconds": 3, "width": 128, "height": 96,
    "reference": None, "reference_sha256": None, "remixed_from": None,
}  # fmt: skip
BEFORE = "INT. HALL - DAY\n\n" + "Nothing much happens for a while.\n\n" * 200
"""A long first scene: what comes after it stands in one beat of the story."""

TO = " slowly to the window, opens it with one hand and looks down at the empty street for a long time.\n"
HEAD = "INT. KITCHEN - NIGHT\n\n"
WORDS = HEAD + "A man walks" + TO
LIKE = HEAD + "A guy walks" + TO
ELSE = HEAD + "A man does not walk" + TO


class House:
    """A project and whoever works for it; `films` is the worker's semantic cache."""

    def __init__(self, it: Story, folder: Path, films: FilmCache | None, runs: Any) -> None:
        self.it, self.folder, self.films, self.runs = it, folder, films, runs

    async def project(self) -> str:
        home = await self.it.create()
        await self.scene(home, BEFORE)
        return home

    async def scene(self, home: str, script: str) -> str:
        made = await self.it.ask(home, CreateScene(script.splitlines()[0], script))
        return made.ids["scene"]

    async def _job(self, id: str) -> JobView:
        row = await self.it.ledger.view("job", id)
        assert row is not None
        return JobView.from_blob(row.body or b"")

    async def take(self, home: str, scene: str, **how: Any) -> TakeView:
        """Generated as anybody generates; fails in words where the job does."""
        asked = GenerateScene(scene, **{"auto_pick": True, "video": VIDEO, **how})
        job = (await self.it.ask(home, asked)).ids["job"]
        await self.ended(job)
        return await self.take_of(job)

    async def picked(self, home: str, scene: str, job: str = "") -> TakeView:
        """A film of the first frame of its board."""
        job = job or (await self.it.ask(home, GenerateScene(scene, video=VIDEO))).ids["job"]
        async with asyncio.timeout(60):
            while (view := await self._job(job)).state != "PREVIEW_READY":
                assert view.error is None, view.error
                await self.it.turned()
        await self.it.ask(home, PickPanel(scene, job, view.panels[0]["id"]))
        await self.ended(job)
        return await self.take_of(job)

    async def ended(self, job: str) -> None:
        async with asyncio.timeout(60):
            while (view := await self._job(job)).take is None:
                assert view.error is None, view.error
                await self.it.turned()

    async def take_of(self, job: str) -> TakeView:
        take = await self.it.ledger.view("take", (await self._job(job)).take or "")
        assert take is not None
        return TakeView.from_blob(take.body or b"")


@contextlib.asynccontextmanager
async def house(folder: Path, **settings: Any) -> AsyncIterator[House]:
    config = Settings.from_args({"data_dir": str(folder / "data"), "embedder": "lexical", **settings}, {})
    objects, exact = LocalObjects(folder / "objects"), SqliteExactCache(folder / "cache.db")
    vectors = open_vectors(config)
    films = await open_film_cache(config, objects, exact, vectors)
    async with story(receivers={FILM_CACHE: FilmCacheReceiver(config, films)}) as it:
        chain = writer_chain(config, it.ledger)
        runs = embedded_runs(objects, exact, chain, films)

        async def tell(attempt: Attempt) -> None:
            await it.runtime.attempt_changed(attempt.home, attempt.id)

        async def ring() -> None:
            """The bus between owner and worker: new work wakes, nothing else does."""
            heard = 0
            while True:
                if it.woken != heard:
                    heard = it.woken
                    worker.wake()
                await it.turned()

        worker = Worker("w1", it.ledger, runs, LANES, tell)
        worker.start()
        bell = asyncio.get_running_loop().create_task(ring())
        try:
            yield House(it, folder, films, runs)
        finally:
            bell.cancel()
            await worker.stop()
            await chain.close()
            await vectors.close()
            await exact.close()


async def test_what_is_over_leaves_nothing_behind(tmp_path: Path) -> None:
    """K-38, K-71: the worker's sweep takes a film's vector and its record after ninety days; before, neither."""
    async with house(tmp_path) as it:
        home = await it.project()
        await it.take(home, await it.scene(home, WORDS))
        assert it.films is not None
        objects, exact = LocalObjects(tmp_path / "objects"), SqliteExactCache(tmp_path / "cache.db")
        vectors = open_vectors(Settings.from_args({"data_dir": str(tmp_path / "data")}, {}))
        sweeper = Sweeper(exact, vectors, 3600, it.films.cache)
        assert await sweeper.look() == 0
        assert await objects.list("internal/cache/")
        later = time.time() + 91 * 24 * 3600
        it.films.cache._clock = lambda: later
        assert await sweeper.look() == 1
        assert await objects.list("internal/cache/") == []
        await exact.close()


async def test_a_scene_in_other_words_gets_the_film_that_is_there(tmp_path: Path) -> None:
    """K-73: of two scenes of one project worded alike, the second is answered with the first one's film, which its take
    names with its scene, and how sure; a minimal pair is rendered, and says what differs."""
    async with house(tmp_path) as it:
        home = await it.project()
        first = await it.take(home, await it.scene(home, WORDS))
        assert first.cache_verdict == "miss"
        second = await it.take(home, await it.scene(home, LIKE))
        assert second.cache is not None
        assert (second.cache_verdict, second.cache["level"], second.video_key) == ("hit", "L2", first.video_key)
        assert second.cache["of"] == {"take": first.id, "job": first.job, "scene": first.scene, "project": home}
        assert second.cache["sure"] > 0.99
        assert second.quality_score == first.quality_score
        other = await it.take(home, await it.scene(home, ELSE))
        assert other.cache is not None
        assert (other.cache_verdict, other.video_key != first.video_key) == ("warm", True)
        assert other.cache["of"]["take"] == first.id
        assert any("not" in words for words in other.cache["why"]), other.cache["why"]
        again = await it.take(home, second.scene)
        assert (again.cache_verdict, again.video_key != first.video_key) == ("miss", True)
        assert it.films is not None
        assert (it.films.cache.counts.hits, it.films.cache.counts.faults) == (1, 0)


async def test_not_this_gets_another_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K-101: *not this* on another's film, with another at once: that one is rendered; nobody with that question gets
    the refused film any more, and the take that was judged stays with what was said of it. K-103: counted by level."""
    monkeypatch.setattr(cache_step, "FILM_ANSWERS", answers := FilmAnswers())
    async with house(tmp_path) as it:
        home = await it.project()
        first = await it.take(home, await it.scene(home, WORDS))
        scene = await it.scene(home, LIKE)
        second = await it.take(home, scene)
        assert second.cache_verdict == "hit"
        said = await it.it.ask(home, JudgeTake(scene, second.id, False, regenerate=True))
        await it.ended(said.ids["job"])
        other = await it.take_of(said.ids["job"])
        assert (other.cache_verdict, other.video_key == first.video_key) == ("miss", False)
        assert it.films is not None
        refused = it.films.cache.counts
        await it.it.until(lambda: refused.refused >= 1)
        asked_alike = await it.take(home, await it.scene(home, LIKE))
        assert asked_alike.video_key != first.video_key
        text = render(film_families(answers, refused))
        assert 'storyforge_film_cache_answers{level="L2",verdict="hit"} 1' in text
        assert 'storyforge_film_cache_answers{level="L1",verdict="miss"} 4' in text
        assert 'storyforge_film_cache_words{word="wrong"} ' in text
        assert 'storyforge_film_cache_faults{level="L2"} 0' in text


async def test_asking_again_teaches_the_cache(tmp_path: Path) -> None:
    """K-75: whoever asks again on words that were answered with another's film has said that it was not the one: no
    scene with that question gets it any more."""
    async with house(tmp_path) as it:
        home = await it.project()
        first = await it.take(home, await it.scene(home, WORDS))
        scene = await it.scene(home, LIKE)
        assert (await it.take(home, scene)).cache_verdict == "hit"
        assert (await it.take(home, scene)).cache_verdict == "miss"
        assert it.films is not None
        counts = it.films.cache.counts
        await it.it.until(lambda: counts.refused == 1)
        third = await it.take(home, await it.scene(home, LIKE))
        assert third.cache is not None
        assert third.video_key != first.video_key


async def test_the_same_seed_is_the_exact_cache(tmp_path: Path) -> None:
    """K-73: the same recipe is level one, and names the film's take too; a seed that was never filmed is a miss."""
    async with house(tmp_path) as it:
        home = await it.project()
        scene = await it.scene(home, WORDS)
        first = await it.take(home, scene, seed="5")
        same = await it.take(home, scene, seed="5")
        assert same.cache is not None
        assert (same.cache_verdict, same.cache["level"], same.cache["of"]["take"]) == ("hit", "L1", first.id)
        assert (await it.take(home, await it.scene(home, LIKE), seed="6")).cache_verdict == "miss"


@pytest.mark.parametrize(("scope", "verdict"), [("project", "miss"), ("installation", "hit")])
async def test_whose_films_may_stand_in(tmp_path: Path, scope: str, verdict: str) -> None:
    """K-74: another project's film answers only where the installation says that all may share."""
    async with house(tmp_path, cache_scope=scope) as it:
        one, other = await it.project(), await it.project()
        first = await it.take(one, await it.scene(one, WORDS))
        second = await it.take(other, await it.scene(other, LIKE))
        assert (second.cache_verdict, second.video_key == first.video_key) == (verdict, verdict == "hit")


async def test_nothing_of_the_cache_fails_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K-68: with an embedder that is away and a question nobody understands, jobs end with takes; so they do where the
    cache is switched off."""

    def away(self: Any, texts: Any) -> Any:
        raise ValueError("no weights")

    async with house(tmp_path) as it:
        home = await it.project()
        scene = await it.scene(home, WORDS)
        monkeypatch.setattr("gpu.embed.lexical.LexicalEmbedder.embed", away)
        assert (await it.take(home, scene)).cache_verdict == "miss"
        assert it.films is not None
        assert it.films.cache.counts.faults == 2  # asked, and to be remembered
        assert it.films.question({"version": 99}) is None
    async with house(tmp_path / "off", cache_semantic="off") as it:
        assert it.films is None
        home = await it.project()
        assert (await it.take(home, await it.scene(home, WORDS))).cache_verdict == "miss"


def test_settings_of_the_cache_are_checked(tmp_path: Path) -> None:
    """K-74: what is no scope or no switch is refused at the start; health says whether there is a cache."""
    for name, value in (("cache_scope", "world"), ("cache_semantic", "maybe")):
        with pytest.raises(SettingsError, match=value):
            Settings.from_args({"data_dir": str(tmp_path), name: value}, {})
    settings = Settings.from_args({"data_dir": str(tmp_path)}, {})
    assert (settings.cache_delta, cache_part(settings), Step.CACHE.value) == (0.005, "ok", "cache")


async def test_a_board_is_answered_before_it_is_drawn(tmp_path: Path) -> None:
    """K-104, K-105: a film whose frames somebody picked answers the next one who presses Generate on like words, with
    its words, before a frame is drawn; K-106: frames drawn instead make a film of their own, and nobody is refused."""
    async with house(tmp_path) as it:
        home = await it.project()
        first = await it.picked(home, await it.scene(home, WORDS))
        assert first.cache_verdict == "miss"
        scene = await it.scene(home, LIKE)
        job = (await it.it.ask(home, GenerateScene(scene, video=VIDEO))).ids["job"]
        await it.ended(job)
        second = await it.take_of(job)
        assert second.cache is not None
        assert (second.cache_verdict, second.cache["level"], second.video_key) == ("hit", "L2", first.video_key)
        assert second.cache["of"]["take"] == first.id
        instead = (await it.it.ask(home, DrawFrames(scene, job))).ids["job"]
        other = await it.picked(home, scene, instead)
        assert (other.cache_verdict, other.video_key != first.video_key) == ("miss", True)
        assert it.films is not None
        counts = it.films.cache.counts
        assert (counts.hits, counts.refused, counts.faults) == (1, 0, 0)
