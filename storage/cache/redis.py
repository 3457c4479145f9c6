"""The exact cache on Redis or Valkey, shared by the processes of all machines.

Owns its keys under one prefix, and bounds them itself (`redis_scripts`): the server is shared with the bus and the
queues, and its own eviction, if any, knows nothing of what is worth keeping. The invariant of `storage.cache.exact`:
nothing here raises to the job. A server that is gone costs those who were asking it `CALL_S_MAX`, then one caller in
every `breaker.REST_S`; all others miss at once. Values carry their expiry and a digest, so what the server kept too
long or damaged is a miss too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import redis.asyncio as client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Gone
from redis.exceptions import RedisError, ResponseError

from storage.cache import redis_scripts as scripts
from storage.cache.breaker import Breaker
from storage.cache.exact import TTL_S, CacheCounts, check_key, digest_of
from storage.codec import CodecError, decode, encode

log = logging.getLogger(__name__)

BYTES_MAX = 128 * 1024 * 1024
"""Of values, keys and `ENTRY_BYTES` each. A full server refuses writes of the bus and the queues too."""

ENTRY_BYTES = 256
"""What the server's bookkeeping of one entry takes, about."""

EVICT_TO = 0.9
"""Share of the bound kept after an eviction: room for some writes before the next."""

USED_STEP_S = 3600.0
"""A hit costs a write at most once in so long."""

CONNECT_S_MAX = ANSWER_S_MAX = 0.5
CALL_S_MAX = 1.0
"""Of one call, connecting and all answers: longer than the work it may save is not worth waiting for."""

CALLS_WAITING_MAX = 256
"""Calls in flight; the newest above it is a miss at once."""

CONNECTIONS_MAX = 8
KEEPALIVE = {
    getattr(socket, name): value
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
}

_FAULTS = (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError)

T = TypeVar("T")


class RedisExactCache:
    """See `storage.cache.exact.ExactCache`. `namespace` keeps installations on one server apart. Raises `ValueError`
    for an unreadable address. Belongs to the loop of its first call."""

    def __init__(
        self,
        url: str,
        namespace: str,
        *,
        bytes_max: int = BYTES_MAX,
        clock: Callable[[], float] = time.time,
        breaker: Breaker | None = None,
    ) -> None:
        self.counts = CacheCounts()
        self._bytes_max, self._clock = bytes_max, clock
        self._breaker = breaker or Breaker()
        self._waiting = 0
        prefix = f"storyforge:{{{namespace}:cache}}"
        self._values = f"{prefix}:v:".encode()
        self._books = [f"{prefix}:{name}" for name in ("used", "until", "sizes", "total")]
        pool = client.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS_MAX,
            timeout=ANSWER_S_MAX,
            socket_connect_timeout=CONNECT_S_MAX,
            socket_timeout=ANSWER_S_MAX,
            socket_keepalive=True,
            socket_keepalive_options=KEEPALIVE,
            retry=Retry(NoBackoff(), 1, supported_errors=(Gone,)),  # a connection that died idle is made anew
            protocol=2,
        )
        self._redis = client.Redis.from_pool(pool)
        self._put = self._redis.register_script(scripts.PUT)
        self._evict = self._redis.register_script(scripts.EVICT)
        self._sweep = self._redis.register_script(scripts.SWEEP)

    async def get(self, key: bytes) -> bytes | None:
        check_key(key)
        value = await self._asked(lambda: self._get(key), None)
        if value is None:
            self.counts.misses += 1
        else:
            self.counts.hits += 1
        return value

    async def _get(self, key: bytes) -> bytes | None:
        async with self._redis.pipeline(transaction=False) as both:
            both.get(self._values + key)
            both.zscore(self._books[0], key)
            blob, used_at = await both.execute()
        if blob is None:
            return None
        now = self._clock()
        try:
            expires_at, digest, value = decode(blob)
            sound = isinstance(value, bytes) and digest_of(key, value) == digest
        except (CodecError, TypeError, ValueError):
            sound = False
        if not sound:
            self.counts.faults += 1
            log.warning("cache entry damaged", extra={"bytes": len(blob)})
            await self._evict(keys=self._books, args=[self._values, key])
            return None
        if expires_at <= now:
            return None
        if used_at is not None and now - used_at > USED_STEP_S:
            with contextlib.suppress(ResponseError):  # a full server costs the mark, not the hit
                await self._redis.zadd(self._books[0], {key: now}, xx=True)
        return bytes(value)

    async def put(self, key: bytes, value: bytes, *, ttl_s: float = TTL_S) -> None:
        check_key(key)
        size = 4 * len(key) + len(value) + ENTRY_BYTES
        if len(value) > self._bytes_max // 8 or ttl_s <= 0:
            return
        now = self._clock()
        blob = encode([now + ttl_s, digest_of(key, value), value])
        most = (self._bytes_max, int(self._bytes_max * EVICT_TO))
        args: list[bytes | int | float] = [
            self._values,
            key,
            blob,
            size,
            max(1, int(ttl_s * 1000)),
            now,
            now + ttl_s,
            *most,
        ]
        gone = await self._asked(lambda: self._put(keys=self._books, args=args), None)
        if gone is not None:
            self.counts.writes += 1
            self.counts.evictions += int(gone)

    async def evict(self, key: bytes) -> None:
        check_key(key)
        await self._asked(lambda: self._evict(keys=self._books, args=[self._values, key]), None)

    async def sweep(self) -> int:
        gone, now = 0, self._clock()
        while True:
            more = int(await self._asked(lambda: self._sweep(keys=self._books, args=[self._values, now]), 0))
            gone += more
            if more < scripts.DROPS_MAX:
                return gone

    async def close(self) -> None:
        with contextlib.suppress(*_FAULTS):
            await self._redis.aclose()
            await self._redis.connection_pool.disconnect()

    async def _asked(self, call: Callable[[], Awaitable[T]], otherwise: T) -> T:
        """The one place where the server is waited for."""
        if self._waiting >= CALLS_WAITING_MAX or not self._breaker.allows():
            return otherwise
        self._waiting += 1
        try:
            async with asyncio.timeout(CALL_S_MAX):
                found = await call()
            self._breaker.worked()
            return found
        except ResponseError as error:  # full, read-only: it answers, so others may ask
            self._breaker.worked()
            self._fault(error)
        except _FAULTS as error:
            self._breaker.failed()
            self._fault(error)
        except BaseException:
            self._breaker.given_up()
            raise
        finally:
            self._waiting -= 1
        return otherwise

    def _fault(self, error: BaseException) -> None:
        self.counts.faults += 1
        log.warning("exact cache fault", extra={"error": type(error).__name__, "detail": str(error)[:200]})
