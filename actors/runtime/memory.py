"""What a host lets go of when memory runs short: the cheapest to make again first.

Owns the order: Y.Docs somebody had read, then frames and diffs kept for joiners, then rooms nobody is in. Invariant:
nothing of it is the truth (that is the ledger) and nobody is sent away; every step is followed by a new reading, and
the next one is taken only while it is still too high. Readings are injected: 1.0 is the threshold.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from actors.runtime.lifecycle import Announcer, Relieved
from actors.runtime.rooms import Rooms

logger = logging.getLogger("storyforge.memory")

Pressure = Callable[[], float]
"""Memory in use as a part of what the host may use; from 1.0 on something must go."""


def no_pressure() -> float:
    return 0.0


class MemoryWatch:
    """`trim` hands freed memory back to the system, where the allocator keeps it otherwise."""

    def __init__(
        self,
        pressure: Pressure,
        rooms: Callable[[], Iterable[Rooms]],
        announce: Announcer,
        trim: Callable[[], None] = lambda: None,
    ) -> None:
        self._pressure, self._rooms, self._announce, self._trim = pressure, rooms, announce, trim

    async def look(self) -> None:
        """Read, and let go of what must go."""
        if self._pressure() < 1.0:
            return
        for step, let_go in (("documents", self._documents), ("frames", self._frames), ("rooms", self._idle_rooms)):
            count = await let_go()
            self._trim()
            after = self._pressure()
            self._announce(Relieved(step, count))
            logger.warning("memory is short", extra={"let_go": step, "count": count, "pressure": round(after, 2)})
            if after < 1.0:
                return

    async def _documents(self) -> int:
        dropped = 0
        for rooms in self._rooms():
            for _, room in rooms.open_rooms():
                dropped += room.hydrated
                room.drop()
        return dropped

    async def _frames(self) -> int:
        dropped = 0
        for rooms in self._rooms():
            for _, room in rooms.open_rooms():
                room.drop_frames()
                dropped += 1
        return dropped

    async def _idle_rooms(self) -> int:
        closed = 0
        for rooms in self._rooms():
            for doc, _ in rooms.open_rooms():
                closed += await rooms.evict(doc)
        return closed
