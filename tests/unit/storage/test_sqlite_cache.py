"""The cache file in trouble: a miss, never an exception (S-72)."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sqlite3
from pathlib import Path

import pytest

from storage.cache import sqlite as module
from storage.cache.sqlite import SqliteExactCache

pytestmark = pytest.mark.unit


async def works(cache: SqliteExactCache) -> bool:
    await cache.put(b"probe", b"value")
    return await cache.get(b"probe") == b"value"


async def test_a_file_that_is_no_database_is_replaced(tmp_path: Path) -> None:
    """S-72: garbage on disk costs one miss, then the cache serves again."""
    path = tmp_path / "cache.db"
    path.write_bytes(os.urandom(20_000))
    cache = SqliteExactCache(path)
    assert await cache.get(b"k") is None
    assert cache.counts.faults == 1
    assert await works(cache)
    await cache.close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 9")
    other.close()
    newer = SqliteExactCache(path)
    assert await newer.get(b"probe") is None
    assert await works(newer)
    await newer.close()


async def test_damage_in_pages_and_values_is_a_miss(tmp_path: Path) -> None:
    """S-72: a flipped byte in a value is found by its digest; torn pages start the file anew."""
    path = tmp_path / "cache.db"
    cache = SqliteExactCache(path)
    await cache.put(b"k", b"value")
    with sqlite3.connect(path) as other:
        other.execute("UPDATE entries SET value = x'00' WHERE key = ?", (b"k",))
    other.close()
    assert await cache.get(b"k") is None
    for n in range(300):
        await cache.put(b"k%d" % n, os.urandom(2_000))
    await cache.close()
    blob = bytearray(path.read_bytes())
    blob[4096:] = os.urandom(len(blob) - 4096)
    path.write_bytes(blob)
    hurt = SqliteExactCache(path)
    for n in range(50):
        assert await hurt.get(b"k%d" % n) is None
    assert hurt.counts.faults > 0
    assert await works(hurt)
    await hurt.close()


async def test_no_folder_and_no_room(tmp_path: Path, small_disk: Path) -> None:
    """S-72: where nothing can be written every call is a miss; reads outlive a full disk."""
    nowhere = SqliteExactCache(tmp_path / "none" / "cache.db")
    assert not await works(nowhere)
    assert await nowhere.sweep() == 0
    await nowhere.evict(b"k")
    await nowhere.close()
    cache = SqliteExactCache(small_disk / "cache.db")
    assert await works(cache)
    (small_disk / "ballast").write_bytes(bytes(1_500_000))
    for n in range(20):
        await cache.put(b"k%d" % n, os.urandom(100_000))
    assert cache.counts.faults > 0
    assert await cache.get(b"probe") == b"value"
    (small_disk / "ballast").unlink()
    await cache.put(b"after", b"room")
    assert await cache.get(b"after") == b"room"
    await cache.close()


async def test_a_busy_file_is_a_miss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S-72: a writer that waits too long for another gives up its write."""
    monkeypatch.setattr(module, "BUSY_S_MAX", 0.01)
    cache = SqliteExactCache(tmp_path / "cache.db")
    assert await works(cache)
    other = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await cache.put(b"k", b"v")
    assert cache.counts.faults == 1
    assert await cache.get(b"probe") == b"value"
    other.execute("ROLLBACK")
    other.close()
    await cache.put(b"k", b"v")
    assert await cache.get(b"k") == b"v"
    await cache.close()


def _fill(path: str, name: str) -> None:
    async def run() -> None:
        cache = SqliteExactCache(Path(path))
        for n in range(40):
            await cache.put(f"{name}-{n}".encode(), name.encode() * 100)
        await cache.close()

    asyncio.run(run())


async def test_processes_share_the_file(tmp_path: Path) -> None:
    """S-72: what one process put, another gets."""
    path = tmp_path / "cache.db"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_fill, args=(str(path), name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        await asyncio.to_thread(writer.join)
        assert writer.exitcode == 0
    cache = SqliteExactCache(path)
    got = [await cache.get(f"{name}-{n}".encode()) for name in ("a", "b") for n in range(40)]
    assert sum(value is not None for value in got) >= 40  # a write that found the file busy is skipped
    assert {value for value in got if value} == {b"a" * 100, b"b" * 100}
    await cache.close()
