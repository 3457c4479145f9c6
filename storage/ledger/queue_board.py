"""The queue as one process sees it: one look a second at most, whoever asks for however many jobs.

Invariant: asking costs nothing while the last look is fresh, and asks at once share one look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from storage.ledger.places import Place, Queue, places

SEEN_S = 1.0
"""Older than this a look is taken anew. Lower: more reads while jobs wait; higher: positions lag."""


@dataclass(frozen=True, slots=True)
class Forecast:
    queue: Queue
    places: Mapping[str, Place]


NOTHING_KNOWN = Forecast(Queue(0, (), {}), {})


@dataclass(slots=True)
class QueueBoard:
    look: Callable[[], Awaitable[Queue]]
    clock_s: Callable[[], float] = time.monotonic
    _seen: Forecast = NOTHING_KNOWN
    _at_s: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def forecast(self, since_ms: int = 0) -> Forecast:
        """One that knows what was committed until `since_ms`. Raises `Unavailable`."""
        async with self._lock:
            if self.clock_s() - self._at_s >= SEEN_S or self._seen.queue.at_ms < since_ms:
                queue = await self.look()
                self._seen, self._at_s = Forecast(queue, places(queue)), self.clock_s()
        return self._seen
