"""Who works on a document without a socket, as people see it: one guest per task, a moment longer than its last edit.

Owns the guests of one home and their timers. The invariant: a guest that does nothing more is gone after
`TASK_SHOWN_S`, and all are when the home is.
"""

from __future__ import annotations

from collab.clock import Timer
from collab.guests import Guest
from collab.room import Room

TASK_SHOWN_S = 3.0
"""How long a task is shown after its last edit. Shorter: people see a flicker and do not know who it was."""

TASKS_SHOWN_MAX = 64
"""Guests of one home at the same time. Over: the newest work is done, but not shown."""


class Tasks:
    def __init__(self) -> None:
        self._shown: dict[tuple[str, str, str], tuple[Room, Guest, Timer]] = {}

    def show(self, room: Room, principal: str, name: str) -> None:
        """It works on this document now. Shown again, it stays the same guest."""
        key = room.doc_name, principal, name
        known = self._shown.get(key)
        if known is not None and known[0] is room:
            guest = known[1]
            known[2].cancel()
        elif len(self._shown) >= TASKS_SHOWN_MAX or room.closed:
            return
        else:
            guest = Guest(principal, name)
            room.show_guest(guest)
        timer = room.clock.call_later(TASK_SHOWN_S, lambda: self._hide(key))
        self._shown[key] = room, guest, timer

    def close(self) -> None:
        for key in list(self._shown):
            self._hide(key)

    def _hide(self, key: tuple[str, str, str]) -> None:
        room, guest, timer = self._shown.pop(key)
        timer.cancel()
        room.hide_guest(guest)
