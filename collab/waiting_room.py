"""What a joiner hears while it waits for its turn: its position, now and then.

Owns the position messages of one room. Invariant: whoever waits hears something every `join_position_s` (stock clients
hang up after 30 s of silence) and nothing of it is left once its turn has come. On Hocuspocus it is a stateless message
that stock clients ignore; y-websocket has no such message, so there it is the presence state of a peer that only the
waiting one sees and that leaves at its turn. Order comes from `JoinGate`, messages go to sessions.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from collab import hocuspocus, wire
from collab.clock import Clock, Timer
from collab.editing import fresh_client_id
from collab.join_gate import JoinGate, Ticket
from collab.lib0 import var_string, varuint
from collab.limits import Limits
from collab.session import Session


class WaitingRoom:
    """`room`: its key at the gate. `waiting`: whose ticket is whose."""

    def __init__(
        self,
        gate: JoinGate,
        room: object,
        waiting: Callable[[], dict[Ticket, Session]],
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._gate, self._room, self._waiting, self._clock, self._limits = gate, room, waiting, clock, limits
        self._told: set[Session] = set()
        self._presence_id, self._presence_clock = 0, 0
        self._timer: Timer | None = None

    def entered(self) -> None:
        """Somebody waits: it is told in the next turn of the loop, with whoever came beside it."""
        if self._timer is None:
            self._timer = self._clock.call_later(0.0, self._tell)

    def called(self, session: Session) -> None:
        """Its turn has come: take the position down."""
        if session in self._told:
            self._told.discard(session)
            if not session.framing.receipts:
                self._presence_clock += 1
                session.write(self._presence("null"))

    def left(self, session: Session) -> None:
        self._told.discard(session)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        self._timer = None
        waiting = self._waiting()
        if not waiting:
            return
        self._presence_clock += 1
        for ticket, ahead in self._gate.ahead(self._room):
            if (session := waiting.get(ticket)) is not None:
                self._told.add(session)
                session.write(self._message(session, {"position": ahead + 1, "waiting": self._gate.waiting}))
        self._timer = self._clock.call_later(self._limits.join_position_s, self._tell)

    def _message(self, session: Session, place: dict[str, int]) -> bytes:
        if session.framing.receipts:
            return hocuspocus.stateless(json.dumps({"type": "joining", **place}))
        return self._presence(json.dumps({"server": True, "joining": place}))

    def _presence(self, state: str) -> bytes:
        if not self._presence_id:
            self._presence_id = fresh_client_id()
        entry = varuint(self._presence_id) + varuint(self._presence_clock) + var_string(state)
        return wire.awareness(b"\x01" + entry)
