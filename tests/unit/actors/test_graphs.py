"""The graph of a story: what scenes tell, films show and people set, through the real actors and the ledger."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import pycrdt
import pytest

from actors.commands import (
    Command,
    CommandError,
    ContinueScene,
    DescribeScene,
    Envelope,
    GenerateScene,
    SetRelation,
    UnlockScene,
)
from actors.graphs.actor import GraphActor
from actors.graphs.messages import GRAPH
from actors.graphs.story import Story as Graph
from actors.project.copying import Copying
from actors.rebuild import Rebuilt
from actors.runtime.actor import Decision
from actors.runtime.compose import view_row
from actors.views import SceneView
from collab.text import set_text
from gpu.steps import Step
from storage.codec import decode
from storage.graphs.calls import (
    AdjacentSettings,
    CastSubgraph,
    Occurrences,
    ReachableScenes,
    ScenesNearby,
    SocialDistance,
    TensionPairs,
    TensionScenes,
    TrustToward,
)
from storage.graphs.rows import GRAPH_EDGE, GRAPH_NODE, GraphBody, edge_of, node_of
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Attempt, Kind
from tests.unit.actors.scene.worker import SmallWorker, answer_of
from tests.unit.actors.story import ANNA, story
from tests.unit.actors.workflow.tale import Tale, again, tale

pytestmark = pytest.mark.unit
WHO = ("character:anna", "character:ben", "character:carl")


def graph(of: Tale) -> GraphActor:
    found = of.owned.find(GRAPH)
    assert isinstance(found, GraphActor)
    return found


async def idle(of: Tale) -> None:
    await of.owned.activation(GRAPH).idle()


async def told(of: Tale, *scenes: int) -> None:
    for at in scenes:
        await of.lock(at)
        await of.worked_out(at)
    await of.owned.activation("@workflow").idle()
    await idle(of)


async def say(of: Tale, command: Command) -> None:
    await of.it.runtime.command(Envelope(of.home, GRAPH, ANNA, of.it.key(), command))


async def same_as_rows(of: Tale) -> None:
    """Memory, what the ledger answers, and what the log alone makes, are one graph."""
    view, ledger, home = graph(of).view, of.it.ledger, of.home
    calls = [
        CastSubgraph(WHO),
        *(SocialDistance(one, two) for one in WHO for two in WHO),
        *(TrustToward(who, -1.0, -1.0) for who in WHO),
        *(ReachableScenes(scene) for scene in of.scenes),
        *(TensionScenes(scene) for scene in of.scenes),
        *(AdjacentSettings(place) for place in ("setting:pier", "setting:room")),
        *(ScenesNearby(place) for place in ("setting:pier", "setting:room")),
        TensionPairs(),
        *(Occurrences((who,)) for who in WHO),
    ]
    for call in calls:
        assert await ledger.graph(home, call) == view.ask(call), call
    rebuilt = Rebuilt(home)
    for row in await of.log():
        if row.kind is Kind.EVENT:
            rebuilt.add(row)
    made = {draft.id: view_row(home, draft, 0).body for draft in rebuilt.graph.rows()}
    kept = [row for kind in (GRAPH_NODE, GRAPH_EDGE) for row in await ledger.views(kind, home=home, limit=1_000)]
    assert made == {row.id: row.body for row in kept}
    loaded = GraphActor(home, GRAPH)
    loaded.load(json.loads(json.dumps(graph(of).dump())))
    assert (loaded.view.nodes, loaded.view.edges) == (view.nodes, view.edges)


async def test_c84_scenes_tell_the_graph_and_every_edge_says_where() -> None:
    """C-84: who was together, who spoke to whom, where, with what; one graph in memory, rows, log and snapshot."""
    async with story() as it:
        of = await tale(it)
        await told(of, 0, 1, 2)
        view = graph(of).view
        pier, room, back = of.scenes
        assert view.nodes["character:anna"].name == "ANNA"
        assert set(view.into("CAST_OF", pier)) == {"character:anna", "character:ben"}
        assert set(view.into("SCENE_AT", "setting:pier")) == {pier, back}
        assert [each.scene for each in view.ask(ReachableScenes(pier))] == [room, back]
        (path,) = view.ask(SocialDistance("character:anna", "character:ben"))
        assert len(path.nodes) == 2
        scripts = {row.id: row for row in await it.ledger.views("scene", home=of.home)}
        assert set(scripts) == set(of.scenes)
        for edge in view.edges.values():
            assert edge.evidence, edge
            assert {said["kind"] for said in edge.evidence} == {"told"}
        tie = view.edges["RELATES_TO", "character:anna", "character:ben"]
        assert (tie.trust_competence, tie.debt) == (None, None)
        assert tie.strength is not None
        assert tie.strength > 1
        state = json.loads(view.nodes["character:carl"].state)
        assert state == {"scene": back, "at": "setting:pier"}
        assert json.loads(view.nodes["entity:lantern"].state)["holder"] == "character:anna"
        assert {view.nodes[scene].story_day for scene in of.scenes} == {1}
        await same_as_rows(of)


async def test_c85_a_scene_told_again_replaces_its_part_and_a_moved_one_changes_the_way() -> None:
    """C-85: nothing is counted twice; ways follow the outline; what nobody tells any more is gone."""
    async with story() as it:
        of = await tale(it)
        await told(of, 0, 1, 2)
        pier, room, back = of.scenes
        before = dict(graph(of).view.edges)
        await it.ask(of.home, UnlockScene(pier))
        text = (await of.owned.room(f"scene:{pier}")).text("script")
        changed = text.replace("BEN", "DORA").replace("Ben", "Dora")
        await (await of.owned.room(f"scene:{pier}")).edit(
            lambda doc: set_text(doc.get("script", type=pycrdt.Text), changed), "anna"
        )
        await told(of, 0)
        view = graph(of).view
        assert set(view.into("CAST_OF", pier)) == {"character:anna", "character:dora"}
        ben = ("RELATES_TO", "character:anna", "character:ben")
        assert ben in before
        assert ben not in view.edges
        await same_as_rows(of)
        outline = await of.owned.room("outline")
        await outline.edit(lambda doc: doc.get("order", type=pycrdt.Map).__setitem__(back, "0"), "anna")
        async with asyncio.timeout(10):
            while list(view.out("LEADS_TO", back)) != [pier]:
                await it.turned()
        assert view.out("LEADS_TO", pier).keys() >= {room}
        await idle(of)
        await same_as_rows(of)


async def test_c86_people_set_what_no_script_tells_and_take_it_back() -> None:
    """C-86: trust, debt, ways and weights, by name or id, each with who said so; scripts speak again after."""
    async with story() as it:
        of = await tale(it)
        await told(of, 0, 1, 2)
        pier, room, _ = of.scenes
        await say(of, SetRelation("RELATES_TO", "Anna", "character:carl", trust_competence=-0.8, words="He lied."))
        await say(of, SetRelation("RELATES_TO", "Anna", "Carl", debt=0.9))
        await say(of, SetRelation("ADJACENT_TO", "Pier", "Room", traversal_cost=2.5))
        await say(of, DescribeScene(pier, "gate", 3.0, "It turns here."))
        view = graph(of).view
        edge = view.edges["RELATES_TO", "character:anna", "character:carl"]
        assert (edge.trust_competence, edge.debt, edge.trust_benevolence) == (-0.8, 0.9, None)
        assert edge.evidence[-1]["by"] == ANNA
        assert [pair.target for pair in view.ask(TensionPairs())] == ["character:carl"]
        assert [scene.tension_edges for scene in view.ask(TensionScenes(room))] == [1]
        (near,) = view.ask(AdjacentSettings("setting:pier"))
        assert (near.setting, near.traversal_cost) == ("setting:room", 2.5)
        assert (view.nodes[pier].scene_type, view.nodes[pier].authored_mass) == ("gate", 3.0)
        await same_as_rows(of)
        await say(of, SetRelation("RELATES_TO", "Anna", "Ben", removed=True))
        assert ("RELATES_TO", "character:anna", "character:ben") not in graph(of).view.edges
        await say(of, SetRelation("RELATES_TO", "Anna", "Ben", cleared=True))
        assert ("RELATES_TO", "character:anna", "character:ben") in graph(of).view.edges
        await same_as_rows(of)


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (SetRelation("HATES", "a", "b"), "label"),
        (SetRelation("RELATES_TO", "a", "b", trust_competence=1.5), "trustCompetence"),
        (SetRelation("RELATES_TO", "a", "b", debt=float("nan")), "debt"),
        (SetRelation("RELATES_TO", "a", "b", traversal_cost=1.0), "traversalCost"),
        (SetRelation("RELATES_TO", "Anna", "ANNA"), "target"),
        (SetRelation("RELATES_TO", "character:", "b"), "source"),
        (SetRelation("SCENE_AT", "nowhere", "b"), "source"),
        (SetRelation("RELATES_TO", "a", "b", words="x" * 50_000), "words"),
        (DescribeScene("nowhere"), "sceneId"),
    ],
)
async def test_c86_what_does_not_fit_is_refused_by_its_field(command: Command, field: str) -> None:
    """C-86: and nothing is written."""
    async with story() as it:
        of = await tale(it)
        head = await it.ledger.head(of.home)
        with pytest.raises(CommandError) as refused:
            await say(of, command)
        assert refused.value.path == ("input", field)
        assert await it.ledger.head(of.home) == head


FILMED = (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)


async def filmed(of: Tale, at: int, said: dict[str, Any] | None = None) -> Attempt:
    """Whatever waits of a scene up to its take; `said`: what its observer answers besides. Its attempt."""
    worker = SmallWorker(of.it.ledger)
    worker.answers["observe"] = lambda attempt, request: {
        **answer_of(attempt, request),
        "observer": "eyes",
        **(said or {}),
    }
    attempt: Attempt | None = None
    for step in FILMED:
        attempt = await worker.once(step)
        assert attempt is not None, step
        await of.it.runtime.attempt_changed(of.home, attempt.id)
        await of.owned.activation(of.scenes[at]).idle()
    await idle(of)
    assert attempt is not None
    return attempt


async def test_c87_an_observed_take_enters_with_its_observation_and_its_video() -> None:
    """C-87: the scene's state names both; an observer that says of nobody that it saw them makes no edge."""
    async with story() as it:
        of = await tale(it)
        await told(of, 0)
        await it.ask(of.home, GenerateScene(of.scenes[0], auto_pick=True))
        attempt = await filmed(of, 0)
        (take,) = await it.ledger.views("take", parent=of.scenes[0])
        node = graph(of).view.nodes[of.scenes[0]]
        observed = json.loads(node.state)["observed"]
        assert observed["observation"] == attempt.id
        assert observed["video"]
        (seen,) = [said for said in node.evidence if said["kind"] == "seen"]
        assert seen["take"] == take.id
        assert await it.ledger.views("graph_seen", home=of.home) == []
        edges = graph(of).view.edges.values()
        assert not any(said["kind"] == "seen" for edge in edges for said in edge.evidence)
        await same_as_rows(of)


def seen(scene: str, *shows: str, take: str = "tak_1", id: str = "att_1", at: int = 1, **facts: Any) -> dict[str, Any]:
    """`facts`: attribute → (entity, value)."""
    told = [
        {"entity": entity, "attribute": name, "value": value, "confidence": 0.7}
        for name, (entity, value) in facts.items()
    ]
    said = {"take": take, "observation": id, "video": f"{take}.mp4", "observer": "eyes", "taken_ms": at, "facts": told}
    return {"scene": scene, **said, "verdict": "valid", "state": "ACCEPTED", "confidence": 0.8, "shows": list(shows)}


def tells(scene: str, *people: str, things: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a scene's script tells, bare."""
    found: dict[str, Any] = {
        "people": {who: [0, 1, 0.9] for who in people},
        "things": {it: [0, 1, 0.5] for it in things},
    }
    return {
        "scene": scene,
        "heading": "A",
        **found,
        "holders": {},
        "linked": False,
        "names": {},
        "ties": [],
        "causes": [],
    }


def filmed_story(*people: str) -> Graph:
    found = Graph()
    found.take("graph.told", tells("scn_a", *people, things=("entity:lantern",)))
    found.take("graph.ordered", {"scenes": {"scn_a": ["a", 1, "A"], "scn_b": ["b", 1, "B"]}})
    return found


def by_films(found: Graph, key: tuple[str, str, str]) -> list[tuple[str, str]]:
    edge = found.edge(key)
    said = edge.evidence if edge is not None else ()
    return [(each["observation"], each["video"]) for each in said if each["kind"] == "seen"]


def test_c87_whom_an_observer_saw_is_an_edge_with_that_film_as_its_evidence() -> None:
    """C-87: a newer take of the scene replaces what the one before showed; one made before it changes nothing."""
    found, key = filmed_story("character:anna"), ("CAST_OF", "character:anna", "scn_b")
    keys, _ = found.take("graph.seen", seen("scn_b", "character:anna"))
    assert keys == {key}
    assert by_films(found, key) == [("att_1", "tak_1.mp4")]
    keys, _ = found.take("graph.seen", seen("scn_b", take="tak_2", id="att_2", at=2))
    assert keys == {key}
    assert found.edge(key) is None
    assert found.take("graph.seen", seen("scn_b", "character:anna", id="att_3")) == (set(), set())
    assert found.edge(key) is None


def test_c89_reports_of_one_take_stand_together_and_the_later_one_where_they_differ() -> None:
    """C-89: each fact names its observation; who is said not to be there after all makes no edge."""
    anna, ben, scene = "character:anna", "character:ben", "scn_b"
    found = filmed_story(anna, ben)
    found.take("graph.seen", seen(scene, anna, ben, light=(scene, "dark")))
    found.take("graph.seen", seen(scene, id="att_2", holds=(anna, "lantern"), light=(scene, "dim")))
    found.take("graph.seen", seen(scene, ben, id="att_3", present=(ben, "no"), faces=(anna, "BEN")))
    assert by_films(found, ("CAST_OF", anna, scene)) == [("att_3", "tak_1.mp4")]
    assert found.edge(("CAST_OF", ben, scene)) is None
    assert by_films(found, ("PROP_OF", "entity:lantern", scene)) == [("att_2", "tak_1.mp4")]
    assert by_films(found, ("RELATES_TO", anna, ben)) == [("att_3", "tak_1.mp4")]
    tie, node = found.edge(("RELATES_TO", anna, ben)), found.node(scene)
    assert tie is not None
    assert tie.strength is None
    assert node is not None
    assert json.loads(node.state)["observed"]["facts"] == {"light": ["dim", 0.7, "att_2"]}
    again = Graph.of(json.loads(json.dumps(found.dump())))
    assert sorted(map(str, again.rows())) == sorted(map(str, found.rows()))
    wears: dict[str, Any] = {f"wears{n}": (anna, "é" * 120) for n in range(40)}
    for at in range(20):
        found.take("graph.seen", seen(scene, id=f"att_{at}", **wears))
    assert all(GraphBody(row).blob() for row in found.rows())


def test_c89_a_film_made_before_its_scene_was_left_says_its_part_when_the_scene_is_told() -> None:
    """C-89: in either order one graph; who is told no more is seen no more, and comes back with the words."""
    anna, ben = "character:anna", "character:ben"
    film = seen("scn_a", "*:anna", "*:ben", "*:lantern", faces=("*:ben", "Anna"))
    first, then = filmed_story(anna, ben), Graph()
    first.take("graph.seen", film)
    then.take("graph.seen", film)
    assert not list(then.rows())
    then.take("graph.ordered", {"scenes": {"scn_a": ["a", 1, "A"], "scn_b": ["b", 1, "B"]}})
    keys, _ = then.take("graph.told", tells("scn_a", anna, ben, things=("entity:lantern",)))
    assert {("CAST_OF", anna, "scn_a"), ("PROP_OF", "entity:lantern", "scn_a"), ("RELATES_TO", ben, anna)} <= keys
    assert sorted(map(str, then.rows())) == sorted(map(str, first.rows()))
    keys, _ = then.take("graph.told", tells("scn_a", anna, things=("entity:lantern",)))
    assert ("CAST_OF", ben, "scn_a") in keys
    assert then.edge(("CAST_OF", ben, "scn_a")) is None
    then.take("graph.told", tells("scn_a", anna, ben, things=("entity:lantern",)))
    assert sorted(map(str, then.rows())) == sorted(map(str, first.rows()))


async def test_c88_a_continuation_tells_the_graph_once_its_words_are_in_the_scene() -> None:
    """C-88: nobody need lock the scene or leave it; what was ordered and not yet made tells nothing, and nothing is
    worked out twice."""
    async with story() as it:
        of = await tale(it)
        await told(of, 1)
        pier, dora = of.scenes[0], "character:dora"
        await it.ask(of.home, ContinueScene(pier, "DORA steps out of the fog with a rifle.\n\nDORA\nBen, go home."))
        assert not graph(of).view.into("CAST_OF", pier)
        await filmed(of, 0)
        await of.worked_out(0)
        await of.owned.activation("@workflow").idle()
        await idle(of)
        view = graph(of).view
        assert set(view.into("CAST_OF", pier)) == {*WHO[:2], dora}
        tie = view.edges["RELATES_TO", dora, "character:ben"]
        (row,) = [row for row in await it.ledger.views("scene", home=of.home) if row.id == pier]
        script = SceneView.from_blob(row.body or b"").script
        spoken = tie.evidence[0]
        assert script[spoken["start"] : spoken["end"]] == "Ben, go home."
        await it.until(lambda: of.owned.settler.pending is False)
        await of.owned.activation(pier).idle()
        assert await it.ledger.views("scene_open", home=of.home) == []
        log = [row.type for row in await of.log()]
        assert log.count("workflow.started") == 2
        await same_as_rows(of)


async def test_c89_what_an_observer_reports_of_a_take_is_in_the_graph_with_its_observation() -> None:
    """C-89: edges and state of whom and what the story knows; strangers are not added, told facts stay as they are."""
    async with story() as it:
        of = await tale(it)
        await told(of, 0)
        await it.ask(of.home, GenerateScene(of.scenes[0], auto_pick=True))
        facts = [
            {"entity": "Ben", "attribute": "holds", "value": "lantern", "confidence": 0.7},
            {"entity": "", "attribute": "place", "value": "Pier", "confidence": 0.9},
            {"entity": "character:anna", "attribute": "faces", "value": "BEN", "confidence": 0.6},
            {"entity": "Anna", "attribute": "wears", "value": "a red coat", "confidence": 0.5},
            {"entity": "A stranger", "attribute": "present", "value": "yes", "confidence": 0.9},
        ]
        attempt = await filmed(of, 0, {"shows": ["Anna"], "facts": facts})
        view, pier = graph(of).view, of.scenes[0]
        (take,) = await it.ledger.views("take", parent=pier)
        shown = {edge.key for edge in view.edges.values() if any(said["kind"] == "seen" for said in edge.evidence)}
        assert shown == {
            ("CAST_OF", "character:anna", pier),
            ("CAST_OF", "character:ben", pier),
            ("PROP_OF", "entity:lantern", pier),
            ("SCENE_AT", pier, "setting:pier"),
            ("RELATES_TO", "character:anna", "character:ben"),
        }
        for key in shown:
            said = next(each for each in view.edges[key].evidence if each["kind"] == "seen")
            assert (said["observation"], said["take"]) == (attempt.id, take.id)
            assert said["video"]
        anna = json.loads(view.nodes["character:anna"].state)["seen"]
        assert (anna["scene"], anna["facts"]["wears"]) == (pier, ["a red coat", 0.5, attempt.id])
        assert json.loads(view.nodes["entity:lantern"].state)["holder"] == "character:anna"
        assert not [id for id in view.nodes if "stranger" in id]
        await same_as_rows(of)


async def test_c84_what_a_crash_kept_from_the_graph_is_taken_in_by_the_next_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """C-84: notices that were lost are found out again from the workflow's runs; a third host has the same graph."""
    ledger = MemoryLedger()
    async with story(ledger, "h1") as one:
        of = await tale(one)
        with monkeypatch.context() as deaf:
            deaf.setattr(GraphActor, "decide", lambda self, message, ctx: Decision())
            await told(of, 0, 1, 2)
        assert not graph(of).view.nodes
    async with story(ledger, "h2") as two:
        after = await again(two, of)
        async with asyncio.timeout(10):
            while len(graph(after).story.told) < 3:
                await two.turned()
        edges = dict(graph(after).view.edges)
        await idle(after)
        await same_as_rows(after)
    async with story(ledger, "h3") as three:
        last = await again(three, of)
        await idle(last)
        assert graph(last).view.edges == edges
        rows = await ledger.views(GRAPH_EDGE, home=of.home, limit=1_000)
        assert {edge_of(row.body or b"").key: edge_of(row.body or b"") for row in rows} == edges


async def test_c85_the_order_of_a_long_story_is_taken_in_by_portions() -> None:
    """C-85: no turn takes in more than its portion, and in the end every scene has its place and leads to the next."""
    async with story() as it:
        home = await it.bring("\n".join(f"INT. ROOM {at} - DAY\n\nANNA waits.\n" for at in range(95)))
        rows = await it.ledger.views("scene", home=home, limit=200)
        of = Tale(it, home, [row.id for row in rows])
        await told(of, 0)
        async with asyncio.timeout(10):
            while len(graph(of).story.order) < 95:
                await it.turned()
        await idle(of)
        portions = [row for row in await of.log() if row.type == "graph.ordered"]
        assert [len(decode(row.body)["scenes"]) for row in portions] == [40, 40, 15]
        view = graph(of).view
        assert all(two in view.out("LEADS_TO", one) for one, two in pairwise(of.scenes))
        await same_as_rows(of)


async def test_c86_a_copy_of_the_project_keeps_what_people_said() -> None:
    """C-86: relations and weights, with who said so, beside what scenes told and films showed, under ids of its own."""
    async with story() as it:
        of = await tale(it)
        await told(of, 0, 1)
        pier = of.scenes[0]
        await say(of, SetRelation("RELATES_TO", "Anna", "Carl", trust_competence=-0.8, words="He lied."))
        await say(of, SetRelation("RELATES_TO", "Anna", "Ben", removed=True))
        await say(of, DescribeScene(pier, "gate", 3.0))
        await it.ask(of.home, GenerateScene(pier, auto_pick=True))
        await filmed(of, 0, {"shows": ["Anna"]})
        copying = Copying(of.home, "prj_" + "b" * 26, by="owner", now_ms=10**6)
        rows = [copying.take(row) for row in await of.log()]
        views = copying.finish().views
        edges = {edge.key: edge for view in views if view.kind == GRAPH_EDGE for edge in [edge_of(view.body or b"")]}
        nodes = {node.id: node for view in views if view.kind == GRAPH_NODE for node in [node_of(view.body or b"")]}
        distrust = edges["RELATES_TO", "character:anna", "character:carl"]
        assert (distrust.trust_competence, distrust.evidence[-1]["words"]) == (-0.8, "He lied.")
        assert ("RELATES_TO", "character:anna", "character:ben") not in edges
        scenes = {node.id: node for node in nodes.values() if node.label == "Scene"}
        (gate,) = [node for node in scenes.values() if node.scene_type == "gate"]
        assert gate.id != pier
        assert not scenes.keys() & set(of.scenes)
        assert "seen" in {said["kind"] for said in edges["CAST_OF", "character:anna", gate.id].evidence}
        view = graph(of).view
        assert (len(edges), len(nodes)) == (len(view.edges), len(view.nodes))
        again = Rebuilt("prj_" + "b" * 26)
        for row in rows:
            if row.kind is Kind.EVENT:
                again.add(row)
        assert (again.graph.view.edges, again.graph.view.nodes) == (edges, nodes)
