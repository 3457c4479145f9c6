"""Old state plus events is the state computed anew: every projection, out of the log alone (S-117)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pycrdt
import pytest

from actors.commands import (
    AddCast,
    CancelJob,
    ContinueScene,
    CreateScene,
    DefineBrain,
    GenerateScene,
    LeaveOut,
    LockScene,
    NameVersion,
    RemoveCast,
    ReportSeen,
    SayLine,
    SetVoice,
    StyleScene,
)
from actors.project.copying import Copying
from actors.rebuild import Rebuilt
from actors.runtime.compose import view_row
from actors.scene.bible import sha256_of
from actors.views import BibleView, ProjectView, SegmentView, TakeView
from collab.text import insert
from gpu.enhance.brains import brain
from gpu.steps import Step
from storage.codec import decode
from storage.ledger.protocol import Kind
from tests.unit.actors.scene.worker import SmallWorker
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

SCRIPT = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n\nEDWARD\nSoup!\n"
KINDS = (
    "project",
    "scene",
    "job",
    "open_job",
    "take",
    "enhancement",
    "job_continuity",
    "version",
    "findings",
    "segment",
    "scene_bible",
    "own_brain",
    "graph_node",
    "graph_edge",
    "table_line",
)
LOOSE = frozenset({"revision", "created_at_ms", "at_ms"})
"""Which append wrote it, and the moment of deciding or of committing: within a second of each other."""


async def generated(it: Story, home: str, scene: str, *steps: Step) -> str:
    job = (await it.ask(home, GenerateScene(scene, auto_pick=True))).ids["job"]
    return await worked(it, home, scene, job, *steps)


async def continued(it: Story, home: str, scene: str) -> str:
    job = (await it.ask(home, ContinueScene(scene, "EDWARD\nMore soup?"))).ids["job"]
    return await worked(it, home, scene, job, Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)


async def worked(it: Story, home: str, scene: str, job: str, *steps: Step) -> str:
    worker, owned = SmallWorker(it.ledger), it.runtime.owned(home)
    assert owned is not None
    for step in steps:
        attempt = await worker.once(step)
        assert attempt is not None, step
        await it.runtime.attempt_changed(home, attempt.id)
        await owned.activation(scene).idle()
    return job


async def a_life(it: Story) -> tuple[str, str]:
    """A project with text, findings, takes, versions, and jobs in several states."""
    home = await it.bring(SCRIPT + "\nINT. KITCHEN - DAY\n\nEDWRAD\nMore soup.\n")
    scenes = [row.id for row in await it.ledger.views("scene", parent=home)]
    scenes.append((await it.ask(home, CreateScene("EXT. PIER - DUSK", "Gulls.", scenes[0]))).ids["scene"])
    owned = it.runtime.owned(home)
    assert owned is not None
    room = await owned.room(f"scene:{scenes[0]}")
    await room.edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), 5, "THE BIG "), "anna")
    await it.ask(home, NameVersion(scenes[0], "First", None, "Anna"))
    await it.ask(home, NameVersion(scenes[0], "Second", 3))
    await it.until(lambda: owned.settler.pending is False)
    await generated(it, home, scenes[0], Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
    (take,) = [row.id for row in await it.ledger.views("take", home=home)]
    for mood in ("sad", "glad"):
        fact = {"entity": "", "attribute": "mood", "value": mood, "confidence": 0.9, "from_s": 0.0, "to_s": 1.0}
        await it.ask(home, ReportSeen(scenes[0], take, "vlm", (fact,)))
    await it.ask(home, LeaveOut(scenes[1], ("clothes",)))
    await it.ask(home, DefineBrain({**brain("pixar").to_data(), "id": "mine"}))
    await it.ask(home, StyleScene(scenes[0], "mine", "short"))
    await continued(it, home, scenes[0])
    await it.ask(home, CancelJob(scenes[1], await generated(it, home, scenes[1])))
    await generated(it, home, scenes[1], Step.ENHANCE)
    said = (await it.ask(home, SayLine(scenes[1], "Who is here?"))).ids["line"]
    await table_answered(it, said)
    await it.ask(home, LockScene(scenes[2]))
    ruth, tom = [(await it.ask(home, AddCast(name))).ids["cast"] for name in ("RUTH", "TOM")]
    for cast in (ruth, tom):
        await it.ask(home, SetVoice(cast, "gravelly", "Irish", key=f"assets/uploads/{'a' * 32}.wav"))
    await it.ask(home, RemoveCast(tom))
    for actor in (home, *scenes, "@continuity"):
        await owned.activation(actor).idle()
    return home, scenes[0]


async def table_answered(it: Story, line: str) -> None:
    async with asyncio.timeout(10):
        while True:
            row = await it.ledger.view("table_line", line)
            if row is not None and decode(row.body or b"")["line"]["state"] == "ANSWERED":
                return
            await it.turned()


def loosely(body: dict[str, Any] | str) -> dict[str, Any]:
    """A graph's body is one text, JSON."""
    if isinstance(body, str):
        return dict(json.loads(body))
    return {name: value for name, value in body.items() if name not in LOOSE}


async def test_s117_every_projection_is_computed_anew_from_the_log() -> None:
    """S-117: the same views, by kind, id, parent and body."""
    async with story() as it:
        home, _ = await a_life(it)
        rebuilt = Rebuilt(home)
        for row in await it.ledger.read(home, limit=10_000):
            if row.kind is Kind.EVENT:
                rebuilt.add(row)
        kept = {kind: await it.ledger.views(kind, home=home) for kind in KINDS}
        texts = {row.id: decode(row.body or b"")["script"] for row in kept["scene"]}
        made = {(draft.kind, draft.id): view_row(home, draft, 0) for draft in rebuilt.views(texts)}
        assert {key for key, view in made.items() if view.body is not None} == {
            (kind, row.id) for kind, rows in kept.items() for row in rows
        }
        assert all(kept[kind] for kind in KINDS if kind != "findings")
        for rows in kept.values():
            for row in rows:
                view = made[row.kind, row.id]
                old, new = decode(row.body or b""), decode(view.body or b"")
                if row.kind == "version":
                    old["at"] = old["at"] or int(old["revision"])  # 0 stands for its own append
                assert (view.parent, loosely(new)) == (row.parent, loosely(old)), row.kind
                if isinstance(new, dict):
                    assert abs(int(new.get("created_at_ms", 0)) - int(old.get("created_at_ms", 0))) < 1_000
                if row.kind in ("project", "scene", "version"):
                    assert view.order_key == row.order_key


async def test_w115_a_copy_has_segments_bibles_and_brains_of_its_own() -> None:
    """W-115: ids are new and lead to each other, what is said is the same, and a bible's hash is of its content."""
    async with story() as it:
        home, _ = await a_life(it)
        copying = Copying(home, "prj_" + "b" * 26, by="owner", now_ms=10**6)
        for row in await it.ledger.read(home, limit=10_000):
            copying.take(row)
        copied = copying.finish().views
        made = {kind: [v for v in copied if v.kind == kind] for kind in KINDS}
        old = {kind: await it.ledger.views(kind, home=home) for kind in KINDS}
        for kind in ("segment", "scene_bible", "own_brain"):
            assert made[kind]
            assert len(made[kind]) == len(old[kind])
            assert not {v.id for v in made[kind]} & {v.id for v in old[kind]}
        (project,) = (ProjectView.from_blob(view.body or b"") for view in copied if view.kind == "project")
        assert project.left_out.keys() <= {v.id for v in made["scene"]}
        assert list(project.left_out.values()) == [["clothes"]]
        shows = [each for v in made["take"] for each in TakeView.from_blob(v.body or b"").shows]
        assert [each["value"] for each in shows] == ["glad"]
        segment = SegmentView.from_blob(made["segment"][0].body or b"")
        assert segment.take in {v.id for v in made["take"]}
        assert segment.job in {v.id for v in made["job"]}
        assert segment.scene in {v.id for v in made["scene"]}
        for view in made["scene_bible"]:
            bible = BibleView.from_blob(view.body or b"")
            assert bible.bible["sceneId"] == bible.scene
            assert sha256_of(bible.bible) == bible.sha256
