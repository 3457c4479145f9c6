"""Who has left: scenes that wait for their exit and have nobody in them, and work that a fault left lying.

Owns since when each waiting scene has been empty, on this host. The invariant: a scene is told that it was left once no
socket was in any of its documents for the whole grace; losing this map only begins the grace anew, because whoever
opens the home finds the waiting scenes by their rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from actors.commands import CommandError
from actors.runtime.rooms import Rooms, scene_of
from storage.ledger.errors import LedgerError

if TYPE_CHECKING:
    from actors.runtime.activation import Activation
    from actors.runtime.actor import Notice

logger = logging.getLogger("storyforge.runtime")


class Departures:
    def __init__(self, grace_ms: int) -> None:
        self._grace_ms = grace_ms
        self._empty_since: dict[str, int] = {}

    def look(self, live: Iterable[Activation], rooms: Rooms, now_ms: int) -> None:
        """Called by the sweep: tell whoever was left, and wake whoever has work and sits idle."""
        occupied = {scene_of(doc) for doc, room in rooms.open_rooms() if room.sessions}
        waiting: dict[str, int] = {}
        for activation in live:
            actor = activation.actor
            if (notice := actor.waits_to_be_left()) is not None and actor.id not in occupied:
                waiting[actor.id] = self._empty_since.get(actor.id, now_ms)
                if now_ms - waiting[actor.id] >= self._grace_ms:
                    _tell(activation, notice)
            if not activation.waiting and (notice := actor.unfinished()) is not None:
                _tell(activation, notice)
        self._empty_since = waiting


def _tell(activation: Activation, notice: Notice) -> None:
    try:
        activation.tell(notice)
    except (CommandError, LedgerError) as error:
        logger.info("a scene waits to be left", extra={"actor": activation.actor.id, "code": error.code})
