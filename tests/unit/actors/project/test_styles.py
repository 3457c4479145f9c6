"""Brains and formats of a project and its scenes, over a real runtime and an in-memory ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.commands import (
    CommandError,
    CreateScene,
    DefineBrain,
    DefineFormat,
    GenerateScene,
    LockScene,
    RetryJob,
    SetBrain,
    SetFormat,
    StyleScene,
    WithdrawDefinition,
)
from actors.project.beats import positions
from actors.project.styles import OWN_MAX
from actors.views import DefinitionView, JobView, ProjectView, SceneView
from gpu.enhance.brains import brain
from gpu.enhance.formats import shipped_format
from gpu.steps import Step
from storage.codec import decode
from tests.unit.actors.scene.worker import SmallWorker
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

WORDS = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n\nEDWARD\nSoup!\n"


def own_brain(**more: Any) -> dict[str, Any]:
    return {**brain("pixar").to_data(), "id": "mine", "name": "Mine", **more}


def own_format(**more: Any) -> dict[str, Any]:
    found = shipped_format("short")
    assert found is not None
    return {**found.to_data(), "id": "my-short", **more}


class Told:
    """A project, and what its views and jobs say."""

    def __init__(self, it: Story, home: str) -> None:
        self.it, self.home = it, home

    async def scene(self, script: str = WORDS) -> str:
        return (await self.it.ask(self.home, CreateScene("INT. KITCHEN - NIGHT", script))).ids["scene"]

    async def definition(self, kind: str) -> DefinitionView:
        (row,) = await self.it.ledger.views(f"own_{kind}", parent=self.home)
        return DefinitionView.from_blob(row.body or b"")

    async def scene_view(self, scene: str) -> SceneView:
        row = await self.it.ledger.view("scene", scene)
        assert row is not None
        return SceneView.from_blob(row.body or b"")

    async def job(self, scene: str, **how: Any) -> JobView:
        id = (await self.it.ask(self.home, GenerateScene(scene, **how))).ids["job"]
        row = await self.it.ledger.view("job", id)
        assert row is not None
        return JobView.from_blob(row.body or b"")

    async def asked(self, job: str) -> dict[str, Any]:
        """What the enhance step of a job was asked last."""
        rows = await self.it.ledger.attempts(self.home, job=job)
        found: dict[str, Any] = decode([r for r in rows if r.step == Step.ENHANCE][-1].request)["enhance"]
        return found

    async def refused(self, command: Any) -> tuple[str, tuple[str, ...], str]:
        with pytest.raises(CommandError) as caught:
            await self.it.ask(self.home, command)
        return caught.value.code, caught.value.path, caught.value.message


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    async with story() as it:
        yield Told(it, await it.create())


async def test_g204_a_change_is_a_new_version(told: Told) -> None:
    """G-204: versions count up; the same content again is none; jobs of the project may use it at once."""
    for asked, version in ((own_brain(), 1), (own_brain(), 1), (own_brain(name="Mine, warmer"), 2), (own_brain(), 3)):
        await told.it.ask(told.home, DefineBrain(asked))
        seen = await told.definition("brain")
        assert (seen.version, seen.data["version"], seen.data["name"]) == (version, version, asked["name"])
    for asked, version in ((own_format(), 1), (own_format(summary="Shorter."), 2)):
        await told.it.ask(told.home, DefineFormat(asked))
        assert (await told.definition("format")).version == version
    await told.it.ask(told.home, SetBrain("mine"))
    await told.it.ask(told.home, SetFormat("my-short"))
    row = await told.it.ledger.view("project", told.home)
    assert row is not None
    shown = ProjectView.from_blob(row.body or b"")
    assert (shown.brain, shown.format) == ("mine", "my-short")


@pytest.mark.parametrize(
    ("command", "code", "path", "says"),
    [
        (DefineBrain(own_brain(id="thriller")), "ID_TAKEN", ("id",), "choose another id"),
        (DefineFormat(own_format(id="feature")), "ID_TAKEN", ("id",), "choose another id"),
        (DefineBrain(own_brain(id="Ä b")), "BAD_BRAIN", ("id",), "small letters"),
        (DefineBrain(own_brain(words={})), "BAD_BRAIN", ("words", "shot_language"), "is missing"),
        (DefineBrain(own_brain(name="x" * 61)), "BAD_BRAIN", ("name",), "1 to 60 characters"),
        (DefineBrain("nothing"), "BAD_BRAIN", (), "must be a mapping"),  # type: ignore[arg-type]
        (DefineFormat(own_format(beats=[])), "BAD_FORMAT", ("beats",), "a list of 1 to 40"),
    ],
)
async def test_g204_a_bad_definition_names_its_field(
    told: Told, command: Any, code: str, path: tuple[str, ...], says: str
) -> None:
    """G-204: by the schema of the shipped files; nothing of it is kept."""
    found = await told.refused(command)
    assert found[:2] == (code, ("input", "definition", *path))
    assert says in found[2]
    assert await told.it.ledger.count_views("own_brain") == 0


async def test_g204_there_are_not_too_many(told: Told) -> None:
    """G-204: a project has a bounded number of its own; an old one may still be changed."""
    for number in range(OWN_MAX):
        await told.it.ask(told.home, DefineBrain(own_brain(id=f"b{number}")))
    assert (await told.refused(DefineBrain(own_brain(id="one-more"))))[0] == "TOO_MANY"
    await told.it.ask(told.home, DefineBrain(own_brain(id="b0", name="Changed")))


async def test_g214_what_is_withdrawn_makes_room(told: Told) -> None:
    """G-214: refused while the project or a scene uses it; then offered no more, and its number is not used again."""
    scene = await told.scene()
    for number in range(OWN_MAX):
        await told.it.ask(told.home, DefineBrain(own_brain(id=f"b{number}")))
    await told.it.ask(told.home, SetBrain("b0"))
    await told.it.ask(told.home, StyleScene(scene, brain="b1"))
    code, path, words = await told.refused(WithdrawDefinition("brain", "b0"))
    assert (code, path) == ("IN_USE", ("input", "id"))
    assert "the project uses" in words
    assert "INT. KITCHEN - NIGHT uses" in (await told.refused(WithdrawDefinition("brain", "b1")))[2]
    assert (await told.refused(WithdrawDefinition("brain", "zeus")))[0] == "NOT_FOUND"
    job = await told.job(scene)
    await told.it.ask(told.home, StyleScene(scene))
    await told.it.ask(told.home, WithdrawDefinition("brain", "b1"))
    assert (await told.asked(job.id))["brain_data"]["id"] == "b1"
    assert (await told.refused(SetBrain("b1")))[0] == "UNKNOWN_BRAIN"
    assert await told.it.ledger.count_views("own_brain", parent=told.home) == OWN_MAX - 1
    await told.it.ask(told.home, DefineBrain(own_brain(id="b1")))
    rows = await told.it.ledger.views("own_brain", parent=told.home)
    again = [DefinitionView.from_blob(row.body or b"") for row in rows]
    assert [each.version for each in again if each.id == "b1"] == [2]
    assert (await told.refused(DefineBrain(own_brain(id="one-more"))))[0] == "TOO_MANY"


async def test_g205_a_retry_uses_the_brain_it_began_with(told: Told) -> None:
    """G-205: version, hash and content are the job's; a newer version changes nothing of it."""
    scene = await told.scene()
    await told.it.ask(told.home, DefineBrain(own_brain()))
    first = await told.definition("brain")
    worker = SmallWorker(told.it.ledger)
    worker.answers["enhance"] = lambda a, r: {"error": {"code": "X", "message": "no", "retryable": False}}
    job = await told.job(scene, brain="mine")
    assert (job.brain, job.brain_version, job.brain_sha256) == ("mine", "1", first.sha256)
    attempt = await worker.once(Step.ENHANCE)
    assert attempt is not None
    await told.it.runtime.attempt_changed(told.home, attempt.id)
    owned = told.it.runtime.owned(told.home)
    assert owned is not None
    await owned.activation(scene).idle()
    await told.it.ask(told.home, DefineBrain(own_brain(name="Another")))
    await told.it.ask(told.home, RetryJob(scene, job.id))
    assert (await told.asked(job.id))["brain_data"] == first.data
    assert (await told.job(scene, brain="mine")).brain_version == "2"


async def test_g203_the_scene_wins_over_the_project_and_the_job_over_both(told: Told) -> None:
    """G-203: a choice of a scene is in its view and its document's `params`; null is the project's again."""
    scene, other = await told.scene(), await told.scene()
    await told.it.ask(told.home, StyleScene(scene, "pixar", "feature"))
    shown = await told.scene_view(scene)
    assert (shown.brain, shown.format) == ("pixar", "three-act")
    owned = told.it.runtime.owned(told.home)
    assert owned is not None
    assert (await owned.room(f"scene:{scene}")).map("params") == {"brain": "pixar", "format": "three-act"}
    jobs = [await told.job(scene), await told.job(other), await told.job(scene, brain="thriller")]
    assert [each.brain for each in jobs] == ["pixar", "thriller", "thriller"]
    await told.it.ask(told.home, StyleScene(scene))
    assert (await owned.room(f"scene:{scene}")).map("params") == {}
    assert (await told.job(scene)).brain == "thriller"


async def test_g203_a_bad_choice_is_refused_with_the_known_ones(told: Told) -> None:
    """G-203: unknown ids name what there is; a locked scene takes none."""
    scene = await told.scene()
    await told.it.ask(told.home, DefineFormat(own_format()))
    code, path, words = await told.refused(StyleScene(scene, brain="zeus"))
    assert (code, path) == ("UNKNOWN_BRAIN", ("input", "brain"))
    assert "thriller" in words
    code, path, words = await told.refused(SetFormat("opera"))
    assert (code, path) == ("UNKNOWN_FORMAT", ("input", "format"))
    assert "my-short" in words
    assert "three-act" in words
    await told.it.ask(told.home, LockScene(scene))
    assert (await told.refused(StyleScene(scene, brain="pixar")))[0] == "SCENE_LOCKED"


async def test_g202_the_beat_follows_from_order_and_length(told: Told) -> None:
    """G-202: three scenes of one length stand at a sixth, a half, five sixths; a longer first one moves them on."""
    scenes = [await told.scene() for _ in range(3)]
    await told.it.ask(told.home, SetFormat("short"))
    format = shipped_format("short")
    assert format is not None
    for scene, number in zip(scenes, (1, 2, 3), strict=True):
        job = await told.job(scene)
        beat = format.beats[number]
        assert job.beat == beat.words
        asked = await told.asked(job.id)
        assert asked["beat"] == beat.words
    worker = SmallWorker(told.it.ledger)
    attempt = await worker.claim(Step.ENHANCE)
    assert attempt is not None
    await worker.finish(attempt)
    done = await told.it.ledger.attempt(attempt.id)
    assert done is not None
    enhanced = decode(done.result or b"")["enhanced"]
    assert [each["source"] for each in enhanced["added"]] == ["brain", "beat"]
    assert f"Dramatic beat: {format.beats[1].words}" in enhanced["prompt"]


def test_g202_positions_are_where_the_middles_are() -> None:
    """G-202: between 0 and 1, in order, by length; an empty scene still stands somewhere."""
    assert positions({"a": 100}) == {"a": 0.5}
    assert positions({"a": 300, "b": 100}) == {"a": 0.375, "b": 0.875}
    assert positions({}) == {}
    found = list(positions({str(n): (n * 37) % 90 for n in range(50)}).values())
    assert found == sorted(set(found))
    assert 0 < found[0] < found[-1] < 1
