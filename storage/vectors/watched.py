"""A vector store that opens itself at first use and counts what is asked of it.

Owns the opening and the counts. The invariant: making one costs nothing and fails at nothing; a store that cannot be
opened is asked again only after a while, and meanwhile every call is its fault at once: a cache that is away must cost
its callers microseconds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from storage.vectors.protocol import Floats, Match, Vector, VectorFault, VectorStore, Where

log = logging.getLogger(__name__)

REOPEN_S = 10.0
"""Between tries to open a store that cannot be opened. Lower: each caller waits for connect timeouts."""

STATE_S = 15.0
"""Between looks at whether a store works, for who asks about its health: some stores charge for each call."""

SECONDS_BOUNDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

T = TypeVar("T")


@dataclass(slots=True)
class Asked:
    """Calls of one operation; `below[i]`: those that took at most `SECONDS_BOUNDS[i]`, and longer ones last."""

    calls: int = 0
    seconds: float = 0.0
    below: list[int] = field(default_factory=lambda: [0] * (len(SECONDS_BOUNDS) + 1))
    faults: dict[str, int] = field(default_factory=dict)


class WatchedVectors:
    """See `storage.vectors.protocol.VectorStore`. `kind`: what its numbers are labelled with. Used on one loop."""

    def __init__(self, kind: str, store: VectorStore, clock: Callable[[], float] = time.monotonic) -> None:
        self.kind = kind
        self.asked: dict[str, Asked] = {}
        self._clock = clock
        self._store = store
        self._opened = False
        self._opening = asyncio.Lock()
        self._refused: tuple[float, VectorFault] | None = None
        self._state = (float("-inf"), "ok")

    @property
    def lag_s(self) -> float:
        return self._store.lag_s

    async def open(self) -> None:
        """Not needed; raises what the first call would."""
        await self._ready()

    async def close(self) -> None:
        self._opened = False
        await self._store.close()

    async def check(self) -> None:
        await self._call("check", self._store.check)

    async def state(self) -> str:
        """ "ok", or the fault in words; looked at no more often than every `STATE_S`."""
        if self._clock() >= self._state[0]:
            self._state = self._clock() + STATE_S, "ok"
            try:
                async with asyncio.timeout(STATE_S / 4):
                    await self.check()
            except VectorFault as fault:
                self._state = self._state[0], str(fault)
            except TimeoutError:
                self._state = self._state[0], "TIMEOUT: the vector store does not answer"
        return self._state[1]

    async def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        await self._call("upsert", lambda: self._store.upsert(namespace, vectors))

    async def query(
        self,
        namespace: str,
        values: Floats,
        *,
        top_k: int = 1,
        where: Where | None = None,
        alive_at_s: float | None = None,
        at_least: float = -1.0,
    ) -> list[Match]:
        return await self._call(
            "query",
            lambda: self._store.query(
                namespace, values, top_k=top_k, where=where, alive_at_s=alive_at_s, at_least=at_least
            ),
        )

    async def fetch(self, namespace: str, ids: Sequence[str]) -> dict[str, Vector]:
        return await self._call("fetch", lambda: self._store.fetch(namespace, ids))

    async def delete(self, namespace: str, ids: Sequence[str]) -> None:
        await self._call("delete", lambda: self._store.delete(namespace, ids))

    async def delete_where(self, namespace: str, where: Where) -> int:
        return await self._call("delete", lambda: self._store.delete_where(namespace, where))

    async def drop(self, namespace: str) -> None:
        await self._call("drop", lambda: self._store.drop(namespace))

    async def count(self, namespace: str) -> int:
        return await self._call("count", lambda: self._store.count(namespace))

    async def sweep(self, now_s: float) -> int:
        return await self._call("sweep", lambda: self._store.sweep(now_s))

    async def _call(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        asked = self.asked.setdefault(name, Asked())
        asked.calls += 1
        began = time.perf_counter()
        try:
            await self._ready()
            return await work()
        except VectorFault as fault:
            asked.faults[fault.code] = asked.faults.get(fault.code, 0) + 1
            raise
        finally:
            took = time.perf_counter() - began
            asked.seconds += took
            asked.below[next((i for i, bound in enumerate(SECONDS_BOUNDS) if took <= bound), len(SECONDS_BOUNDS))] += 1

    async def _ready(self) -> None:
        if self._opened:
            return
        async with self._opening:
            if not self._is_open():
                await self._open()

    def _is_open(self) -> bool:
        return self._opened

    async def _open(self) -> None:
        if self._refused is not None and self._clock() < self._refused[0]:
            raise VectorFault(*self._refused[1].args)
        try:
            await self._store.open()
        except VectorFault as fault:
            self._refused = (self._clock() + REOPEN_S, fault)
            log.warning("vector store cannot be opened", extra={"store": self.kind, "code": fault.code})
            raise
        self._opened, self._refused = True, None
