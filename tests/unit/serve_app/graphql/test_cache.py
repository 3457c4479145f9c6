"""What takes say of the cache by GraphQL, and what people say back, against the real owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from serve_app.story_host import StoryHostCore
from storage.codec import decode, encode
from storage.ledger.protocol import AttemptState
from tests.unit.actors.scene.worker import answer_of, media
from tests.unit.serve_app.graphql.test_continuation import scene_of, work
from tests.unit.serve_app.graphql.test_real_owner import Api, served

pytestmark = pytest.mark.unit

CACHE = "cache { level similarity threshold sure why ofTakeId ofSceneId ofAnotherProject savedUsd judged }"
TOLD = {
    "level": "L2", "similarity": 0.93, "threshold": 0.9, "sure": 0.97, "why": ["every slot is equal"], "saved_usd": 0.5,
    "space": "films.p", "entry": "job_far.ab", "ask": "cd",
}  # fmt: skip
GENERATE = "generateScene(input: {sceneId: $s, autoPick: true, idempotencyKey: $key})"
BOARD = "generateScene(input: {sceneId: $s, idempotencyKey: $key})"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[Api, StoryHostCore]]:
    async with served(tmp_path) as found:
        yield found


async def answered(
    api: Api, host: StoryHostCore, scene: str, of: dict[str, str], how: str = GENERATE
) -> dict[str, Any]:
    """A take that the cache gave."""
    await api.act(how, "job { id }", **{"s: ID!": scene})
    while attempt := await host.ledger.claim_attempt("w", ["enhance", "cache"]):
        body = answer_of(attempt, decode(attempt.request))
        if attempt.step == "cache":
            body = {"verdict": "hit", "take": media("far"), "cache": {**TOLD, "of": of}}
        await host.ledger.finish_attempt(attempt.id, "w", AttemptState.DONE, result=encode(body), error=None)
        await host.runtime.attempt_changed(attempt.home, attempt.id)
        home = host.runtime.owned(attempt.home)
        assert home is not None
        await home.activation(scene).idle()
    found = await api.ask(
        f"query($s: ID!) {{ scene(id: $s) {{ takes {{ id jobId cacheVerdict {CACHE} }} }} }}", s=scene
    )
    take: dict[str, Any] = found["scene"]["takes"][0]
    return take


async def home_of(api: Api, scene: str) -> str:
    return str((await api.ask("query($s: ID!) { scene(id: $s) { projectId } }", s=scene))["scene"]["projectId"])


async def test_q110_a_take_says_whose_film_it_is(world: tuple[Api, StoryHostCore]) -> None:
    """Q-110: `Take.cache` tells level, likeness, how sure and why, and whose film it is; of another project's film that
    it is one, and no names."""
    api, host = world
    scene = await scene_of(api)
    of = {"take": "tak_far", "job": "job_far", "scene": "scn_far", "project": await home_of(api, scene)}
    take = await answered(api, host, scene, of)
    assert take["cacheVerdict"] == "hit"
    assert take["cache"] == {
        "level": "L2", "similarity": 0.93, "threshold": 0.9, "sure": 0.97, "why": ["every slot is equal"],
        "ofTakeId": "tak_far", "ofSceneId": "scn_far", "ofAnotherProject": False, "savedUsd": 0.5, "judged": None,
    }  # fmt: skip
    scene = await scene_of(api)
    far = (await answered(api, host, scene, {**of, "project": "prj_other"}))["cache"]
    assert (far["ofTakeId"], far["ofSceneId"], far["ofAnotherProject"]) == (None, None, True)


async def test_q111_a_word_is_said_once(world: tuple[Api, StoryHostCore]) -> None:
    """Q-111: `notThis` and `keepThis` answer with the take as judged; with `regenerate` a job for another film, and a
    retry under the same key is answered with that one; what cannot be judged is refused by its code."""
    api, host = world
    scene = await scene_of(api)
    take = await answered(api, host, scene, {"take": "tak_far", "scene": "scn_far", "project": "prj"})
    kept = await api.act(
        "keepThis(input: {takeId: $t, idempotencyKey: $key})",
        f"take {{ {CACHE} }} job {{ id }}",
        **{"t: ID!": take["id"]},
    )
    assert (kept["userErrors"], kept["take"]["cache"]["judged"], kept["job"]) == ([], True, None)
    query = """mutation($t: ID!, $r: String) { notThis(input: {takeId: $t, reason: $r, regenerate: true,
      idempotencyKey: "once"}) { take { cache { judged } } job { id state } sequence userErrors { code path } } }"""
    first, again = [(await api.ask(query, t=take["id"], r="another street"))["notThis"] for _ in range(2)]
    assert first == again
    assert (first["take"]["cache"]["judged"], first["userErrors"]) == (False, [])
    assert first["job"]["id"] != take["jobId"]
    await work(host)
    takes = (await api.ask("query($s: ID!) { scene(id: $s) { takes { id cacheVerdict } } }", s=scene))["scene"]["takes"]
    own = next(each["id"] for each in takes if each["id"] != take["id"])
    for id, code in ((own, "NOT_REUSED"), ("tak_no", "NOT_FOUND")):
        said = await api.act("notThis(input: {takeId: $t, idempotencyKey: $key})", "take { id }", **{"t: ID!": id})
        assert [each["code"] for each in said["userErrors"]] == [code]
        assert said["userErrors"][0]["path"] == ["input", "takeId"]
    history = (await api.ask("query($p: ID!) { history(projectId: $p) { summary } }", p=await home_of(api, scene)))[
        "history"
    ]
    assert "Said whether a film stands in rightly" in [each["summary"] for each in history]


async def test_frames_are_drawn_instead_once(world: tuple[Api, StoryHostCore]) -> None:
    """K-106: `drawFrames` answers whoever presses it with one and the same job, which names the job it follows; what a
    job without such a film is told has its code and place."""
    api, host = world
    scene = await scene_of(api)
    of = {"take": "tak_far", "scene": "scn_far", "project": "prj"}
    take = await answered(api, host, scene, of, BOARD)
    shown = "job { id shownFirst insteadOfJobId autoPick }"
    draw = "drawFrames(input: {jobId: $j, idempotencyKey: $key})"
    first, again = [await api.act(draw, shown, **{"j: ID!": take["jobId"]}) for _ in range(2)]
    assert first["job"] == again["job"]
    assert first["job"] | {"id": ""} == {
        "id": "", "shownFirst": False, "insteadOfJobId": take["jobId"], "autoPick": False,
    }  # fmt: skip
    seen = await api.ask("query($j: ID!) { job(id: $j) { shownFirst insteadOfJobId } }", j=take["jobId"])
    assert seen["job"] == {"shownFirst": True, "insteadOfJobId": None}
    said = await api.act(draw, shown, **{"j: ID!": first["job"]["id"]})
    assert [(each["code"], each["path"]) for each in said["userErrors"]] == [("NOT_REUSED", ["input", "jobId"])]
