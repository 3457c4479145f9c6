"""The graph's calls on every ledger: the same rows, the same answers as memory gives, through appends alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage.graphs.rows import GRAPH_EDGE, GRAPH_NODE, Edge, EdgeLabel, Node
from storage.graphs.view import GraphView
from storage.ledger.postgres import PostgresLedger
from storage.ledger.postgres_connect import Connection
from storage.ledger.protocol import Append, Ledger, View
from storage.ledger.purging import written
from storage.ledger.sqlite import SqliteLedger
from tests.contract.storage.conftest import Clock, World, event
from tests.random_graphs import RandomGraph, graph_row

pytestmark = pytest.mark.contract
HOME = "prj_1"
SEEDS, ROUNDS = range(2), 3


def of(rows: list[Node | Edge]) -> GraphView:
    view = GraphView()
    for row in rows:
        view.put(row)
    return view


async def tabled(ledger: Ledger, home: str) -> int:
    """Rows of its graph where SQL walks, or projections where nothing does."""
    counts = """SELECT (SELECT count(*) FROM {p}graph_nodes WHERE home = {m})
      + (SELECT count(*) FROM {p}graph_edges WHERE home = {m})"""
    if isinstance(ledger, SqliteLedger):
        found = await ledger._read(lambda db: db.execute(written(counts, "", "?"), (home, home)).fetchone())
    elif isinstance(ledger, PostgresLedger):

        async def count(db: Connection) -> Any:
            return await (await db.execute(written(counts, "storyforge.", "%s"), (home, home))).fetchone()

        found = await ledger._read(count)
    else:
        found = [sum([await ledger.count_views(kind, home=home) for kind in (GRAPH_NODE, GRAPH_EDGE)])]
    return int(found[0])


@pytest.mark.parametrize("seed", SEEDS)
async def test_c80_memory_and_sql_answer_alike_on_random_graphs(world: World, seed: int) -> None:
    """C-80: every call, its order and its limits included; another project's rows are not seen."""
    graph = RandomGraph(seed, nodes=40 + 20 * seed, edges=160 + 140 * seed)
    view, claim = of([*graph.nodes, *graph.edges]), await world.own(HOME)
    other = await world.own("prj_2")
    await world.ledger.append(Append(HOME, claim.epoch, claim.seq, (event(),), views=tuple(graph.views(HOME))))
    strangers = RandomGraph(seed + 100, nodes=30, edges=90).views("prj_2")
    await world.ledger.append(Append("prj_2", other.epoch, other.seq, (event(),), views=tuple(strangers)))
    answered = 0
    for _ in range(ROUNDS):
        for call in (*graph.calls(), *graph.picture_calls()):
            said = await world.ledger.graph(HOME, call)
            assert said == view.ask(call), call
            answered += bool(said)
    assert answered > ROUNDS * 4


async def test_c81_rows_that_change_and_go_change_what_sql_answers(world: World) -> None:
    """C-81: the tables follow the projections in the append that changes them; a refused append changes nothing."""
    graph = RandomGraph(7, nodes=60, edges=300)
    claim = await world.own(HOME)
    done = await world.ledger.append(Append(HOME, claim.epoch, claim.seq, (event(),), views=tuple(graph.views(HOME))))
    ties = [edge for edge in graph.edges if edge.label == EdgeLabel.RELATES_TO]
    changed: list[Node | Edge] = [replace(tie, trust_competence=-0.9, debt=None) for tie in ties[:20]]
    changed += [replace(node, name="Another", story_day=9) for node in graph.nodes[:10]]
    gone = [*ties[20:40], *graph.nodes[10:14]]
    removed: list[View] = [replace(graph_row(HOME, row), body=None) for row in gone]
    views = (*(graph_row(HOME, row) for row in changed), *removed)
    with pytest.raises(Exception, match=HOME):
        await world.ledger.append(Append(HOME, claim.epoch, claim.seq, (event(),), views=views))
    before = of([*graph.nodes, *graph.edges])
    calls = [call for _ in range(3) for call in graph.calls()]
    assert all([await world.ledger.graph(HOME, call) == before.ask(call) for call in calls])
    await world.ledger.append(Append(HOME, claim.epoch, done.last_seq, (event(),), views=views))
    after = before
    for row in changed:
        after.put(row)
    for row in gone:
        if isinstance(row, Node):
            after.drop_node(row.id)
        else:
            after.drop_edge(row.key)
    for call in calls:
        assert await world.ledger.graph(HOME, call) == after.ask(call), call
    assert after.nodes == of([*after.nodes.values(), *after.edges.values()]).nodes


async def test_c81_a_home_that_is_erased_leaves_no_row_of_its_graph_and_its_neighbour_keeps_all(world: World) -> None:
    """C-81: in bounded calls, as its projections go; the tables of a database as well as what memory answers."""
    graph, beside = RandomGraph(3, nodes=60, edges=300), RandomGraph(4, nodes=40, edges=160)
    for home, made in ((HOME, graph), ("prj_2", beside)):
        claim = await world.own(home)
        await world.ledger.append(Append(home, claim.epoch, claim.seq, (event(),), views=tuple(made.views(home))))
    claim = await world.own(HOME)
    asked = [call for _ in range(3) for call in (*graph.calls(), *graph.picture_calls())]
    assert any([await world.ledger.graph(HOME, call) for call in asked])
    calls = 0
    while gone := await world.ledger.purge(HOME, epoch=claim.epoch, before=claim.seq, limit=40):
        calls += 1
        assert gone <= 40
    assert calls >= 9
    assert not any([await world.ledger.graph(HOME, call) for call in asked])
    assert await tabled(world.ledger, HOME) == 0
    view = of([*beside.nodes, *beside.edges])
    assert await tabled(world.ledger, "prj_2") == len(view.nodes) + len(view.edges)
    for call in beside.calls():
        assert await world.ledger.graph("prj_2", call) == view.ask(call), call


async def test_c80_a_long_story_that_has_just_come_in_is_planned_by_what_it_holds(postgres_url: str) -> None:
    """C-80: on PostgreSQL whoever wrote much into the tables has them looked over again, once; few rows cause none."""
    ledger = PostgresLedger(postgres_url)
    await ledger.open()
    world = World(ledger, Clock())

    async def held() -> list[float]:
        async def read(db: Connection) -> Any:
            query = "SELECT reltuples FROM pg_class WHERE relname IN ('graph_nodes', 'graph_edges') ORDER BY relname"
            return await (await db.execute(query)).fetchall()

        await ledger.statistics.settled()
        return [row[0] for row in await ledger._read(read)]

    async def write(home: str, graph: RandomGraph) -> None:
        claim = await world.own(home)
        await ledger.append(Append(home, claim.epoch, claim.seq, (event(),), views=tuple(graph.views(home))))

    try:
        before = await held()
        await write("prj_small", RandomGraph(5, nodes=40, edges=120))
        assert await held() == before
        await write("prj_large", RandomGraph(6, nodes=200, edges=900))
        edges, nodes = await held()
        assert edges + nodes == await tabled(ledger, "prj_small") + await tabled(ledger, "prj_large")
        await write("prj_more", RandomGraph(7, nodes=40, edges=120))
        assert await held() == [edges, nodes]
    finally:
        await ledger.close()
