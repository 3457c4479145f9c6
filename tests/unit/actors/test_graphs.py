"""The graph of a story: what scenes tell, films show and people set, through the real actors and the ledger."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import pycrdt
import pytest

from actors.commands import Command, CommandError, DescribeScene, Envelope, GenerateScene, SetRelation, UnlockScene
from actors.graphs.actor import GraphActor
from actors.graphs.messages import GRAPH
from actors.graphs.story import Story as Graph
from actors.rebuild import Rebuilt
from actors.runtime.actor import Decision
from actors.runtime.compose import view_row
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
from storage.graphs.rows import GRAPH_EDGE, GRAPH_NODE, Edge, edge_of
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Kind
from tests.unit.actors.scene.worker import SmallWorker
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


async def test_c87_an_observed_take_enters_with_its_observation_and_its_video() -> None:
    """C-87: the scene's state names both; an observer that says of nobody that it saw them makes no edge."""
    async with story() as it:
        of = await tale(it)
        await told(of, 0)
        job = (await it.ask(of.home, GenerateScene(of.scenes[0], auto_pick=True))).ids["job"]
        worker = SmallWorker(it.ledger)
        for step in (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE):
            attempt = await worker.once(step)
            assert attempt is not None
            await it.runtime.attempt_changed(of.home, attempt.id)
            await of.owned.activation(of.scenes[0]).idle()
        await idle(of)
        (take,) = await it.ledger.views("take", parent=of.scenes[0])
        node = graph(of).view.nodes[of.scenes[0]]
        observed = json.loads(node.state)["observed"]
        assert observed["observation"] == attempt.id
        assert observed["video"]
        (seen,) = [said for said in node.evidence if said["kind"] == "seen"]
        assert seen["take"] == take.id
        assert job
        assert await it.ledger.views("graph_seen", home=of.home) == []
        edges = graph(of).view.edges.values()
        assert not any(said["kind"] == "seen" for edge in edges for said in edge.evidence)
        await same_as_rows(of)


def seen(scene: str, *shows: str) -> dict[str, Any]:
    said = {"take": "tak_1", "observation": "att_1", "video": "v.mp4", "observer": "eyes"}
    return {"scene": scene, **said, "verdict": "valid", "state": "ACCEPTED", "confidence": 0.8, "shows": list(shows)}


def test_c87_whom_an_observer_saw_is_an_edge_with_that_film_as_its_evidence() -> None:
    """C-87: a newer take of the scene replaces what the one before showed."""
    found = Graph()
    found.take("graph.ordered", {"scenes": {"scn_a": ["a", 1, "A"]}})
    keys, _ = found.take("graph.seen", seen("scn_a", "character:anna"))
    (key,) = keys
    edge = found.edge(key)
    assert isinstance(edge, Edge)
    assert [(said["observation"], said["video"]) for said in edge.evidence] == [("att_1", "v.mp4")]
    keys, _ = found.take("graph.seen", seen("scn_a"))
    assert keys == {key}
    assert found.edge(key) is None


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
