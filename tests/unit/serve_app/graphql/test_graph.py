"""The story's graph over the partner API against the real owner and SQLite: peer port, no Ray."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.serve_app.graphql import test_access, test_story
from tests.unit.serve_app.graphql.test_access import codes
from tests.unit.serve_app.graphql.test_story import Pier

pytestmark = pytest.mark.unit

shared, pier = test_access.shared, test_story.pier
SAY = """mutation($i: SetRelationInput!) { it: setRelation(input: $i) { sequence userErrors { path code }
  graph { tensionPairs { source target trustCompetence at } } } }"""


async def graph(pier: Pier, fields: str, **variables: Any) -> dict[str, Any]:
    seen = await pier.ask(f"query($p: ID!) {{ storyGraph(projectId: $p) {{ {fields} }} }}", p=pier.project)
    found: dict[str, Any] = seen["storyGraph"]
    return found


async def told(pier: Pier, *scenes: int) -> None:
    """Until the last of them is in the graph."""
    for at in scenes:
        await pier.lock(at)
        await pier.workflow(at, "COMPLETE")
    async with asyncio.timeout(10):
        while True:
            seen = await graph(pier, f'after(event: ["Carl"], sceneId: "{pier.scenes[2]}") {{ holds }}')
            if seen["after"]["holds"]:
                return
            await asyncio.sleep(0.02)


async def test_q120_partners_ask_the_graph_by_name_and_see_what_each_edge_rests_on(pier: Pier) -> None:
    """Q-120: people by name or id, ties with their spans; nobody is woken for it."""
    empty = await graph(pier, 'castSubgraph(cast: ["Anna"]) { source } tensionPairs { source }')
    assert empty == {"castSubgraph": [], "tensionPairs": []}
    await told(pier, 0, 2, 1)
    one, _, three = pier.scenes
    found = await graph(
        pier,
        f"""castSubgraph(cast: ["Anna", "character:ben"]) {{ source target strength trustCompetence debt
              evidence {{ kind sceneId start end confidence }} }}
            socialDistance(source: "Anna", target: "Carl") {{ hops nodes }}
            nobody: socialDistance(source: "Anna", target: "Zed") {{ hops }}
            reachableScenes(sceneId: "{one}", hops: 3) {{ sceneId name hops }}
            scenesNearby(setting: "Pier") {{ setting }}
            trustToward(target: "Anna") {{ source }}""",
    )
    ties = {(tie["source"], tie["target"]): tie for tie in found["castSubgraph"]}
    assert set(ties) == {("character:anna", "character:ben"), ("character:ben", "character:anna")}
    tie = ties["character:anna", "character:ben"]
    assert (tie["trustCompetence"], tie["debt"]) == (None, None)
    (said,) = tie["evidence"]
    assert (said["kind"], said["sceneId"]) == ("told", one)
    script = (await pier.ask("query($s: ID!) { scene(id: $s) { script } }", s=one))["scene"]["script"]
    assert script[said["start"] : said["end"]]
    assert found["socialDistance"]["nodes"][0] == "character:anna"
    assert found["nobody"] is None
    assert [scene["hops"] for scene in found["reachableScenes"]] == [1, 1]  # next, and set going: the lantern
    assert found["reachableScenes"][1]["sceneId"] == three
    assert found["trustToward"] == []


async def test_q121_a_person_says_what_no_script_tells_and_it_is_asked_at_once(pier: Pier) -> None:
    """Q-121: committed before it is answered; refusals name the field; a retry is the same word."""
    await told(pier, 0, 2, 1)
    given = {"projectId": pier.project, "source": "Anna", "target": "Carl", "idempotencyKey": "a"}
    answer = (await pier.ask(SAY, i={**given, "trustCompetence": -0.7, "words": "He lied."}))["it"]
    assert answer["userErrors"] == []
    (pair,) = answer["graph"]["tensionPairs"]
    assert (pair["target"], pair["trustCompetence"], pair["at"]) == ("character:carl", -0.7, "setting:pier")
    again = (await pier.ask(SAY, i={**given, "trustCompetence": -0.7, "words": "He lied."}))["it"]
    assert again["sequence"] == answer["sequence"]
    for more, path in (
        ({"trustCompetence": 2.0}, ["input", "trustCompetence"]),
        ({"label": "LEADS_TO"}, ["input", "source"]),
        ({"traversalCost": 1.0}, ["input", "traversalCost"]),
    ):
        refused = (await pier.ask(SAY, i={**given, "idempotencyKey": f"b{path}", **more}))["it"]
        assert refused["userErrors"][0]["path"] == path
    found = await graph(pier, f'tensionScenes(sceneId: "{pier.scenes[0]}") {{ sceneId tensionEdges }}')
    assert found["tensionScenes"] == [{"sceneId": pier.scenes[2], "tensionEdges": 1}]
    query = """mutation($s: ID!) { it: describeScene(input: {sceneId: $s, sceneType: "gate", authoredMass: 2.5,
      idempotencyKey: "d"}) { userErrors { code } graph { reachableScenes(sceneId: $s) { sceneType } } } }"""
    assert (await pier.ask(query, s=pier.scenes[0]))["it"]["userErrors"] == []


async def test_q122_after_since_and_sequence_are_asked_over_the_story_s_order(pier: Pier) -> None:
    """Q-122: events are people, things and settings that come together."""
    await told(pier, 0, 2, 1)
    one, two, three = pier.scenes
    found = await graph(
        pier,
        f"""after(event: ["Anna", "entity:lantern"], sceneId: "{three}") {{ holds sceneIds }}
            early: after(event: ["Carl"], sceneId: "{two}") {{ holds }}
            since(event: ["Ben"], sceneId: "{three}") {{ holds sceneIds days }}
            sequence(events: [["Anna", "Ben"], ["Ben", "Carl"], ["setting:pier", "Carl"]]) {{ holds sceneIds }}
            never: sequence(events: [["Carl"], ["Ben", "Anna"]]) {{ holds sceneIds }}""",
    )
    assert found["after"] == {"holds": True, "sceneIds": [one]}
    assert found["early"] == {"holds": False}
    assert found["since"] == {"holds": True, "sceneIds": [two], "days": 0}
    assert found["sequence"] == {"holds": True, "sceneIds": [one, two, three]}
    assert found["never"] == {"holds": False, "sceneIds": []}


@pytest.mark.parametrize(
    ("field", "argument"),
    [
        ('socialDistance(source: "a", target: "b", hops: 5) { hops }', "hops"),
        ('reachableScenes(sceneId: "x", hops: 4) { sceneId }', "hops"),
        ('castSubgraph(cast: ["a"], first: 500) { source }', "first"),
        ('after(event: [], sceneId: "x") { holds }', "event"),
        ('sequence(events: [["a"], []]) { holds }', "events"),
        ("sequence(events: []) { holds }", "events"),
    ],
)
async def test_q123_a_question_out_of_bounds_is_refused_by_its_argument(pier: Pier, field: str, argument: str) -> None:
    """Q-123."""
    answer = await pier.shared.post(f'{{ storyGraph(projectId: "{pier.project}") {{ {field} }} }}')
    (error,) = answer["errors"]
    assert argument in error["message"]
    assert error["extensions"]["retryable"] is False


async def test_q124_the_graph_of_another_project_reads_as_none_at_all(pier: Pier) -> None:
    """Q-124."""
    answer = await pier.shared.post(
        '{ storyGraph(projectId: "prj_aaaaaaaaaaaaaaaaaaaaaaaaaa") { tensionPairs { at } } }'
    )
    assert codes(answer) == {"NOT_FOUND"}
