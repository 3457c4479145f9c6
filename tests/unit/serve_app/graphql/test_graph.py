"""The story's graph over the partner API against the real owner and SQLite: peer port, no Ray."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.graphs.messages import GRAPH
from gpu.steps import Step
from tests.unit.actors.scene.worker import SmallWorker, answer_of
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


async def filmed(pier: Pier, at: int, **said: Any) -> str:
    """A film of a scene, and what its observer says of it; the id of the observation."""
    query = """mutation($s: ID!) { it: generateScene(input: {sceneId: $s, autoPick: true, idempotencyKey: "film"})
      { userErrors { code } } }"""
    assert (await pier.ask(query, s=pier.scenes[at]))["it"]["userErrors"] == []
    host, worker = pier.shared.host, SmallWorker(pier.shared.host.ledger)  # type: ignore[arg-type]
    worker.answers["observe"] = lambda attempt, request: {**answer_of(attempt, request), "observer": "eyes", **said}
    for step in (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE):
        attempt = await worker.once(step)
        assert attempt is not None, step
        await host.runtime.attempt_changed(pier.project, attempt.id)
        owned = host.runtime.owned(pier.project)
        assert owned is not None
        await owned.activation(pier.scenes[at]).idle()
    await owned.activation(GRAPH).idle()
    return attempt.id


async def test_q125_a_picture_asks_for_nodes_whom_is_near_and_the_edges_among_them(pier: Pier) -> None:
    """Q-125: bounded lists that read on; each edge brings its evidence, with the words that stand there."""
    await told(pier, 0, 2, 1)
    one, two, three = pier.scenes
    found = await graph(
        pier,
        f"""nodes(label: CHARACTER) {{ id name ties state {{ sceneId at holder }} }}
            rest: nodes(label: CHARACTER, first: 5, skip: 1) {{ id }}
            scenes: nodes(label: SCENE) {{ id storyDay }}
            around(node: "Anna", label: RELATES_TO, hops: 2) {{ id hops }}
            links(label: RELATES_TO, among: ["Anna", "Ben"]) {{ source target strength
              evidence {{ kind sceneId quote }} }}
            ways: links(label: LEADS_TO, among: ["{one}", "{two}", "{three}"], first: 1) {{ source target }}
            more: links(label: LEADS_TO, among: ["{one}", "{two}", "{three}"], first: 5, skip: 1) {{ source target }}
            cast: links(label: CAST_OF, among: ["character:anna", "{three}"]) {{ source target }}""",
    )
    assert {node["id"]: node["ties"] for node in found["nodes"]} == {
        "character:anna": 4,
        "character:ben": 4,
        "character:carl": 4,
    }
    assert [node["id"] for node in found["rest"]] == ["character:ben", "character:carl"]
    assert [node["id"] for node in found["scenes"]] == [one, two, three]
    assert found["around"][0] == {"id": "character:anna", "hops": 0}
    assert {near["id"] for near in found["around"]} == {f"character:{who}" for who in ("anna", "ben", "carl")}
    spoken = {(each["source"], each["target"]): each["evidence"] for each in found["links"]}
    assert spoken["character:anna", "character:ben"][0]["quote"] == "Where is Carl? Ben, answer me."
    ways = [(each["source"], each["target"]) for each in (*found["ways"], *found["more"])]
    assert set(ways) == {(one, two), (two, three), (one, three)}
    assert len(ways) == 3
    assert found["cast"] == [{"source": "character:anna", "target": three}]
    crowd = ", ".join(f'"p{at}"' for at in range(151))
    query = f"links(label: RELATES_TO, among: [{crowd}]) {{ source }}"
    answer = await pier.shared.post(f'{{ storyGraph(projectId: "{pier.project}") {{ {query} }} }}')
    assert "`among`" in answer["errors"][0]["message"]


async def test_q126_the_answers_of_the_graph_read_on_by_pages_in_one_order(pier: Pier) -> None:
    """Q-126: `first` and `skip` of every list; a page beyond what is read of an answer is refused."""
    await told(pier, 0, 2, 1)
    one = pier.scenes[0]
    for field, shown in (
        ('castSubgraph(cast: ["Anna", "Ben", "Carl"]', "source target"),
        (f'reachableScenes(sceneId: "{one}"', "sceneId hops"),
        ('scenesNearby(setting: "Pier"', "setting"),
    ):
        whole = (await graph(pier, f"it: {field}) {{ {shown} }}"))["it"]
        pages = await graph(pier, f"a: {field}, first: 1) {{ {shown} }} b: {field}, first: 50, skip: 1) {{ {shown} }}")
        assert pages["a"] + pages["b"] == whole
    answer = await pier.shared.post(
        f'{{ storyGraph(projectId: "{pier.project}") {{ tensionPairs(first: 200, skip: 900) {{ at }} }} }}'
    )
    assert codes(answer) == {"BAD_GRAPH_CALL"}


async def test_q127_the_world_says_what_films_showed_beside_what_scripts_tell(pier: Pier) -> None:
    """Q-127: of its people, things and scene, each with observation and video; a past world says none."""
    await told(pier, 0, 2, 1)
    facts = [
        {"entity": "Ben", "attribute": "holds", "value": "lantern", "confidence": 0.7},
        {"entity": "", "attribute": "light", "value": "dark", "confidence": 0.9},
    ]
    observation = await filmed(pier, 0, facts=facts)
    query = """query($s: ID!) { worldState(sceneId: $s) { things { name holder }
      seen { of attribute value observation video sceneId } } }"""
    world = (await pier.ask(query, s=pier.scenes[0]))["worldState"]
    assert {"name": "lantern", "holder": "ANNA"} in world["things"]
    seen = {(each["of"], each["attribute"], each["value"], each["observation"]) for each in world["seen"]}
    assert seen == {
        ("character:ben", "holds", "lantern", observation),
        (pier.scenes[0], "light", "dark", observation),
    }
    assert all(each["video"] and each["sceneId"] == pier.scenes[0] for each in world["seen"])
    head = await pier.shared.host.ledger.head(pier.project)
    past = query.replace("sceneId: $s", f'sceneId: $s, asOf: "{head}"')
    assert (await pier.ask(past, s=pier.scenes[0]))["worldState"]["seen"] == []
