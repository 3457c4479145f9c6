"""The embedded vector store: its file, its memory, its faults (K-28, K-29)."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from storage.vectors import sqlite_tables as tables
from storage.vectors.exact import HOLES_MIN, ExactIndex
from storage.vectors.protocol import EXPIRES_AT, Vector, VectorFault
from storage.vectors.sqlite import SqliteVectors
from storage.vectors.sqlite_tables import GRAVE_S

pytestmark = pytest.mark.unit


def vectors(count: int, start: int = 0, **metadata: str | float) -> list[Vector]:
    values = np.random.default_rng(start).standard_normal((count, 8)).astype(np.float32)
    return [Vector(f"v{start + n}", row, {"half": n % 2, **metadata}) for n, row in enumerate(values)]


async def test_a_reader_that_slept_past_the_graves_reads_anew(tmp_path: Path) -> None:
    """K-28: a deletion is told for an hour; who looked longer ago reads all, and shows no ghost."""
    now = [1e6]
    writer, reader = (SqliteVectors(tmp_path / "v.db", clock=lambda: now[0]) for _ in range(2))
    await writer.open()
    await reader.open()
    ghost = vectors(1)[0]
    await writer.upsert("s", [ghost, *vectors(3, 10)])
    assert (await reader.query("s", ghost.values))[0].id == "v0"
    await writer.delete("s", ["v0"])
    now[0] += GRAVE_S + 1
    await writer.sweep(0.0)
    assert [m.id for m in await reader.query("s", ghost.values, top_k=9, at_least=0.99)] == []
    assert len(await reader.query("s", ghost.values, top_k=9)) == 3
    await writer.upsert("s", [ghost])
    assert (await reader.query("s", ghost.values))[0].id == "v0"
    await reader.close()
    await writer.close()


async def test_namespaces_leave_memory_and_come_back(tmp_path: Path) -> None:
    """K-29: the matrices in memory are bounded; the one longest unused goes and is read again."""
    store = SqliteVectors(tmp_path / "v.db", bytes_max=10_000)
    await store.open()
    for n in range(6):
        await store.upsert(f"s{n}", vectors(100, n))
    for n in (*range(6), 0):
        assert len(await store.query(f"s{n}", vectors(1, n)[0].values, top_k=9)) == 9
    assert list(store._spaces) == ["s5", "s0"]  # 4 kB each
    await store.close()


async def test_a_full_namespace_refuses(tmp_path: Path) -> None:
    """K-29: FULL, not retryable, nothing of it in; replacing still works, and room made is room."""
    store = SqliteVectors(tmp_path / "v.db", entries_max=10)
    await store.open()
    await store.upsert("s", vectors(8))
    with pytest.raises(VectorFault) as full:
        await store.upsert("s", vectors(3, 50))
    assert (full.value.code, full.value.retryable) == ("FULL", False)
    assert await store.count("s") == 8
    await store.upsert("s", vectors(8))
    await store.delete("s", ["v0"])
    await store.upsert("s", vectors(3, 60))
    assert await store.count("s") == 10
    await store.close()


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """K-29: with what to do; a file of another program is left alone; a missing folder can come back."""
    (tmp_path / "v.db").write_bytes(b"this is no database at all, is it" * 200)
    store = SqliteVectors(tmp_path / "v.db")
    with pytest.raises(VectorFault, match="delete it") as damaged:
        await store.open()
    assert (damaged.value.code, damaged.value.retryable) == ("DAMAGED", False)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(VectorFault, match="schema"):
        await SqliteVectors(tmp_path / "other.db").open()
    with pytest.raises(VectorFault, match="UNAVAILABLE"):
        await SqliteVectors(tmp_path / "nowhere" / "v.db").open()


async def test_a_damaged_entry_is_one_entry_less(tmp_path: Path) -> None:
    """K-29"""
    store = SqliteVectors(tmp_path / "v.db")
    await store.open()
    await store.upsert("s", vectors(4))
    with sqlite3.connect(tmp_path / "v.db") as db:
        db.execute("UPDATE entries SET body = x'00' WHERE id = 'v1'")
        db.execute("UPDATE entries SET metadata = x'ffff' WHERE id = 'v2'")
    db.close()
    assert sorted(m.id for m in await store.query("s", vectors(1)[0].values, top_k=9)) == ["v0", "v3"]
    assert sorted(await store.fetch("s", ["v0", "v1", "v2", "v3"])) == ["v0", "v3"]
    await store.close()


async def test_a_sweep_goes_in_bites(tmp_path: Path) -> None:
    """K-22: thousands of expired entries, and the file shrinks."""
    store = SqliteVectors(tmp_path / "v.db", clock=lambda: 100.0)
    await store.open()
    for start in range(0, 3_000, 1_000):
        await store.upsert("s", [*vectors(1_000, start, **{EXPIRES_AT: float(start)})])
    assert await store.sweep(1_000.0) == 2_000
    assert await store.count("s") == 1_000
    assert len(await store.query("s", vectors(1)[0].values, top_k=100, alive_at_s=0.0)) == 100
    await store.close()


async def test_closed_is_a_fault_and_opens_again(tmp_path: Path) -> None:
    """K-29"""
    store = SqliteVectors(tmp_path / "v.db")
    with pytest.raises(VectorFault, match="UNAVAILABLE"):
        await store.count("s")
    await store.open()
    await store.upsert("s", vectors(2))
    await store.close()
    await store.close()
    await store.open()
    assert await store.count("s") == 2
    await store.close()


def test_holes_are_closed() -> None:
    """K-23: after many deletions the matrix is made anew, with the same answers."""
    index = ExactIndex(8)
    given = vectors(2 * HOLES_MIN)
    index.put(given)
    index.remove([one.id for one in given[::2]])
    before = index.search(given[1].values, top_k=50, where={}, alive_at_s=None, at_least=-1)
    index.remove([one.id for one in given[1:HOLES_MIN:2]])
    index.put(given[1:HOLES_MIN:2])
    after = index.search(given[1].values, top_k=50, where={}, alive_at_s=None, at_least=-1)
    assert [m.id for m in before] == [m.id for m in after]
    assert before[0].id == "v1"
    assert len(index) == HOLES_MIN
    assert len(index._ids) < 2 * HOLES_MIN
    assert [m.metadata for m in before] == [m.metadata for m in after]


def test_bites_are_the_whole() -> None:
    """K-20: few rows are multiplied in bites, many where they lie: one answer, whichever."""
    index = ExactIndex(8)
    given = vectors(3_000)
    index.put([Vector(one.id, one.values, {"part": n % 4 == 0}) for n, one in enumerate(given)])
    units = np.stack([one.values / np.linalg.norm(one.values) for one in given])
    for asked in given[:10]:
        right = units @ (asked.values / np.linalg.norm(asked.values))
        for where, step in (({"part": (True,)}, 4), ({}, 1)):
            found = index.search(asked.values, top_k=20, where=where, alive_at_s=None, at_least=-1)
            best = np.argsort(-right[::step], kind="stable")[:20] * step
            assert [one.id for one in found] == [f"v{n}" for n in best]
            assert [one.score for one in found] == pytest.approx(right[best].tolist(), abs=1e-5)


async def test_k28_who_stops_while_the_file_is_opened_closes_nothing_under_its_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K-28: a worker may end while its vector file is made: the connection closes behind the thread's last word."""
    entered, go_on = asyncio.Event(), threading.Event()
    loop, real, wrote = asyncio.get_running_loop(), tables.ensure_schema, []

    def slow(db: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(entered.set)
        assert go_on.wait(10)
        real(db)
        wrote.append(db)

    monkeypatch.setattr(tables, "ensure_schema", slow)
    store = SqliteVectors(tmp_path / "v.db")
    opening = asyncio.create_task(store.open())
    await entered.wait()
    opening.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert wrote
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        wrote[0].execute("SELECT 1")
    await store.open()
    await store.upsert("s", vectors(1))
    await store.close()
