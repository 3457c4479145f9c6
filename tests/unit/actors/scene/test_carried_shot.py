"""A scene that goes on from the film before it: its light, colours and contact sheet, and what a person leaves out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from actors.commands import CommandError, ContinueScene, LeaveOut
from actors.continuity.check import Continuity, SceneInput
from actors.continuity.rules import Known
from actors.continuity.seen import Look
from actors.scene.injection import SHOT, Wish, brought_into, merged, shot_told
from actors.scene.job import Job
from actors.scene.recipe import recipe_hash
from actors.views import EnhancementView, ProjectView
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhanceRequest
from gpu.steps import Step
from storage.codec import decode
from storage.ledger.protocol import Attempt
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.scene.test_cached import asked, differing
from tests.unit.actors.scene.test_generation import Scene
from tests.unit.actors.scene.worker import answer_of
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

KITCHEN = "INT. KITCHEN - NIGHT\n\nMARA stirs a pot.\n\nMARA\nSoon.\n"
ON = "INT. KITCHEN - CONTINUOUS\n\nMARA sits down.\n\nMARA\nNow.\n"
LOOK = Look("s0", "tak_1", "videos/x/sheet-a.jpg", "a" * 64, "dim, warm light; brown", ("#6b4a2b", "#1a120c"))
FILM = (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)


def given_to(after: str, before: str = KITCHEN, **wish: Any) -> tuple[list[str], Look | None]:
    """What the second of two scenes is told, and the sheet it goes on from."""
    engine = Continuity([Known("MARA")])
    engine.set_scenes([SceneInput("s0", before, 0), SceneInput("s1", after, 1)])
    given = brought_into("s1", engine.heard(), wish=Wish({"s0": LOOK}, **wish))
    return [note.words for note in given.notes if not note.left_out], shot_told(given)


@pytest.mark.parametrize(
    ("after", "goes_on"),
    [
        (ON, True),
        (ON.replace("CONTINUOUS", "MOMENTS LATER"), True),
        (ON.replace("CONTINUOUS", "LATER"), False),
        (ON.replace("CONTINUOUS", "NIGHT"), False),
        (ON.replace("KITCHEN", "HALL"), False),
        (ON.replace("INT.", "EXT."), False),
        (ON.replace("CONTINUOUS", "NEXT DAY"), False),
        ("No heading here.\n", False),
    ],
)
def test_g337_only_the_same_place_without_a_break_takes_the_light(after: str, goes_on: bool) -> None:
    """G-337: a cut to another place or hour carries its people, never the light; nothing is guessed."""
    coat = KITCHEN.replace("stirs a pot", "puts on a red coat")
    notes, shot = given_to(after, coat)
    assert (shot is LOOK) is goes_on
    assert ("goes on from the shot before: dim, warm light; brown" in notes) is goes_on
    assert ("MARA still wears: red coat" in notes) is ("MARA" in after and "NEXT DAY" not in after)


def test_g337_a_dream_takes_nothing_and_a_scene_on_its_own_takes_itself() -> None:
    """G-337: neither into a dream nor out of it; words that follow on a scene's end go on from its own film."""
    assert given_to(ON.replace("CONTINUOUS", "DREAM"))[1] is None
    assert given_to(ON, KITCHEN.replace("NIGHT", "DREAM"))[1] is None
    engine = Continuity([Known("MARA")])
    engine.set_scenes([SceneInput("s0", KITCHEN, 0)])
    assert shot_told(brought_into("s0", engine.heard(), wish=Wish({"s0": LOOK}))) is None
    assert shot_told(brought_into("s0", engine.heard(), wish=Wish({"s0": LOOK}, goes_on=True))) is LOOK


def test_c126_what_is_left_out_is_listed_and_told_to_nobody() -> None:
    """C-126: it takes no room, and says that it is left out."""
    engine = Continuity([Known("MARA")])
    engine.set_scenes([SceneInput("s0", KITCHEN, 0), SceneInput("s1", ON, 1)])
    given = brought_into("s1", engine.heard(), wish=Wish({"s0": LOOK}, (SHOT,)))
    assert [(note.section, note.left_out) for note in given.notes] == [(SHOT, True)]
    assert (shot_told(given), merged(given), given.shot) == (None, (), LOOK)


@pytest.fixture
async def two() -> AsyncIterator[tuple[Story, Scene, Scene]]:
    """Two scenes, the first with a film whose sheet the observer made."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.bring(f"{KITCHEN}\n{ON}")
        await it.until(lambda: actor(it, home).caught_up)
        rows = await it.ledger.views("scene", parent=home)
        first, second = (Scene(it, home, row.id) for row in rows)
        await filmed(first, "a")
        yield it, first, second


async def filmed(scene: Scene, sheet: str) -> None:
    """A film of it, whose sheet's hash is of this letter."""

    def observe(attempt: Attempt, request: dict[str, Any]) -> dict[str, Any]:
        told = {"key": f"videos/{sheet}.jpg", "sha256": sheet * 64, "bytes": 1, "light": LOOK.light}
        return {**answer_of(attempt, request), "sheet": {**told, "colours": list(LOOK.colours)}}

    scene.worker.answers["observe"] = observe
    await scene.generate(auto_pick=True, seed=str(ord(sheet)))
    await scene.steps(*FILM)
    await scene.it.until(
        lambda: (look := actor(scene.it, scene.home).looks().get(scene.scene)) and look.sha256[0] == sheet
    )


async def test_g337_a_film_is_asked_for_with_the_end_of_the_one_before(two: tuple[Story, Scene, Scene]) -> None:
    """G-337: in words and colours to the writer, as a picture to who renders; listed with the prompt; on the take."""
    it, first, second = two
    job = await second.generate(auto_pick=True)
    attempt = await second.worker.claim(Step.ENHANCE)
    assert attempt is not None
    told = decode(attempt.request)["enhance"]["shot_before"]
    assert told == {"light": LOOK.light, "colours": list(LOOK.colours), "sha256": "a" * 64}
    await second.worker.finish(attempt)
    await second.seen(attempt.id)
    await second.steps(Step.CACHE, Step.STORYBOARD)
    video = await second.worker.claim(Step.VIDEO)
    assert video is not None
    asked_for = decode(video.request)
    assert asked_for["references"] == [{"key": "videos/a.jpg", "sha256": "a" * 64}]
    row = await it.ledger.view("enhancement", job)
    assert row is not None
    added = EnhancementView.from_blob(row.body or b"").enhanced["added"]
    assert {"source": "continuity", "text": f"as in the shot before: {LOOK.light}"} in added
    await second.worker.finish(video)
    await second.seen(video.id)
    await second.step(Step.OBSERVE)
    (take,) = await second.takes()
    (before,) = await first.takes()
    assert json.loads(take.recipe)["lineage"]["shotBefore"]["take"] == before.id


async def test_g337_words_that_follow_go_on_from_the_scene_s_own_film(two: tuple[Story, Scene, Scene]) -> None:
    """G-337: a continuation is asked for with the end of the segment before it."""
    it, first, _ = two
    await it.ask(first.home, ContinueScene(first.scene, "MARA tastes it.\n", by="Anna"))
    attempt = await first.worker.claim(Step.ENHANCE)
    assert attempt is not None
    assert decode(attempt.request)["enhance"]["shot_before"]["sha256"] == "a" * 64


async def test_g338_another_sheet_is_another_question_to_every_cache(two: tuple[Story, Scene, Scene]) -> None:
    """G-338: though its words are the same; and so is none at all."""
    it, first, second = two
    _, one, attempt = await asked(second, seed="7")
    was = decode(attempt.request)["recipe_hash"]
    await filmed(first, "b")
    _, other, attempt = await asked(second, seed="7")
    assert differing(one, other) == {"state"}
    now = decode(attempt.request)["recipe_hash"]
    await it.ask(second.home, LeaveOut(second.scene, (SHOT,)))
    _, none, attempt = await asked(second, seed="7")
    assert differing(other, none) == {"state"}
    assert len({was, now, decode(attempt.request)["recipe_hash"]}) == 3


def test_g338_a_job_that_goes_on_from_nothing_keeps_its_hash() -> None:
    """G-338: requests, seeds and recipes of before sheets are what they were, and a sheet changes no camera."""
    plain = EnhanceRequest(heading="INT. KITCHEN - NIGHT", place="KITCHEN", interior=True, brain="thriller", seed=7)
    assert "shot_before" not in plain.to_dict()
    assert EnhanceRequest.from_dict(plain.to_dict()) == plain
    told = {"light": LOOK.light, "colours": list(LOOK.colours), "sha256": "a" * 64}
    on = EnhanceRequest.from_dict({**plain.to_dict(), "shot_before": told})
    assert EnhanceRequest.from_dict(on.to_dict()) == on
    one, other = (GrammarWriter().write(each) for each in (plain, on))
    assert one.shots == other.shots
    assert len(one.look.palette) == len(other.look.palette)
    assert one.look.palette != other.look.palette
    assert replace(one.look, palette=other.look.palette) == other.look
    assert all(f"as in the shot before: {LOOK.light}" in words for words in (*other.shot_prompts, other.prompt))
    job = Job("job_1", True, "thriller", "2", "7", None, "", 0, enhanced={"shots": []})
    assert "shotBefore" not in recipe_hash(job)


async def test_c126_a_person_leaves_it_out_from_the_next_generation_on(two: tuple[Story, Scene, Scene]) -> None:
    """C-126: for one scene, in one event, shown in the project's row; taken back the same way; nonsense is refused."""
    it, _, second = two
    home = second.home
    await it.ask(home, LeaveOut(second.scene, (SHOT, "clothes")))
    row = await it.ledger.view("project", home)
    assert row is not None
    assert ProjectView.from_blob(row.body or b"").left_out == {second.scene: ["clothes", SHOT]}
    await second.generate(auto_pick=True)
    attempt = await second.worker.claim(Step.ENHANCE)
    assert attempt is not None
    assert "shot_before" not in decode(attempt.request)["enhance"]
    await it.ask(home, LeaveOut(second.scene))
    for bad in (LeaveOut("scn_nobody"), LeaveOut(second.scene, ("x" * 41,)), LeaveOut(second.scene, ("",))):
        with pytest.raises(CommandError):
            await it.ask(home, bad)
