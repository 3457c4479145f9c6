"""Who may be sent a whole document now: snapshot bytes in flight on a host, counted and shared out.

Owns the queue of joiners and the bytes that sockets still owe of what joiners were sent. Invariants: never more than
`join_bytes_in_flight_max` in flight, except that one answer may always go; rooms take turns, joiners of a room come in
their order; whoever leaves, or is too slow, gives its place back exactly once. One gate for all rooms of a host,
so that a crowd at one document is not felt at another.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from collab.clock import Clock, LoopClock, Timer
from collab.limits import Limits


class Ticket:
    """A place: first in the queue, then in flight, then over."""

    __slots__ = ("_gate", "_slow", "bytes", "room", "start", "state")

    WAITING, IN_FLIGHT, OVER = range(3)

    def __init__(self, gate: JoinGate, room: object, size: int, start: Callable[[], None]) -> None:
        self._gate, self.room, self.bytes, self.start = gate, room, size, start
        self.state = Ticket.WAITING
        self._slow: Timer | None = None

    @property
    def waiting(self) -> bool:
        return self.state == Ticket.WAITING

    def begin(self, slow: Timer) -> None:
        self.state, self._slow = Ticket.IN_FLIGHT, slow

    def over(self) -> None:
        """It was served, has left, or was too slow: the next one's turn. Idempotent."""
        if self.state == Ticket.OVER:
            return
        was, self.state = self.state, Ticket.OVER
        if self._slow is not None:
            self._slow.cancel()
        self._gate.ended(self, was_waiting=was == Ticket.WAITING)


class JoinGate:
    """Of one host."""

    def __init__(self, limits: Limits, clock: Clock | None = None) -> None:
        self._limits, self._clock = limits, clock or LoopClock()
        self._queues: OrderedDict[object, deque[Ticket]] = OrderedDict()
        self._diffs = asyncio.Semaphore(limits.join_diffs_at_once_max)
        self._turn: Timer | None = None
        self._starting = False
        self.bytes_in_flight = 0
        self.waiting = 0

    def enter(self, room: object, size: int, start: Callable[[], None]) -> Ticket:
        """Queue up for `size` bytes; `start` is called when they may be sent, perhaps before this returns."""
        ticket = Ticket(self, room, size, start)
        self._queues.setdefault(room, deque()).append(ticket)
        self.waiting += 1
        if self._turn is None:
            self._advance()
        return ticket

    def diffing(self) -> AbstractAsyncContextManager[None]:
        """Held while a whole document is compared with a state vector."""
        return self._diffs

    def ahead(self, room: object) -> list[tuple[Ticket, int]]:
        """Who waits at this room, each with how many of the host will be served before it."""
        others = [len(queue) for key, queue in self._queues.items() if key is not room]
        queue = self._queues.get(room, ())
        return [(ticket, at + sum(min(each, at) for each in others)) for at, ticket in enumerate(queue)]

    def ended(self, ticket: Ticket, *, was_waiting: bool) -> None:
        if was_waiting:
            queue = self._queues[ticket.room]
            queue.remove(ticket)
            self.waiting -= 1
            if not queue:
                del self._queues[ticket.room]
        else:
            self.bytes_in_flight -= ticket.bytes
            if self._turn is None:
                self._advance()

    def _advance(self) -> None:
        """Start whoever may; after `join_bytes_per_turn` others get a turn of the loop first."""
        if self._starting:
            return  # a socket took all at once and gave its place back while we are here
        self._starting, self._turn = True, None
        sent = 0
        try:
            while self._queues:
                room, queue = next(iter(self._queues.items()))
                ticket = queue[0]
                if self.bytes_in_flight and self.bytes_in_flight + ticket.bytes > self._limits.join_bytes_in_flight_max:
                    return
                if sent >= self._limits.join_bytes_per_turn:
                    self._turn = self._clock.call_later(0.0, self._advance)
                    return
                self._take(room, queue)
                sent += ticket.bytes
                ticket.begin(self._clock.call_later(self._limits.join_slow_s_max, ticket.over))
                ticket.start()
        finally:
            self._starting = False

    def _take(self, room: object, queue: deque[Ticket]) -> None:
        self.bytes_in_flight += queue.popleft().bytes
        self.waiting -= 1
        if queue:
            self._queues.move_to_end(room)
        else:
            del self._queues[room]
