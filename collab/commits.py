"""From accepted to committed: what waits, what is in flight, and what a slow log does to its senders.

Owns the one flusher of a room. Invariants: at most one flush is in flight, everything that arrived meanwhile goes in
the next one (one ledger row each); nothing leaves here as committed before the log said so; memory waiting here is
bounded, first by not reading its senders, then by closing them. No task per message: the append's own future calls
back. Updates come from `room.accept`, go to `DocumentLog.append`, and come back through `on_committed`/`on_failed`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from collab.clock import Clock, Timer
from collab.limits import Limits
from collab.ports import DocumentLog, Entry, Refused
from collab.receipts import NOTHING_DUE
from collab.session import Pause, Session
from collab.updates import Header

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pending:
    """An accepted update that is not committed yet.

    `leans`: part of it was left out because it is on its way already; what leans on a flush that fails must fail with
    it, or its sender would be told that the part left out is kept. `whole`: as it came, where a part was left out: sent
    back to its sender after the commit, since content that comes back is how a y-websocket client knows it is kept.
    """

    session: Session
    entry: Entry
    header: Header
    receipt: int = NOTHING_DUE
    leans: bool = False
    whole: bytes | None = None


Batch = list[Pending]


class Commits:
    """The pipeline of one room."""

    def __init__(
        self,
        doc_log: DocumentLog,
        limits: Limits,
        clock: Clock,
        *,
        sessions: Callable[[], int],
        on_committed: Callable[[Batch, int], None],
        on_failed: Callable[[Batch, Refused], None],
    ) -> None:
        self._log, self._limits, self._clock = doc_log, limits, clock
        self._sessions, self._on_committed, self._on_failed = sessions, on_committed, on_failed
        self._waiting: deque[Pending] = deque()
        self._owed: dict[Session, int] = {}  # bytes waiting, by who sent them
        self._flight: Batch = []
        self.bytes = 0  # waiting and in flight
        self._next_at = 0.0
        self._window: Timer | None = None
        self._slow_timer: Timer | None = None
        self._slow = False
        self._stopped = False
        # In the order they were paused: they are read again in that order, not in that of their addresses in memory.
        self._paused: dict[Pause, dict[Session, None]] = {Pause.BACKLOG: {}, Pause.SLOW_COMMIT: {}}
        self._drained: list[asyncio.Future[None]] = []

    @property
    def busy(self) -> bool:
        return bool(self._flight or self._waiting)

    @property
    def in_flight(self) -> bool:
        return bool(self._flight)

    def pending_updates(self) -> list[bytes]:
        return [each.entry.update for each in (*self._flight, *self._waiting)]

    def pending(self) -> list[Pending]:
        return [*self._flight, *self._waiting]

    def pending_headers(self) -> list[Header]:
        return [each.header for each in (*self._flight, *self._waiting)]

    def offer(self, item: Pending) -> None:
        """Take an accepted update. The caller has checked `pending_bytes_max`."""
        self._waiting.append(item)
        self.bytes += len(item.entry.update)
        self._owe(item, 1)
        if self._slow:
            self._pause(item.session, Pause.SLOW_COMMIT)
        limits = self._limits
        if self.bytes > limits.pending_bytes_pause and self._owed[item.session] > limits.pending_bytes_spared:
            self._pause(item.session, Pause.BACKLOG)
        self._schedule()

    def leaning(self) -> list[Session]:
        """Who waits with something that leans on what is on its way."""
        return [each.session for each in self._waiting if each.leans]

    def forget(self, session: Session) -> None:
        """Drop what this session has waiting (its earlier updates failed; it will send all of it again)."""
        kept = [each for each in self._waiting if each.session is not session]
        self.bytes -= self._owed.pop(session, 0)
        self._waiting = deque(kept)

    def stop(self) -> None:
        """Start nothing any more. What is in flight still lands."""
        self._stopped = True
        self.bytes -= sum(self._owed.values())
        self._owed.clear()
        self._waiting.clear()
        if self._window is not None:
            self._window.cancel()
            self._window = None
        self._resolve_drained()

    async def drain(self) -> None:
        """Wait until nothing is waiting or in flight."""
        if self.busy:
            waiter = asyncio.get_running_loop().create_future()
            self._drained.append(waiter)
            await waiter

    def _schedule(self) -> None:
        if self._flight or self._window is not None or not self._waiting or self._stopped:
            return
        wait = self._next_at - self._clock.now()
        if wait <= 0:
            self._flush()
        else:
            self._window = self._clock.call_later(wait, self._window_over)

    def _window_over(self) -> None:
        self._window = None
        if self._waiting and not self._flight and not self._stopped:
            self._flush()

    def _flush(self) -> None:
        self._flight = self._take_batch()
        self._next_at = self._clock.now() + self._limits.flush_window_s(self._sessions())
        self._slow_timer = self._clock.call_later(self._limits.slow_commit_s, self._commit_is_slow)
        appended: asyncio.Future[int]
        try:
            appended = asyncio.ensure_future(self._log.append([each.entry for each in self._flight]))
        except Refused as refused:
            appended = asyncio.get_running_loop().create_future()
            appended.set_exception(refused)
        appended.add_done_callback(self._landed)

    def _take_batch(self) -> Batch:
        """What goes into the next row: everything, or what has room in it. Then who waits with least goes first, so
        that one typed letter is not kept behind fifty agents' pages; the oldest always goes, so that nobody waits for
        ever. A sender's own updates keep their order; so do all of them where one leans on what is before it."""
        waiting, limits = self._waiting, self._limits
        if self.bytes <= limits.flush_bytes_max and len(waiting) <= limits.flush_entries_max:
            self._waiting = deque()
            self._owed.clear()
            return list(waiting)
        order = list(range(len(waiting)))
        if not any(each.leans for each in waiting):
            order[1:] = sorted(order[1:], key=lambda at: self._owed[waiting[at].session])
        taken, size = [0], len(waiting[0].entry.update)
        for at in order[1 : limits.flush_entries_max]:
            size += len(waiting[at].entry.update)
            if size > limits.flush_bytes_max:
                break
            taken.append(at)
        taken.sort()
        batch, picked = [waiting[at] for at in taken], set(taken)
        self._waiting = deque(each for at, each in enumerate(waiting) if at not in picked)
        for each in batch:
            self._owe(each, -1)
        return batch

    def _owe(self, item: Pending, sign: int) -> None:
        left = self._owed.get(item.session, 0) + sign * len(item.entry.update)
        if left > 0:
            self._owed[item.session] = left
        else:
            self._owed.pop(item.session, None)

    def _landed(self, appended: asyncio.Future[int]) -> None:
        batch, self._flight = self._flight, []
        self.bytes -= sum(len(each.entry.update) for each in batch)
        if self._slow_timer is not None:
            self._slow_timer.cancel()
        self._slow = False
        refused = failure(appended)
        if refused is None:
            self._on_committed(batch, appended.result())
        else:
            self._on_failed(batch, refused)
        self._resume(Pause.SLOW_COMMIT)
        if self.bytes <= self._limits.pending_bytes_pause // 2:
            self._resume(Pause.BACKLOG)
        self._schedule()
        if not self.busy:
            self._resolve_drained()

    def _commit_is_slow(self) -> None:
        self._slow = True
        log.warning("commit is slow", extra={"updates": len(self._flight), "waiting": len(self._waiting)})
        for each in (*self._flight, *self._waiting):
            self._pause(each.session, Pause.SLOW_COMMIT)

    def _pause(self, session: Session, why: Pause) -> None:
        session.pause(why)
        self._paused[why][session] = None

    def _resume(self, why: Pause) -> None:
        sessions = self._paused[why]
        while sessions:
            session = next(iter(sessions))
            del sessions[session]
            session.resume(why)

    def _resolve_drained(self) -> None:
        waiters, self._drained = self._drained, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


def failure(appended: asyncio.Future[int]) -> Refused | None:
    """Why an append did not commit, whatever went wrong; None if it did."""
    if appended.cancelled():
        return Refused("CANCELLED", "the append was cancelled")
    error = appended.exception()
    if error is None or isinstance(error, Refused):
        return error
    log.error("append failed in an unforeseen way", exc_info=error)
    return Refused("INTERNAL", type(error).__name__)
