"""Vector stores under several processes and `kill -9` (K-27, K-28)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage.vectors.protocol import EXPIRES_AT, Vector, VectorStore
from tests.contract.storage.vector_process import SPACE, opened, values_of, vector

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[3]
BATCH = 7
ACKNOWLEDGED_MIN = 25

PLACES: dict[str, Callable[[Callable[[str], Any]], str]] = {
    "pgvector": lambda given: str(given("vector_url")),
    "sqlite": lambda given: str(given("tmp_path") / "vectors.db"),
}


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest) -> str:
    return PLACES[request.param](request.getfixturevalue)


@contextmanager
def writing(place: str, name: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.storage.vector_process", place, name, str(BATCH)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def acknowledged(process: subprocess.Popen[str], at_least: int) -> list[int]:
    assert process.stdout is not None
    lines = []
    while len(lines) < at_least:
        line = process.stdout.readline()
        assert line, "the writer ended by itself"
        lines.append(int(line))
    return lines


async def test_kill_minus_nine_loses_nothing_acknowledged(place: str) -> None:
    """K-27: two writers killed in the middle of upserts: every acknowledged id is there with its values, each upsert
    is there whole or not at all, and the next process goes on."""
    seen: dict[str, list[int]] = {}
    with writing(place, "one") as one, writing(place, "two") as two:
        for name, process in (("one", one), ("two", two)):
            seen[name] = acknowledged(process, ACKNOWLEDGED_MIN)
        for name, process in (("one", one), ("two", two)):
            process.kill()
            assert process.stdout is not None
            seen[name] += [int(line) for line in process.stdout.read().splitlines() if line]
            process.wait()
    store = opened(place)
    await store.open()
    try:
        for name, starts in seen.items():
            assert starts == list(range(0, starts[-1] + 1, BATCH))
            wanted = [vector(name, start + k) for start in starts for k in range(BATCH)]
            for start in range(0, len(wanted), 500):
                batch = wanted[start : start + 500]
                found = await store.fetch(SPACE, [one.id for one in batch])
                assert sorted(found) == sorted(one.id for one in batch)
                assert all(found[one.id].values == pytest.approx(one.values) for one in batch)
            last = wanted[-1]
            (nearest,) = await store.query(SPACE, last.values, where={"writer": name})
            assert (nearest.id, nearest.score) == (last.id, pytest.approx(1, abs=1e-5))
            after = await store.fetch(SPACE, [f"{name}-{starts[-1] + BATCH + k}" for k in range(BATCH)])
            assert len(after) in (0, BATCH)
        assert await store.count(SPACE) % BATCH == 0
        await store.upsert(SPACE, [vector("three", 0)])
        assert await store.fetch(SPACE, ["three-0"])
    finally:
        await store.close()


async def test_others_see_a_commit_at_once(place: str) -> None:
    """K-28: a reader that has looked before sees what another writer put, changed, deleted, dropped and swept since,
    at its next question."""
    reader, writer = opened(place), opened(place)
    await reader.open()
    await writer.open()
    try:
        await _follow(reader, writer)
        with writing(place, "other") as process:
            (*_, last) = acknowledged(process, 3)
            (found,) = await reader.query(SPACE, values_of(last), where={"writer": "other", "number": last})
            assert found.id == f"other-{last}"
    finally:
        await reader.close()
        await writer.close()


async def _follow(reader: VectorStore, writer: VectorStore) -> None:
    async def sees(number: int) -> list[str]:
        return [match.id for match in await reader.query(SPACE, values_of(number), top_k=5, at_least=0.99)]

    assert await sees(1) == []
    await writer.upsert(SPACE, [vector("a", n) for n in range(5)])
    assert await sees(1) == ["a-1"]
    await writer.upsert(SPACE, [Vector("a-1", values_of(9), {EXPIRES_AT: 5.0})])
    assert (await sees(1), await sees(9)) == ([], ["a-1"])
    await writer.delete(SPACE, ["a-2"])
    assert await sees(2) == []
    assert await writer.sweep(6.0) == 1
    assert await sees(9) == []
    await writer.drop(SPACE)
    assert await sees(3) == []
    await writer.upsert(SPACE, [vector("b", 3)])
    assert await sees(3) == ["b-3"]
    assert await reader.count(SPACE) == 1
