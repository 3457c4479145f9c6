"""The lists on Redis or Valkey, `rediss://` too.

Owns two clients: one for what answers at once, one for reads that wait. Invariant: each change of more than one key is
one script (`redis_scripts`); a call that fails may or may not have happened, and doing it again does no harm.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar, cast

import redis.asyncio as client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from storage.queue import redis_scripts as scripts
from storage.queue.protocol import (
    CANCEL_TTL_S,
    DEAD_MAX,
    DELIVERIES_MAX,
    JOB_BYTES_MAX,
    PROGRESS_TTL_S,
    SENT_TTL_S,
    VISIBILITY_S,
    DeadLetter,
    Kind,
    Names,
    QueueUnavailable,
    Recovered,
    Seen,
    Sizes,
    Told,
)
from storage.queue.wire import job_id_of

CONNECT_S_MAX = 5.0
ANSWER_S_MAX = 10.0
"""Of a command that does not wait. A server that takes longer counts as gone."""

WAIT_MARGIN_S = 15.0
"""How much longer than its wait a blocking read may take before the connection counts as dead."""

TAKEN_LOOK_MAX = 1_000
"""Jobs in hand that one `recover` looks at; more wait for the next."""

KEEPALIVE = {
    getattr(socket, name): value
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
}
"""A dead peer is found by the system, without a command."""

_FAULTS = (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError)

T = TypeVar("T")


class RedisLists:
    """See `storage.queue.protocol.Lists`. Connects at first use. Raises `ValueError` for an unreadable address."""

    def __init__(self, url: str, names: Names | None = None) -> None:
        self.names = names or Names()
        common: dict[str, Any] = {
            "socket_connect_timeout": CONNECT_S_MAX,
            "socket_keepalive": True,
            "socket_keepalive_options": KEEPALIVE,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
        }
        self._quick = client.Redis.from_url(url, socket_timeout=ANSWER_S_MAX, **common)
        self._waits = client.Redis.from_url(url, **common)
        jobs, results = self.names.jobs, self.names.results
        self._taken, self._leases, self._dead = f"{jobs}:taken", f"{jobs}:leases", f"{jobs}:dead"
        self._results_taken, self._notes = f"{results}:taken", f"{jobs}:bridge"
        self._scripts = {
            name: self._quick.register_script(getattr(scripts, name))
            for name in ("OFFER", "WITHDRAW", "LEASE", "STEP", "FINISH", "RELEASE", "RECOVER", "UNBURY")
        }

    def _of(self, what: str, job_id: str) -> str:
        return f"{self.names.jobs}:{what}:{job_id}"

    async def close(self) -> None:
        for each in (self._quick, self._waits):
            try:
                await each.aclose()
            except _FAULTS:
                continue

    async def _ask(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except ResponseError as error:
            raise QueueUnavailable(f"the server refuses: {str(error)[:200]}") from error
        except _FAULTS as error:
            raise QueueUnavailable(f"the server does not answer: {type(error).__name__}") from error

    async def _run(self, name: str, keys: Sequence[str], args: Sequence[bytes | str | int]) -> Any:
        return await self._ask(self._scripts[name](keys=list(keys), args=list(args)))

    async def _move(self, source: str, target: str, wait_s: float) -> bytes | None:
        async def move() -> bytes | None:
            async with asyncio.timeout(wait_s + WAIT_MARGIN_S):
                return cast("bytes | None", await self._waits.blmove(source, target, cast("int", wait_s)))

        return await self._ask(move())

    # who asks for work
    async def offer(self, job_id: str, body: bytes) -> bool:
        return bool(await self._run("OFFER", [self._of("sent", job_id), self.names.jobs], [body, SENT_TTL_S]))

    async def look(self, ids: Sequence[str]) -> list[Seen]:
        if not ids:
            return []
        keys = [self._of(what, id) for id in ids for what in ("sent", "progress")]
        found = await self._ask(cast("Awaitable[list[bytes | None]]", self._quick.mget(keys)))
        return [Seen(found[at] is not None, found[at + 1]) for at in range(0, len(found), 2)]

    async def waiting(self, bodies: Sequence[bytes]) -> list[bool]:
        if not bodies:
            return []
        async with self._quick.pipeline(transaction=False) as pipe:
            for body in bodies:
                pipe.lpos(self.names.jobs, cast("str", body))
            return [each is not None for each in await self._ask(pipe.execute())]

    async def withdraw(self, job_id: str, body: bytes) -> bool:
        keys = [self.names.jobs, self._leases, self._of("cancel", job_id)]
        return bool(await self._run("WITHDRAW", keys, [job_id, body, CANCEL_TTL_S]))

    async def take_result(self, wait_s: float) -> bytes | None:
        return await self._move(self.names.results, self._results_taken, wait_s)

    async def taken_results(self) -> list[bytes]:
        return await self._ask(cast("Awaitable[list[bytes]]", self._quick.lrange(self._results_taken, 0, -1)))

    async def settle(self, body: bytes) -> None:
        await self._ask(cast("Awaitable[int]", self._quick.lrem(self._results_taken, 0, cast("str", body))))

    # who does it
    async def take_job(self, wait_s: float) -> bytes | None:
        return await self._move(self.names.jobs, self._taken, wait_s)

    async def lease(self, job_id: str, body: bytes, worker: str, *, hold_s: float = VISIBILITY_S) -> int:
        return int(await self._run("LEASE", [self._leases, self._taken], [job_id, body, worker, int(hold_s * 1000)]))

    async def step(
        self, job_id: str, body: bytes, worker: str, progress: bytes | None, *, hold_s: float = VISIBILITY_S
    ) -> Told:
        keys = [self._leases, self._taken, self.names.jobs]
        keys += [self._of(what, job_id) for what in ("progress", "cancel", "sent")]
        said = progress or b""
        args: list[bytes | str | int] = [job_id, body, worker, int(hold_s * 1000), said, PROGRESS_TTL_S, SENT_TTL_S]
        return Told(int(await self._run("STEP", keys, args)))

    async def finish(
        self, job_id: str, body: bytes, worker: str, result: bytes | None, *, to: str | None = None
    ) -> None:
        keys = [self._leases, self._taken, self._of("progress", job_id), to or self.names.results, self._notes]
        await self._run("FINISH", keys, [job_id, body, worker, result or b""])

    async def release(self, job_id: str, body: bytes, worker: str) -> bool:
        keys = [self._leases, self._taken, self.names.jobs, self._of("progress", job_id)]
        return bool(await self._run("RELEASE", keys, [job_id, body, worker]))

    async def in_hand(self, worker: str) -> list[bytes]:
        leases = await self._ask(cast("Awaitable[dict[bytes, bytes]]", self._quick.hgetall(self._leases)))
        mine = {id.decode("utf-8", "replace") for id, row in leases.items() if row.split(b"|")[0] == worker.encode()}
        taken = await self._ask(cast("Awaitable[list[bytes]]", self._quick.lrange(self._taken, 0, TAKEN_LOOK_MAX - 1)))
        return [body for body in taken if job_id_of(body) in mine]

    async def note(self, job_id: str, body: bytes | None) -> None:
        if body is None:
            await self._ask(cast("Awaitable[int]", self._quick.hdel(self._notes, job_id)))
        else:
            await self._ask(cast("Awaitable[int]", self._quick.hset(self._notes, job_id, cast("str", body))))

    async def notes(self) -> dict[str, bytes]:
        found = await self._ask(cast("Awaitable[dict[bytes, bytes]]", self._quick.hgetall(self._notes)))
        return {id.decode("utf-8", "replace"): body for id, body in found.items()}

    async def recover(self, *, grace_s: float = VISIBILITY_S) -> Recovered:
        keys = [self._leases, self._taken, self.names.jobs, self._dead, self.names.results]
        args = [int(grace_s * 1000), DELIVERIES_MAX, TAKEN_LOOK_MAX, DEAD_MAX]
        again, dead = await self._run("RECOVER", keys, args)
        return Recovered(int(again), int(dead))

    async def forget_taken(self, body: bytes) -> None:
        await self._ask(cast("Awaitable[int]", self._quick.lrem(self._taken, 1, cast("str", body))))

    # who runs it
    async def bury(self, kind: Kind, id: str, body: bytes, why: str) -> None:
        seconds, micros = await self._ask(cast("Awaitable[tuple[int, int]]", self._quick.time()))
        text = body[:JOB_BYTES_MAX].decode("utf-8", "replace")
        letter = {"id": id, "kind": kind, "why": why[:300], "at_ms": seconds * 1000 + micros // 1000, "body": text}
        async with self._quick.pipeline(transaction=True) as pipe:
            pipe.rpush(self._dead, json.dumps(letter, ensure_ascii=False))
            pipe.ltrim(self._dead, -DEAD_MAX, -1)
            await self._ask(pipe.execute())

    async def dead(self) -> list[DeadLetter]:
        rows = await self._ask(cast("Awaitable[list[bytes]]", self._quick.lrange(self._dead, 0, -1)))
        return [letter for letter in map(_letter, rows) if letter is not None]

    async def requeue(self, id: str) -> int:
        return await self._unbury(id, again=True)

    async def drop(self, id: str) -> int:
        return await self._unbury(id, again=False)

    async def _unbury(self, id: str, *, again: bool) -> int:
        keys = [self._dead, self._leases, self.names.jobs, self.names.results]
        return int(await self._run("UNBURY", keys, [id, int(again), DEAD_MAX]))

    async def sizes(self) -> Sizes:
        async with self._quick.pipeline(transaction=False) as pipe:
            for name in (self.names.jobs, self._taken, self.names.results, self._results_taken, self._dead):
                pipe.llen(name)
            return Sizes(*(int(each) for each in await self._ask(pipe.execute())))


def _letter(row: bytes) -> DeadLetter | None:
    try:
        said = json.loads(row)
        kind: Kind = "result" if said["kind"] == "result" else "job"
        return DeadLetter(str(said["id"]), kind, str(said["why"]), int(said["at_ms"]), str(said["body"]))
    except (ValueError, KeyError, TypeError):
        return None
