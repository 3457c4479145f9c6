"""What expired leaves the caches: a worker process looks over them at its start and then once an hour.

Owns the timer. The invariant: a sweep never fails its process and never hurries; several processes may sweep the same
store, for to delete twice is to delete. Takes nothing but expired entries: what is found is the stores' business.
"""

from __future__ import annotations

import logging
import random
import time

from actors.runtime.rounds import Rounds
from storage.cache.exact import ExactCache
from storage.cache.semantic import SemanticCache
from storage.vectors.protocol import VectorFault, VectorStore

logger = logging.getLogger("storyforge.sweeping")

SPREAD = 0.2
"""Of the time between sweeps, at random: processes that were started together do not sweep together for ever."""


class Sweeper(Rounds):
    """Runs from `start` to `stop`. `films`: the semantic cache over these vectors, where there is one; it has records
    beside them."""

    put_off = "the caches are swept later"
    looks_at_once = True

    def __init__(
        self, cache: ExactCache, vectors: VectorStore, every_s: float, films: SemanticCache | None = None
    ) -> None:
        super().__init__()
        self._cache, self._vectors, self._every_s, self._films = cache, vectors, every_s, films

    def check(self) -> None:
        """Raises RuntimeError when it is not running any more."""
        if self.ended:
            raise RuntimeError("the sweeper has ended")

    def pause_s(self) -> float:
        return self._every_s * random.uniform(1 - SPREAD, 1 + SPREAD)

    async def look(self) -> int:
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
