"""What expired leaves the caches: a worker process looks over them at its start and then once an hour.

Owns the timer. The invariant: a sweep never fails its process and never hurries; several processes may sweep the same
store, for to delete twice is to delete. Takes nothing but expired entries: what is found is the stores' business.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time

from storage.cache.exact import ExactCache
from storage.cache.semantic import SemanticCache
from storage.vectors.protocol import VectorFault, VectorStore

logger = logging.getLogger("storyforge.sweeping")

SPREAD = 0.2
"""Of the time between sweeps, at random: processes that were started together do not sweep together for ever."""


class Sweeper:
    """Runs from `start` to `stop`. `films`: the semantic cache over these vectors, where there is one; it has records
    beside them."""

    def __init__(
        self, cache: ExactCache, vectors: VectorStore, every_s: float, films: SemanticCache | None = None
    ) -> None:
        self._cache, self._vectors, self._every_s, self._films = cache, vectors, every_s, films
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def check(self) -> None:
        """Raises RuntimeError when it is not running any more."""
        if self._task is not None and self._task.done():
            raise RuntimeError("the sweeper has ended")

    async def _run(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(self._every_s * random.uniform(1 - SPREAD, 1 + SPREAD))

    async def once(self) -> int:
        """How many entries went, of both."""
        gone = await self._cache.sweep()
        if self._films is not None:
            return self._told(gone + await self._films.sweep())
        try:
            gone += await self._vectors.sweep(time.time())
        except VectorFault as fault:
            logger.warning("the vector store was not swept", extra={"code": fault.code})
        return self._told(gone)

    def _told(self, gone: int) -> int:
        if gone:
            logger.info("expired entries swept", extra={"entries": gone})
        return gone
