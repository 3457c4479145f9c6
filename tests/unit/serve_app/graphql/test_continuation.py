"""Continuations, segments and the Scene Bible by GraphQL, against the real owner and a worker on its ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from serve_app.story_host import StoryHostCore
from storage.codec import decode, encode
from storage.ledger.protocol import AttemptState
from tests.unit.actors.scene.worker import answer_of
from tests.unit.serve_app.graphql.test_real_owner import CREATE, Api, served

pytestmark = pytest.mark.unit

WORDS = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n"
CONTINUE = "continueScene(input: {sceneId: $s, text: $t, expectedBibleVersion: $v, idempotencyKey: $key})"
ISSUES = "issues { code severity message suggestion }"
BIBLE = """query($s: ID!, $v: Int) { sceneBible(sceneId: $s, version: $v) {
  sceneId version heading place interior timeOfDay weather cast { id name looks } props
  facts { entity attribute value confidence quote } carried sha256 stored createdAt } }"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[Api, StoryHostCore]]:
    async with served(tmp_path) as found:
        yield found


async def scene_of(api: Api) -> str:
    home = (await api.act(CREATE, "project { id }"))["project"]["id"]
    call = "createScene(input: {projectId: $p, heading: $h, script: $s, idempotencyKey: $key})"
    given = {"p: ID!": home, "h: String!": "INT. KITCHEN - NIGHT", "s: String": WORDS}
    return str((await api.act(call, "scene { id }", **given))["scene"]["id"])


async def go_on(api: Api, scene: str, text: str, version: int | None = None) -> dict[str, Any]:
    given = {"s: ID!": scene, "t: String!": text, "v: Int": version}
    return await api.act(
        CONTINUE, "job { id state segmentId updatedBibleVersion issues { code severity message suggestion } }", **given
    )


async def job(api: Api, scene: str) -> str:
    """The newest of a scene."""
    found = await api.ask("query($s: ID!) { scene(id: $s) { jobs(first: 1) { id } } }", s=scene)
    return str(found["scene"]["jobs"][0]["id"])


async def work(host: StoryHostCore) -> None:
    """Every step there is, until none is left."""
    steps = ["enhance", "cache", "storyboard", "video", "observe"]
    while attempt := await host.ledger.claim_attempt("w", steps, offers=("animatic",)):
        result = encode(answer_of(attempt, decode(attempt.request)))
        await host.ledger.finish_attempt(attempt.id, "w", AttemptState.DONE, result=result, error=None)
        await host.runtime.attempt_changed(attempt.home, attempt.id)
        home = host.runtime.owned(attempt.home)
        assert home is not None
        await home.activation(attempt.scene).idle()


async def test_q92_a_continuation_from_asking_to_its_segment(world: tuple[Api, StoryHostCore]) -> None:
    """Q-92: the job is queued, then names its segment and version; the scene lists it, its words and its take."""
    api, host = world
    scene = await scene_of(api)
    (odd,) = (await go_on(api, scene, "EDWRAD\nSoup?"))["job"]["issues"]
    assert (odd["code"], odd["severity"]) == ("new_character", "WARNING")
    assert "EDWRAD" in odd["message"]
    await api.act(
        "cancelJob(input: {jobId: $j, idempotencyKey: $key})", "job { state }", **{"j: ID!": await job(api, scene)}
    )
    asked = await go_on(api, scene, "EDWARD sits down. مرحبا 🎬", 0)
    assert asked["userErrors"] == []
    assert asked["job"] == {**asked["job"], "state": "QUEUED", "segmentId": None, "updatedBibleVersion": None}
    await work(host)
    query = """query($s: ID!, $j: ID!) { job(id: $j) { state segmentId updatedBibleVersion }
      scene(id: $s) { status bibleVersion script
        segments { id sceneId jobId index text summary durationS bibleVersion take { id durationS } } } }"""
    found = await api.ask(query, s=scene, j=asked["job"]["id"])
    (segment,) = found["scene"]["segments"]
    assert found["job"] == {"state": "FINAL_READY", "segmentId": segment["id"], "updatedBibleVersion": 1}
    assert segment["id"].startswith("seg_")
    assert (segment["index"], segment["bibleVersion"], segment["jobId"]) == (0, 1, asked["job"]["id"])
    assert segment["text"] == "EDWARD sits down. مرحبا 🎬"
    assert segment["durationS"] == segment["take"]["durationS"]
    assert (found["scene"]["status"], found["scene"]["bibleVersion"]) == ("COMPLETE", 1)
    assert found["scene"]["script"].endswith(f"\n\n{segment['text']}\n")
    history = "query($s: ID!) { scene(id: $s) { projectId } }"
    project = (await api.ask(history, s=scene))["scene"]["projectId"]
    lines = (await api.ask("query($p: ID!) { history(projectId: $p) { summary } }", p=project))["history"]
    assert any(line["summary"].startswith("Continued a scene") for line in lines)


async def test_q92_refusals_say_what_to_do(world: tuple[Api, StoryHostCore]) -> None:
    """Q-92: BIBLE_STALE with the version there is, SCENE_LOCKED with who and when; neither leaves a job."""
    api, _ = world
    scene = await scene_of(api)
    (stale,) = (await go_on(api, scene, "He sits.", 7))["userErrors"]
    assert (stale["code"], stale["path"]) == ("BIBLE_STALE", ["input", "expectedBibleVersion"])
    assert "version 0, not 7" in stale["message"]
    await api.act("lockScene(sceneId: $s, idempotencyKey: $key)", "scene { id }", **{"s: ID!": scene})
    (locked,) = (await go_on(api, scene, "He sits."))["userErrors"]
    assert (locked["code"], locked["path"]) == ("SCENE_LOCKED", ["input", "sceneId"])
    assert "was locked by the project's owner at" in locked["message"]
    assert (await api.ask("query($s: ID!) { scene(id: $s) { jobs { id } } }", s=scene))["scene"]["jobs"] == []


async def test_q93_the_bible_is_read_at_any_version_it_had(world: tuple[Api, StoryHostCore]) -> None:
    """Q-93: before it is written it is shown from the text as it is; written versions stay; others are null."""
    api, host = world
    scene = await scene_of(api)
    now = (await api.ask(BIBLE, s=scene))["sceneBible"]
    assert (now["version"], now["stored"], now["createdAt"]) == (0, False, None)
    assert (now["place"], now["timeOfDay"], now["interior"]) == ("KITCHEN", "night", True)
    assert [(p["name"], p["looks"]) for p in now["cast"]] == [("EDWARD", ["60s"])]
    assert ("place", "KITCHEN") in [(fact["attribute"], fact["quote"]) for fact in now["facts"]]
    await go_on(api, scene, "WILL (30s) comes in.")
    await work(host)
    first, second = [(await api.ask(BIBLE, s=scene, v=version))["sceneBible"] for version in (0, 1)]
    assert [first["stored"], second["stored"]] == [True, True]
    assert [p["name"] for p in first["cast"]] == ["EDWARD"]
    assert [p["name"] for p in second["cast"]] == ["EDWARD", "WILL"]
    assert (await api.ask(BIBLE, s=scene))["sceneBible"] == second
    assert (await api.ask(BIBLE, s=scene, v=9))["sceneBible"] is None
