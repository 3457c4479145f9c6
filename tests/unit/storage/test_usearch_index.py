"""The index with a graph: it proposes, the columns and the matrix decide (K-33)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from storage.vectors.exact import ExactIndex
from storage.vectors.protocol import Match, Vector
from storage.vectors.usearch_index import BITE, UsearchIndex

pytestmark = pytest.mark.unit

SIZE, COUNT = 32, 4 * BITE


def vectors(count: int, start: int = 0) -> list[Vector]:
    rng = np.random.default_rng(start)
    low = rng.standard_normal((count, 8)) @ np.random.default_rng(7).standard_normal((8, SIZE))
    values = (low + 0.3 * rng.standard_normal((count, SIZE))).astype(np.float32)
    return [
        Vector(f"v{start + n}", row, {"half": n % 2, "rare": n % 200 == 3, "expires_at": float(n)})
        for n, row in enumerate(values)
    ]


def built(count: int = COUNT) -> tuple[UsearchIndex, ExactIndex, list[Vector]]:
    graph, exact, given = UsearchIndex(SIZE, graph_from=BITE, exact_rows_max=100), ExactIndex(SIZE), vectors(count)
    for index in (graph, exact):
        index.put(given)
    wait(graph)
    return graph, exact, given


def wait(graph: UsearchIndex) -> None:
    assert graph._builder is not None
    graph._builder.join(30)
    assert graph._graphed > len(graph._ids) - BITE


def both(graph: UsearchIndex, exact: ExactIndex, asked: Vector, **more: object) -> tuple[list[Match], list[Match]]:
    given: dict[str, object] = {"top_k": 10, "where": {}, "alive_at_s": None, "at_least": -1.0, **more}
    found = [index.search(asked.values, **given) for index in (graph, exact)]  # type: ignore[arg-type]
    return found[0], found[1]


def test_it_finds_what_comparing_finds() -> None:
    """K-33: of the ten nearest it misses at most 3 %, scores are exact, and what does not fit is never among them."""
    graph, exact, _given = built()
    missed = 0
    for asked in vectors(50, 10_000):
        for more in ({}, {"where": {"half": (1,)}}, {"alive_at_s": 1_000.0}):
            found, right = both(graph, exact, asked, **more)
            assert len(found) == 10
            missed += len({one.id for one in right} - {one.id for one in found})
            scores = {one.id: one.score for one in right}
            assert all(one.score == pytest.approx(scores[one.id], abs=1e-5) for one in found if one.id in scores)
            assert all(one.metadata["half"] == 1 for one in found) or "where" not in more
            assert all(float(one.metadata["expires_at"]) > 1_000 for one in found) or "alive_at_s" not in more
    assert missed <= 0.03 * 50 * 3 * 10


def test_few_that_fit_are_all_found() -> None:
    """K-33: a filter that few meet does not go through the graph."""
    graph, exact, _given = built()
    for asked in vectors(5, 10_000):
        found, right = both(graph, exact, asked, where={"rare": (True,)})
        assert [one.id for one in found] == [one.id for one in right]
        assert len(found) == 10


def test_changes_reach_the_graph() -> None:
    """K-33: replaced, removed and new entries are answered as they are now, whether the graph has them yet or not."""
    graph, exact, given = built()
    moved = [Vector(one.id, -one.values, one.metadata) for one in given[:50]]
    fresh = vectors(BITE // 2, 50_000)
    for index in (graph, exact):
        index.put(moved)
        index.remove([one.id for one in given[50:100]])
        index.put(fresh)
    assert graph._graphed < len(graph._ids)
    for asked in (*moved[:5], *fresh[:5]):
        found, _ = both(graph, exact, asked, top_k=1)
        assert (found[0].id, found[0].score) == (asked.id, pytest.approx(1, abs=1e-5))
    for asked in given[50:55]:
        assert asked.id not in {one.id for one in both(graph, exact, asked)[0]}


def test_holes_are_closed_and_the_graph_made_anew() -> None:
    """K-33"""
    graph, exact, given = built(2 * 4 * BITE)
    for index in (graph, exact):
        index.remove([one.id for one in given[: 3 * len(given) // 4]])
        index.put(vectors(3 * BITE, 70_000))
    wait(graph)
    missed = 0
    for asked in vectors(20, 10_000):
        found, right = both(graph, exact, asked)
        missed += len({one.id for one in right} - {one.id for one in found})
    assert missed <= 6


def test_without_the_package_entries_are_compared(tmp_path: Path) -> None:
    """K-33: and the log says what to install, once."""
    program = f"""
import asyncio, logging, sys
sys.modules["usearch"] = None
import numpy as np
from pathlib import Path
from storage.vectors import sqlite
from storage.vectors.protocol import Vector
logging.basicConfig(stream=sys.stdout, format="%(message)s")
sqlite.COMPARED_MAX = 2
async def main():
    store = sqlite.SqliteVectors(Path({str(tmp_path / "v.db")!r}))
    await store.open()
    await store.upsert("s", [Vector(str(n), np.array([1, n], np.float32), {{}}) for n in range(3)])
    for _ in range(3):
        print((await store.query("s", np.array([1, 2], np.float32)))[0].id)
    await store.close()
asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.splitlines().count("2") == 3
    assert ran.stdout.count("storyforge[vectors]") == 1
