"""Presence of a stock client: y-protocols' awareness, as `awareness.js` does it.

Owns clocks and states as one page knows them. Invariant: the own state is never taken down by others. Used by the
clients of a world.
"""

from __future__ import annotations

import json

from collab.lib0 import Reader, var_string, varuint

OUTDATED_S = 30.0
"""A state nobody renewed for this long is taken down by every client for itself."""


class Awareness:
    """`id`: the page's own; it stays when the document's client id changes."""

    def __init__(self, id: int) -> None:
        self.id, self._carets = id, 0
        self._renewed: dict[int, float] = {}
        self.clocks: dict[int, int] = {id: 0}
        self.states: dict[int, str] = {}
        self.show()

    def show(self) -> None:
        """Say where the caret is: also how a page renews itself, and how it comes back."""
        self._carets += 1
        self.clocks[self.id] += 1
        self.states[self.id] = json.dumps({"caret": self._carets})

    def hide(self) -> None:
        if self.states.pop(self.id, None) is not None:
            self.clocks[self.id] += 1

    def alone(self) -> None:
        """The line is lost: nobody else is seen any more."""
        self.states = {id: state for id, state in self.states.items() if id == self.id}

    def expire(self, now: float) -> list[int]:
        """Take down who has not renewed in time; who that is (a stock client tells the server, too)."""
        gone = [id for id in self.others() if now - self._renewed[id] >= OUTDATED_S]
        for id in gone:
            del self.states[id]
        return gone

    def others(self) -> dict[int, str]:
        return {id: state for id, state in self.states.items() if id != self.id}

    def encode(self, ids: list[int]) -> bytes:
        parts = [varuint(len(ids))]
        for id in ids:
            parts += [varuint(id), varuint(self.clocks[id]), var_string(self.states.get(id, "null"))]
        return b"".join(parts)

    def hear(self, payload: bytes, now: float) -> list[int]:
        """Take in an awareness update; whose state changed (a stock y-websocket client repeats those)."""
        reader, changed = Reader(payload), []
        for _ in range(reader.varuint()):
            id, clock, text = reader.varuint(), reader.varuint(), reader.var_string()
            known = self.clocks.get(id, 0)
            if not (known < clock or (known == clock and text == "null" and id in self.states)):
                continue
            if text != "null":
                self.states[id] = text
            elif id == self.id and id in self.states:
                clock += 1  # others cannot remove it: it says that it is still here
            else:
                self.states.pop(id, None)
            self.clocks[id], self._renewed[id] = clock, now
            changed.append(id)
        return changed
