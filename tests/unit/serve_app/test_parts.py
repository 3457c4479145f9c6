"""Parts of earlier films in new ones: exactly equal or made anew, and said (K-89, K-90)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpu.enhance.budget import Budget, Limits, TokenBucket
from gpu.enhance.chain import Chain, Rung
from gpu.enhance.openai_writer import Endpoint, OpenAICompleter
from gpu.enhance.phrasing import PhrasingWriter
from gpu.enhance.protocol import EnhancedScene
from gpu.enhance.writer import Price
from gpu.video.animatic import AnimaticBackend
from gpu.video.protocol import Figure, Look, Shot, StoryboardRequest
from serve_app.steps.enhance import Enhance
from serve_app.steps.stores import StepStores
from serve_app.steps.storyboard import Storyboard
from storage.cache.sqlite import SqliteExactCache
from storage.components.protocol import Kind
from storage.components.sqlite import SqliteCatalogue
from storage.objects.local import LocalObjects
from tests.unit.gpu.enhance.endpoint import endpoint
from tests.unit.gpu.enhance.stage import REQUEST
from tests.unit.serve_app.test_picked import ATTEMPT, Quiet

pytestmark = pytest.mark.unit

SHOTS = (
    Shot(0, 0.5, "PIER", False, cast=(Figure("cst_1", "MARA"),)),
    Shot(1, 0.5, "PIER", False, time_of_day="dawn"),
)


class Counting(AnimaticBackend):
    def __init__(self, version: str = "1") -> None:
        super().__init__()
        self.drawn: list[tuple[str, int]] = []
        self._version = version

    def recipe(self, request: StoryboardRequest) -> dict[str, Any]:
        return {**super().recipe(request), "version": self._version}

    def panel(self, request: StoryboardRequest, candidate: int, **how: Any) -> bytes:
        self.drawn.append((request.prompts[0], candidate))
        return super().panel(request, candidate, **how)


class Rig:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = LocalObjects(folder / "objects")
        self.catalogue = SqliteCatalogue(folder / "components.db")
        self.backend = Counting()

    def stores(self) -> StepStores:
        cache = SqliteExactCache(self.folder / "cache.db")
        return StepStores(asyncio.get_running_loop(), self.objects, cache, catalogue=self.catalogue)

    async def board(self, job: str = "job_1", home: str = "prj_1", **more: Any) -> list[dict[str, Any]]:
        """Its panels, and in `backend.drawn` what had to be drawn for it."""
        self.backend.drawn.clear()
        scene = EnhancedScene(SHOTS, ("mara waits", "the pier"), "a pier", "", Look(), "thriller", 1, "grammar", 1, 7)
        asked = {"enhanced": scene.to_dict(), "seed": 7, "candidates": 2, "frames": [[0, 0], [0, 1], [1, 0]]}
        asked |= {"width": 160, "height": 96, "prefix": f"{home}/{job}/att_1", **more}
        attempt = replace(ATTEMPT, home=home, job=job, step="storyboard")
        told = await asyncio.to_thread(Storyboard(self.stores(), self.backend), attempt, asked, Quiet())
        return list(told["panels"])


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    found = Rig(tmp_path)
    yield found
    await found.catalogue.close()


async def test_an_equal_frame_is_not_drawn_again(rig: Rig) -> None:
    """K-89: the same picture under the same key, and it says whose it was and what it saved."""
    first = await rig.board()
    assert len(rig.backend.drawn) == 3
    assert not any("reused" in panel for panel in first)
    again = await rig.board("job_2")
    assert rig.backend.drawn == []
    assert [(p["key"], p["sha256"]) for p in again] == [(p["key"], p["sha256"]) for p in first]
    for panel in again:
        assert (panel["reused"]["level"], panel["reused"]["job"]) == ("L3", "job_1")
        assert panel["reused"]["ms"] >= 0


Changed = Callable[[dict[str, Any]], dict[str, Any]]


def _shot(n: int, **more: Any) -> Changed:
    def change(scene: dict[str, Any]) -> dict[str, Any]:
        shots = list(scene["shots"])
        shots[n] = {**shots[n], **more}
        return {**scene, "shots": shots}

    return change


@pytest.mark.parametrize(
    "change",
    [
        _shot(0, time_of_day="night"),
        _shot(0, move="tilt_up"),
        _shot(0, size="CU"),
        _shot(0, props=["lantern"]),
        _shot(0, cast=[{"entity_id": "cst_2", "name": "MARA", "action": "", "position": ""}]),
        lambda scene: {**scene, "shot_prompts": ["mara waits.", scene["shot_prompts"][1]]},
        lambda scene: {**scene, "negative": "birds"},
        lambda scene: {**scene, "look": {**scene["look"], "grain": 0.5}},
    ],
)
async def test_nothing_unequal_is_reused(rig: Rig, change: Changed) -> None:
    """K-89: any difference in what decides a frame has it drawn; what it does not touch is taken over."""
    await rig.board()
    scene = EnhancedScene(SHOTS, ("mara waits", "the pier"), "a pier", "", Look(), "thriller", 1, "grammar", 1, 7)
    changed = EnhancedScene.from_dict(change(scene.to_dict()))
    await rig.board("job_2", enhanced=changed.to_dict())
    assert {"mara waits", "mara waits."} & {words for words, _ in rig.backend.drawn}
    assert len(rig.backend.drawn) in (2, 3)


async def test_seed_size_backend_version_and_project_count(rig: Rig) -> None:
    """K-89: each of them makes another frame; another project's are not even looked at."""
    await rig.board()
    for more in ({"seed": 8}, {"width": 192}, {"home": "prj_2"}):
        await rig.board("job_2", **more)
        assert len(rig.backend.drawn) == 3
    await rig.board("job_3", seeds={"0": 99})
    assert [candidate for _, candidate in rig.backend.drawn] == [0, 1]
    rig.backend = Counting(version="2")
    await rig.board("job_4")
    assert len(rig.backend.drawn) == 3


async def test_a_part_whose_object_is_gone_or_another_is_made_anew(rig: Rig) -> None:
    """K-89: the catalogue forgets it, and keeps the new one."""
    first = await rig.board()
    await rig.objects.delete(first[0]["key"])
    await rig.objects.put(first[1]["key"], b"somebody else's", content_type="image/jpeg")
    again = await rig.board("job_2")
    assert len(rig.backend.drawn) == 2
    assert ["reused" in panel for panel in again] == [False, False, True]
    assert again[0]["key"] != first[0]["key"]
    await rig.board("job_3")
    assert rig.backend.drawn == []


async def test_frames_without_people_are_backgrounds_of_their_place(rig: Rig) -> None:
    """K-88: and found as such."""
    await rig.board()
    (empty,) = await rig.catalogue.of("prj_1", Kind.BACKGROUND, "PIER/exterior/dawn/clear")
    assert empty.object_key.endswith("/1-0.jpg")
    assert len(await rig.catalogue.of("prj_1", Kind.PANEL, "PIER/exterior/day/clear")) == 2


async def test_a_catalogue_in_trouble_costs_only_work(rig: Rig) -> None:
    """K-89: frames are drawn as if there were none, and the fault is counted."""
    (rig.folder / "components.db").write_bytes(b"no database at all" * 500)
    assert len(await rig.board()) == 3
    assert rig.catalogue.counts.faults >= 1
    assert (rig.folder / "components.db.damaged").exists()
    rig.catalogue = SqliteCatalogue(rig.folder / "nowhere" / "components.db")
    assert len(await rig.board("job_2")) == 3
    assert len(rig.backend.drawn) == 3


@contextlib.asynccontextmanager
async def enhancing(rig: Rig, url: str, model: str = "small") -> AsyncIterator[Enhance]:
    writer = PhrasingWriter(OpenAICompleter(Endpoint(url, model)), shots_per_call=8)
    rung = Rung(writer, TokenBucket(0, 1, lambda: 0.0), 30, Price(prompt=1_000, completion=2_000))

    class Free:
        async def of_project(self, project: str) -> int:
            return 0

        async def today(self) -> int:
            return 0

    chain = Chain([rung], Budget(Limits(0, 0), Free()), currency="USD", clock=lambda: 0.0)
    try:
        yield Enhance(chain, rig.stores().parts)
    finally:
        await chain.close()


async def words(step: Enhance, job: str, **more: Any) -> dict[str, Any]:
    request = {**REQUEST.to_dict(), **more}
    return await step.wait(replace(ATTEMPT, job=job, step="enhance"), {"enhance": request}, Quiet())  # type: ignore[arg-type]


async def test_equal_words_are_paid_once(rig: Rig) -> None:
    """K-90: the same request to the same writer, model and rules is answered with what it wrote, at no cost, and says
    whose it was; anything else is written."""
    async with endpoint() as there, enhancing(rig, there.url) as step:
        first = await words(step, "job_1")
        calls = len(there.bodies)
        again = await words(step, "job_2")
        assert len(there.bodies) == calls > 0
        assert again["enhanced"] == first["enhanced"]
        assert (again["reused"]["level"], again["reused"]["job"]) == ("L3", "job_1")
        assert again["reused"]["micro"] == sum(each["cost_micro"] for each in first["enhancement"]["tries"]) > 0
        assert [each["cost_micro"] for each in again["enhancement"]["tries"]] == [0]
        assert again["enhancement"]["writer"] == "openai"
        for more in ({"seed": 4711}, {"beat": "the fall"}, {"continuity_notes": ["MARA holds the lantern"]}):
            assert "reused" not in await words(step, "job_3", **more)
        async with enhancing(rig, there.url, "large") as other:
            assert "reused" not in await words(other, "job_4")


async def test_words_of_a_stand_in_are_not_kept(rig: Rig) -> None:
    """K-90: a writer that failed once is asked again for the next equal scene."""
    async with endpoint("401") as there, enhancing(rig, there.url) as step:
        first = await words(step, "job_1")
        assert first["enhancement"]["writer"] == "grammar"
        there.plan = ["ok"]
        again = await words(step, "job_2")
        assert "reused" not in again
        assert again["enhancement"]["writer"] == "openai"
