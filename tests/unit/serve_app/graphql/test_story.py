"""What follows from scenes, over the partner API against the real owner: SQLite, peer port, no Ray."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.workflow import actor as workflow_actor
from actors.workflow import work
from actors.workflow.messages import WORKFLOW, TimePasses
from actors.workflow.rows import Rows
from actors.workflow.steps import SPECS, Spec, Step
from tests.unit.actors.workflow.tale import TEXT, Gate
from tests.unit.serve_app.graphql import test_access
from tests.unit.serve_app.graphql.test_access import Shared, codes

pytestmark = pytest.mark.unit

shared = test_access.shared
WORKFLOW_SHOWN = "workflow { state message cause deferredStatus stale steps { name words state tries error } }"


class Pier:
    """The tale as one project; `shared` asks as the owner or as the holder of a link."""

    def __init__(self, shared: Shared, project: str, scenes: list[str]) -> None:
        self.shared, self.project, self.scenes = shared, project, scenes

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = await self.shared.post(query, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def lock(self, at: int) -> None:
        query = "mutation($s: ID!, $k: String!) { lockScene(sceneId: $s, idempotencyKey: $k) { userErrors { code } } }"
        await self.ask(query, s=self.scenes[at], k=f"lock-{at}")

    async def workflow(self, at: int, state: str) -> dict[str, Any]:
        """As soon as it is so."""
        async with asyncio.timeout(10):
            while True:
                seen = await self.ask(f"query($s: ID!) {{ scene(id: $s) {{ {WORKFLOW_SHOWN} }} }}", s=self.scenes[at])
                found: dict[str, Any] | None = seen["scene"]["workflow"]
                if found is not None and found["state"] == state:
                    return found
                await asyncio.sleep(0.01)


@pytest.fixture
async def pier(shared: Shared) -> Pier:
    query = """mutation($t: String!) { it: importScreenplay(input: {title: "Pier", text: $t, format: FOUNTAIN,
               idempotencyKey: "pier"}) { project { id scenes { id } } } }"""
    made = (await shared.post(query, t=TEXT))["data"]["it"]["project"]
    return Pier(shared, made["id"], [scene["id"] for scene in made["scenes"]])


async def test_q84_a_scene_s_workflow_reads_in_words_and_gives_later_scenes_what_they_need(pier: Pier) -> None:
    """Q-84, C-125: its steps, the world at an end and a beginning, as of earlier, relations, what a scene is given."""
    query = """query($s: ID!) { scene(id: $s) { workflow { id } carries { words section sceneId } }
               sceneBible(sceneId: $s) { stored carried timeOfDay } }"""
    before = await pier.ask(query, s=pier.scenes[2])
    lantern = {"words": "ANNA still has the lantern", "section": "hands", "sceneId": pier.scenes[0]}
    assert before["scene"] == {"workflow": None, "carries": [lantern]}
    assert before["sceneBible"] == {"stored": False, "carried": [lantern["words"]], "timeOfDay": "night"}
    for at in (0, 1):
        await pier.lock(at)
        found = await pier.workflow(at, "COMPLETE")
    assert found["message"] == "Everything that follows from this scene is worked out."
    assert (found["cause"], found["deferredStatus"], found["stale"]) == ("locked", "complete", False)
    assert [step["state"] for step in found["steps"]] == ["DONE"] * 6
    assert found["steps"][0]["words"] == "Settling what the scene tells"
    query = """query($p: ID!, $one: ID!, $three: ID!) {
      end: worldState(sceneId: $one) { atEnd settled hour weather place people things { name holder sceneId } }
      start: worldState(sceneId: $three) { atEnd ofSceneId settled hour weather place }
      relations(projectId: $p) { people strength confidence hops sceneIds }
      mine: relations(projectId: $p, sceneId: $one, first: 1) { people }
      scene(id: $three) { carries { words confidence sceneId section } } }"""
    seen = await pier.ask(query, p=pier.project, one=pier.scenes[0], three=pier.scenes[2])
    assert seen["end"] == {
        "atEnd": True,
        "settled": True,
        "hour": "night",
        "weather": "rain",
        "place": "PIER",
        "people": ["ANNA", "BEN"],
        "things": [
            {"name": "hook", "holder": None, "sceneId": pier.scenes[0]},
            {"name": "lantern", "holder": "ANNA", "sceneId": pier.scenes[0]},
        ],
    }
    assert (seen["start"]["atEnd"], seen["start"]["ofSceneId"]) == (False, pier.scenes[1])
    assert (seen["start"]["weather"], seen["start"]["place"]) == ("rain", "ROOM")
    ties = {tuple(tie["people"]): tie["hops"] for tie in seen["relations"]}
    assert ties == {("ANNA", "BEN"): 0, ("BEN", "CARL"): 0, ("ANNA", "CARL"): 1}
    assert seen["mine"] == [{"people": ["ANNA", "BEN"]}]
    words = [note["words"] for note in seen["scene"]["carries"]]
    assert words[0] == "ANNA still has the lantern"
    assert len(words) > 1
    assert words.count(words[0]) == 1
    query = "query($s: ID!, $at: String!) { worldState(sceneId: $s, asOf: $at) { hour ofSceneId } }"
    log = await pier.shared.host.ledger.read(pier.project, limit=10_000)
    at = next(row.seq for row in log if row.type == "world.settled")
    known = await pier.ask(query, s=pier.scenes[2], at=str(at))
    assert known["worldState"] == {"hour": "night", "ofSceneId": pier.scenes[0]}
    past = await pier.ask('query($s: ID!) { worldState(sceneId: $s, asOf: "1") { hour } }', s=pier.scenes[0])
    assert past["worldState"] is None


async def test_q84_a_later_scene_hears_that_what_comes_before_is_not_settled_yet(
    pier: Pier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q-84, C-46: without the last step, a later scene's world says so."""
    gate = Gate(Step.CHECKPOINT)
    monkeypatch.setattr(workflow_actor, "take_step", gate.take_step)
    await pier.lock(0)
    query = "query($s: ID!) { worldState(sceneId: $s) { settled weather } }"
    assert await asyncio.to_thread(gate.reached.wait, 10)
    assert (await pier.ask(query, s=pier.scenes[2]))["worldState"] == {"settled": False, "weather": "rain"}
    assert (await pier.workflow(0, "RUNNING"))["deferredStatus"] == "processing"
    gate.open()
    await pier.workflow(0, "COMPLETE")
    assert (await pier.ask(query, s=pier.scenes[2]))["worldState"] == {"settled": True, "weather": "rain"}


RETRY = """mutation($s: ID!, $k: String!) { it: retryWorkflow(input: {sceneId: $s, idempotencyKey: $k}) {
           workflow { state } sequence userErrors { code path } } }"""


async def test_q85_a_failed_workflow_says_why_and_is_tried_again_by_those_who_may_write(
    pier: Pier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q-85"""

    def broken(rows: Rows) -> float:
        raise OSError("a private path")

    old = SPECS[Step.WORLD]
    with monkeypatch.context() as patch:
        changed = {**SPECS, Step.WORLD: Spec(old.after, old.declared, old.event, old.words, broken)}
        patch.setattr(work, "SPECS", changed)
        await pier.lock(0)
        found = await pier.workflow(0, "FAILED")
    (failed,) = [step for step in found["steps"] if step["state"] == "FAILED"]
    assert failed["error"] == "STEP_FAILED: OSError in step world"
    _, viewer = await pier.shared.link(pier.project, "VIEWER")
    _, editor = await pier.shared.link(pier.project, "EDITOR")
    assert codes(await pier.shared.post(RETRY, viewer, s=pier.scenes[0], k="v")) == {"FORBIDDEN"}
    answer = (await pier.shared.post(RETRY, editor, s=pier.scenes[0], k="e"))["data"]["it"]
    assert answer["userErrors"] == []
    await pier.workflow(0, "COMPLETE")
    refused = (await pier.shared.post(RETRY, s=pier.scenes[1], k="x"))["data"]["it"]
    assert refused["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "sceneId"]}]
    told = await pier.ask("query($p: ID!) { history(projectId: $p) { summary author } }", p=pier.project)
    summaries = [line["summary"] for line in told["history"]]
    assert "A step of working out what follows from a scene failed" in summaries
    assert "Tried again to work out what follows from a scene" in summaries
    assert not any("workflow" in summary.lower() for summary in summaries)


async def test_q86_people_who_come_back_are_told_what_was_noted_meanwhile(pier: Pier) -> None:
    """Q-86: off until it is switched on; notes with source and confidence, and one line of history by nobody."""
    await pier.lock(0)
    await pier.workflow(0, "COMPLETE")
    query = """mutation($p: ID!, $on: Boolean!, $k: String!) { it: setBackground(input: {projectId: $p, enabled: $on,
               idempotencyKey: $k}) { project { background } sequence userErrors { code } } }"""
    shown = "query($p: ID!) { project(id: $p) { background meanwhile { kind words source confidence sceneId } } }"
    assert (await pier.ask(shown, p=pier.project))["project"] == {"background": False, "meanwhile": []}
    switched = (await pier.ask(query, p=pier.project, on=True, k="on"))["it"]
    assert switched["project"] == {"background": True}
    runtime = pier.shared.host.runtime
    home = await runtime.open(pier.project)
    await runtime.release(home)
    await runtime.visit(pier.project, WORKFLOW, TimePasses())
    (note,) = (await pier.ask(shown, p=pier.project))["project"]["meanwhile"]
    words = "CARL was not there, but ANNA spoke of them. Nothing has been shown of it since."
    assert note == {
        "kind": "goal",
        "words": words,
        "source": "@background",
        "confidence": 0.512,
        "sceneId": pier.scenes[0],
    }
    told = await pier.ask("query($p: ID!) { history(projectId: $p, first: 1) { summary author } }", p=pier.project)
    assert told["history"] == [{"summary": f"While you were away: {words}", "author": None}]
