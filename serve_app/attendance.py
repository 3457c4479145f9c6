"""Who is in which document on this host, and what a lock, a role, a revocation or the clock does to them.

Owns the list of live sessions and multiplexed sockets of the homes that are ours, tunnelled ones included: they end
here too. Invariants: a turn that changes what somebody may do changes their open sockets before anything else is
awaited; a proof that has run out ends its sockets by one timer each; neither costs a look at anything per message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from collab.close_codes import CloseCode
from collab.multiplex import Channel
from collab.session import Access, Session
from serve_app.auth import Principal

CHANGES_ACCESS = frozenset({"LockScene", "UnlockScene", "ChangeAccessLink", "RevokeAccessLink"})
"""Turns after which open sockets are looked at again."""

REVOKED, EXPIRED = "access was taken away", "access has run out"
ALWAYS_THERE = "live"
"""A document every project has: who may not even read it may not be here."""


class Rights(Protocol):
    """What a home says of principals now."""

    @property
    def id(self) -> str: ...
    def access(self, doc: str, principal: str) -> Access | None: ...
    def shown_as(self, principal: str) -> str: ...
    def kept_out(self, doc: str) -> str: ...


@dataclass(eq=False, slots=True)
class _Seat:
    """`end`: closes it with a code; `session`: None for a multiplexed socket as a whole."""

    principal: Principal
    doc: str
    end: Callable[[CloseCode, str], None]
    session: Session | None = None
    timer: asyncio.TimerHandle | None = field(default=None)


class Attendance:
    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._seats: dict[str, set[_Seat]] = {}

    def join(self, home: str, doc: str, session: Session, principal: Principal) -> Callable[[], None]:
        """A session has entered; call the answer when it has left."""
        return self._seat(home, _Seat(principal, doc, session.close, session))

    def connect(self, home: str, principal: Principal, end: Callable[[CloseCode, str], None]) -> Callable[[], None]:
        """A multiplexed socket has come: it ends with the proof it came by, whatever its documents do."""
        return self._seat(home, _Seat(principal, ALWAYS_THERE, end))

    def review(self, home: Rights) -> None:
        """What people may do has changed: close, narrow or widen their sockets now."""
        for seat in list(self._seats.get(home.id, ())):
            allowed = home.access(seat.doc, seat.principal.id)
            if allowed is None:
                seat.end(CloseCode.UNAUTHENTICATED, REVOKED)
            elif seat.session is not None:
                seat.session.why = home.kept_out(seat.doc)
                _tell(seat.session, allowed, home.shown_as(seat.principal.id))

    def _seat(self, home: str, seat: _Seat) -> Callable[[], None]:
        self._seats.setdefault(home, set()).add(seat)
        self._wind(seat)

        def leave() -> None:
            if seat.timer is not None:
                seat.timer.cancel()
            seats = self._seats.get(home)
            if seats is not None:
                seats.discard(seat)
                if not seats:
                    del self._seats[home]

        return leave

    def _wind(self, seat: _Seat) -> None:
        """One timer until the proof ends. The wall clock decides: it may have been set meanwhile."""
        until = seat.principal.until_s
        if until is None:
            return
        left = until - self._clock_s()
        if left <= 0:
            seat.end(CloseCode.UNAUTHENTICATED, EXPIRED)
        else:
            seat.timer = asyncio.get_running_loop().call_later(left, self._wind, seat)


def _tell(session: Session, allowed: Access, name: str) -> None:
    if name and name != session.user.name:
        session.user = replace(session.user, name=name)
    session.change_access(allowed)
    if isinstance(session.transport, Channel):
        session.transport.writes = session.can_write
