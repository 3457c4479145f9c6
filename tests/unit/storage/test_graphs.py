"""The graph in memory: kept up row by row, equal to one made anew, equal to SQL; and what is asked of time."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator

import pytest

from storage.codec import decode
from storage.graphs.calls import BadCall, Call, CastSubgraph, Occurrence, Occurrences, ReachableScenes, SocialDistance
from storage.graphs.rows import Edge, GraphBody, Node, edge_of, node_of
from storage.graphs.sql import SQLITE, answer, statement
from storage.graphs.temporal import Elapsed, after, sequence, since
from storage.graphs.view import GraphView
from storage.ledger.migrations import STEPS
from storage.ledger.protocol import View
from tests.random_graphs import RandomGraph, graph_row

pytestmark = pytest.mark.unit
HOME = "prj_a"
PUT = """INSERT INTO views (kind, id, home, parent, order_key, body, seq) VALUES (?,?,?,?,?,?,1)
ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body"""


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for step in STEPS:
        for text in step.sqlite:
            connection.execute(text)
    yield connection
    connection.close()


def write(database: sqlite3.Connection, view: View) -> None:
    database.execute(PUT, (view.kind, view.id, view.home, view.parent, view.order_key, view.body))


def asked(database: sqlite3.Connection, call: Call) -> list[object]:
    text, values = statement(SQLITE, HOME, call)
    return [*answer(call, database.execute(text, values))]


@pytest.mark.parametrize("seed", range(20))
def test_c80_any_order_of_rows_written_changed_and_removed_gives_one_answer(
    database: sqlite3.Connection, seed: int
) -> None:
    """C-80: the view kept up row by row, one made anew, and SQL over the triggers' tables agree."""
    graph, dice, kept = RandomGraph(seed, 30 + seed * 5, 60 + seed * 30), random.Random(seed), GraphView()
    rows: list[Node | Edge] = [*graph.nodes, *graph.edges]
    dice.shuffle(rows)
    for row in rows:
        kept.put(row)
        write(database, graph_row(HOME, row))
    gone = [row for row in rows if dice.random() < 0.2]
    for row in gone:
        database.execute("DELETE FROM views WHERE id = ?", (graph_row(HOME, row).id,))
        if isinstance(row, Node):
            kept.drop_node(row.id)
        else:
            kept.drop_edge(row.key)
    for row in dice.sample(gone, len(gone) // 2):
        kept.put(row)
        write(database, graph_row(HOME, row))
    anew = GraphView()
    for row in sorted([*kept.nodes.values(), *kept.edges.values()], key=repr):
        anew.put(row)
    for call in [call for _ in range(3) for call in graph.calls()]:
        said = kept.ask(call)
        assert said == anew.ask(call) == asked(database, call), call


def test_c80_the_shortest_way_is_found_in_any_direction_up_to_four_hops(database: sqlite3.Connection) -> None:
    """C-80: against a plain search over all pairs."""
    graph = RandomGraph(3, nodes=80, edges=70)
    view = GraphView()
    for row in (*graph.nodes, *graph.edges):
        view.put(row)
        write(database, graph_row(HOME, row))
    people = [node.id for node in graph.nodes if node.label == "Character"]
    lengths = set()
    for one in people:
        far = view.balls(one, 9)
        for two in people:
            found = view.ask(SocialDistance(one, two))
            assert found == asked(database, SocialDistance(one, two))
            hops = len(found[0].nodes) - 1 if found else None
            assert hops == (far.get(two) if far.get(two, 9) <= 4 else None)
            if found:
                lengths.add(hops)
                steps = zip(found[0].nodes, found[0].nodes[1:], strict=False)
                assert all(b in view.friends(a) for a, b in steps)
    assert lengths == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: SocialDistance("a", "b", 5), "hops"),
        (lambda: ReachableScenes("a", 4), "hops"),
        (lambda: CastSubgraph(("a",) * 201), "cast"),
        (lambda: Occurrences(()), "nodes"),
        (lambda: ReachableScenes("a", limit=0), "limit"),
    ],
)
def test_c82_what_is_out_of_bounds_is_refused_by_its_field(make: object, field: str) -> None:
    """C-82."""
    with pytest.raises(BadCall) as refused:
        make()  # type: ignore[operator]
    assert (refused.value.field, refused.value.retryable) == (field, False)


def test_c81_a_row_of_any_length_is_read_by_sql_and_by_the_codec(database: sqlite3.Connection) -> None:
    """C-81: the text stands at one place whatever its length, quotes and languages."""
    evidence = tuple({"kind": "told", "words": "x" * at} for at in range(60))
    for name in ("", 'Zoë "O\'Hara"', "名前" * 40):
        for proof in ((), evidence):
            node = Node(f"character:{name}", "Character", name, evidence=proof)
            write(database, graph_row(HOME, node))
            assert node_of(GraphBody(node).blob()) == node
            assert isinstance(decode(GraphBody(node).blob()), str)
            row = database.execute("SELECT name FROM graph_nodes WHERE id = ?", (node.id,)).fetchone()
            assert row == (name,)
            edge = Edge("RELATES_TO", node.id, node.id, trust_competence=-0.25, evidence=proof)
            assert edge_of(GraphBody(edge).blob()) == edge


def at(scene: str, day: int | None = None) -> Occurrence:
    return Occurrence(scene, "", scene, day)


def test_c83_after_since_and_sequence_follow_the_story() -> None:
    """C-83: order is the telling's, days are the story's; a scene is not after itself; a dream has no day."""
    met = [at("b", 1), at("d", 3), at("f", None)]
    assert after(met, at("b", 1)) is None
    assert after(met, at("c", 2)) == met[0]
    assert since(met, at("a", 1)) is None
    assert since(met, at("e", 7)) == Elapsed("d", 4)
    assert since(met, at("g", 7)) == Elapsed("f", None)
    assert sequence([met, [at("a"), at("c")], [at("c"), at("e")]]) == ("b", "c", "e")
    assert sequence([met, [at("a")]]) is None
    assert sequence([[at("a")], [at("a")]]) is None
