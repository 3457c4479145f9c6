"""The story's graph: every call at 1,000 nodes and 10,000 edges, from memory, SQLite and PostgreSQL.

Times are whole calls as callers make them: SQLite's thread and PostgreSQL's round trip on loopback included. Two
graphs: edges spread over the labels as stories do, and the worst one, all 10,000 of them ties between 1,000 people.
Also how long one changed row takes in memory. `python -m benchmarks.graphs` writes graphs.json and RESULTS.md.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from storage.graphs.calls import AdjacentSettings, Call
from storage.graphs.rows import Edge, EdgeLabel, NodeLabel
from storage.graphs.view import GraphView
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import Append, HostRow, Kind, Ledger, NewEvent
from storage.ledger.sqlite import SqliteLedger
from tests import postgres
from tests.random_graphs import ENDS, SHARES, RandomGraph

HERE = Path(__file__).resolve().parent
NAME, HOME = "graphs.json", "prj_bench"
NODES, EDGES, ASKED = 1_000, 10_000, 300
FLOOR, NOTHING = "floor", AdjacentSettings("setting:nowhere")
"""A question that finds nothing, asked between the others: what the way there and a busy machine cost by themselves."""

Ask = Callable[[Call], Awaitable[list[Any]]]


class Crowd(RandomGraph):
    """Nobody but people, everybody tied to ten others."""

    def __init__(self, seed: int) -> None:
        shares, ends = dict(SHARES), dict(ENDS)
        SHARES.update(dict.fromkeys(SHARES, 0.002) | {NodeLabel.CHARACTER: 0.99})
        ENDS.update({label: (*ends[label][:2], 0.0) for label in ends})
        ENDS[EdgeLabel.RELATES_TO] = (NodeLabel.CHARACTER, NodeLabel.CHARACTER, 1.0)
        try:
            super().__init__(seed, NODES, EDGES)
        finally:
            SHARES.update(shares)
            ENDS.update(ends)


def quantiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(one * 1000 for one in seconds)
    places = {"p50_ms": 0.5, "p99_ms": 0.99, "max_ms": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * at))], 3) for name, at in places.items()}


async def timed(graph: RandomGraph, ask: Ask) -> dict[str, Any]:
    """By the call's name."""
    graph.dice.seed(1)
    took: dict[str, list[float]] = {}
    for call in graph.calls():
        await ask(call)
    for _ in range(ASKED):
        for call in graph.calls():
            began = time.perf_counter()
            await ask(call)
            took.setdefault(type(call).__name__, []).append(time.perf_counter() - began)
            began = time.perf_counter()
            await ask(NOTHING)
            took.setdefault(FLOOR, []).append(time.perf_counter() - began)
    floor = took.pop(FLOOR)
    whole = [one for each in took.values() for one in each]
    return {
        "all": quantiles(whole),
        "floor": quantiles(floor),
        "calls": {name: quantiles(each) for name, each in took.items()},
    }


def in_memory(graph: RandomGraph) -> tuple[GraphView, dict[str, Any]]:
    view, took = GraphView(), list[float]()
    for row in (*graph.nodes, *graph.edges):
        view.put(row)
    for edge in graph.edges[:2_000]:
        changed = Edge(edge.label, edge.source, edge.target, 9.0, 0.5, -0.5)
        began = time.perf_counter()
        view.put(changed)
        took.append(time.perf_counter() - began)
        view.put(edge)
    return view, quantiles(took)


async def stored(graph: RandomGraph, ledger: Ledger) -> float:
    """Seconds until all of it was committed, 500 rows an append."""
    await ledger.open()
    claim = await ledger.claim(HOME, await ledger.heartbeat(HostRow("host", "i1", 1, "127.0.0.1:1"), 60_000))
    seq, began = claim.seq, time.perf_counter()
    rows = list(graph.views(HOME))
    for at in range(0, len(rows), 500):
        event = NewEvent("@graph", Kind.EVENT, "graph.told", b"x")
        done = await ledger.append(Append(HOME, claim.epoch, seq, (event,), views=tuple(rows[at : at + 500])))
        seq = done.last_seq
    return round(time.perf_counter() - began, 2)


async def _looked_over(ledger: Ledger) -> None:
    """What the ledger does by itself after much was written, is done: who asks a second later finds it so."""
    if isinstance(ledger, PostgresLedger):
        await ledger.statistics.settled()


@contextmanager
def ledgers() -> Iterator[dict[str, Ledger | None]]:
    with tempfile.TemporaryDirectory(prefix="sf-bench-") as folder, postgres.running(()) as server:
        yield {
            "SQLite": SqliteLedger(Path(folder) / "graphs.db"),
            "PostgreSQL": None if server is None else PostgresLedger(_database(server)),
        }


def _database(server: postgres.Server) -> str:
    server.run("CREATE DATABASE graphs")
    return server.url("graphs")


async def measure(graph: RandomGraph) -> dict[str, Any]:
    view, put = in_memory(graph)

    async def remembered(call: Call) -> list[Any]:
        return view.ask(call)

    told: dict[str, Any] = {"nodes": len(view.nodes), "edges": len(view.edges), "one_row_in_memory": put}
    told["memory"] = await timed(graph, remembered)
    with ledgers() as found:
        for name, ledger in found.items():
            if ledger is None:
                told[name] = None
                continue
            written = await stored(graph, ledger)
            await _looked_over(ledger)

            async def asked(call: Call, ledger: Ledger = ledger) -> list[Any]:
                return await ledger.graph(HOME, call)

            told[name] = {"written_s": written, **await timed(graph, asked)}
            await ledger.close()
    return told


def main() -> None:
    told: dict[str, Any] = {"before": machine.quiet_check(), "machine": machine.facts()}
    told["story"] = asyncio.run(measure(RandomGraph(1, NODES + 20, EDGES + 200)))
    told["crowd"] = asyncio.run(measure(Crowd(2)))
    (HERE / NAME).write_text(json.dumps(told, indent=2) + "\n")
    report.write(HERE)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
