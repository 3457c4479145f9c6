"""The one way rows of a home reach the ledger: fenced, in order, many in flight.

Owns the in-memory head of one owned home. The invariant: appends commit in the order of `submit`, each expecting the
sequence its predecessor left; when one fails, all behind it fail too, the head is read again, and only then does the
next go out. A head that moved without us (another epoch, or a commit whose answer was lost) ends the home here:
memory that may lack a row is dropped, never repaired.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from actors.runtime.clock import Clock
from actors.runtime.errors import HomeLost, busy
from actors.runtime.lifecycle import Announcer, Healed, Stalled
from actors.runtime.limits import RuntimeLimits
from actors.runtime.meters import Histogram
from storage.ledger.errors import Fenced, LedgerError, Unavailable
from storage.ledger.protocol import Append, Claim, Committed, Ledger, NewAttempt, NewEvent, StoredResponse, View

ANSWER_LOST = "a commit's answer was lost"


@dataclass(frozen=True, slots=True)
class Parts:
    """What one append holds, before it has a place in the sequence."""

    events: tuple[NewEvent, ...]
    views: tuple[View, ...] = ()
    attempts: tuple[NewAttempt, ...] = ()
    cancel_attempts: tuple[str, ...] = ()
    response: StoredResponse | None = None


Waiting = asyncio.Future[Committed]


class Pipeline:
    def __init__(
        self,
        ledger: Ledger,
        claim: Claim,
        *,
        clock: Clock,
        limits: RuntimeLimits,
        announce: Announcer,
        on_lost: Callable[[str], None],
        commit_s: Histogram | None = None,
    ) -> None:
        self._ledger, self._claim, self._clock, self._limits = ledger, claim, clock, limits
        self._announce, self._on_lost = announce, on_lost
        self._commit_s = commit_s or Histogram()
        self.head = claim.seq  # what the next append expects; runs ahead of `known` by what is in flight
        self.known = claim.seq  # what the head is if nothing was committed but what we were told of
        self.counted_from, self.counted_bytes = claim.seq, 0  # bodies committed here since that sequence
        self._flying: set[asyncio.Future[Committed]] = set()
        self._held: deque[tuple[Parts, Waiting]] = deque()
        self._broken: LedgerError | None = None
        self._doubted: int | None = None  # what the first append without an answer, of those that broke it, expected
        self._healing: asyncio.Task[None] | None = None
        self._steady = asyncio.Event()
        self._steady.set()
        self._lost: str | None = None

    @property
    def lost(self) -> str | None:
        """Why the home left this host; None while it is ours."""
        return self._lost

    @property
    def depth(self) -> int:
        """Appends in flight or held."""
        return len(self._flying) + len(self._held)

    @property
    def quiet(self) -> bool:
        return not self._flying and not self._held

    async def ready(self) -> None:
        """Return when the next `submit` would go straight out. Raises `HomeLost`."""
        while not self._steady.is_set():
            await self._steady.wait()
        if self._lost is not None:
            raise HomeLost(self._claim.home, self._lost)

    def submit(self, parts: Parts) -> Waiting:
        """Commit `parts` after everything submitted before. The future raises `HomeLost`, `Unavailable` or `Conflict`.

        Raises `CommandError` BUSY at once when too many wait. Cancelling the future does not take the append back.
        """
        if self._lost is not None:
            raise HomeLost(self._claim.home, self._lost)
        if len(self._flying) + len(self._held) >= self._limits.appends_in_flight_max:
            raise busy("the queue of appends", self._limits.appends_in_flight_max)
        future: Waiting = asyncio.get_running_loop().create_future()
        future.add_done_callback(_seen)
        if self._broken is None:
            self._launch(parts, future)
        else:
            self._held.append((parts, future))
        return future

    def count_from(self, seq: int) -> None:
        """Begin to count bytes anew."""
        self.counted_from, self.counted_bytes = seq, 0

    def lose(self, reason: str) -> None:
        """The home left this host: everything waiting is refused, nothing is ever submitted again."""
        if self._lost is not None:
            return
        self._lost = reason
        self._steady.set()
        while self._held:
            _refuse(self._held.popleft()[1], HomeLost(self._claim.home, reason))
        if self._healing is not None and self._healing is not asyncio.current_task():
            self._healing.cancel()
        self._on_lost(reason)

    async def drain(self) -> None:
        """Wait until nothing is in flight or held."""
        while self._flying or (self._held and self._lost is None):
            waiting: set[asyncio.Future[Any]] = set(self._flying)
            if self._healing is not None and not self._healing.done():
                waiting.add(self._healing)
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)

    def _launch(self, parts: Parts, future: Waiting) -> None:
        append = Append(
            self._claim.home,
            self._claim.epoch,
            self.head,
            parts.events,
            parts.views,
            parts.attempts,
            parts.cancel_attempts,
            parts.response,
        )
        self.head += len(parts.events)
        flight = asyncio.ensure_future(self._ledger.append(append))
        self._flying.add(flight)
        flight.add_done_callback(partial(self._landed, append, future, perf_counter()))

    def _landed(self, append: Append, future: Waiting, began: float, flight: asyncio.Future[Committed]) -> None:
        """A plain callback: a task for each append would cost the hot path more than the append."""
        self._flying.discard(flight)
        error = Unavailable("the append was cancelled") if flight.cancelled() else flight.exception()
        if error is None:
            committed = flight.result()
            if self._doubted is not None and committed.first_seq > self._doubted + 1:
                # It stands on one we were told failed. A room told of it would keep a snapshot that lacks a row.
                self.lose(ANSWER_LOST)
                _refuse(future, HomeLost(append.home, self._lost or ANSWER_LOST))
                return
            self._commit_s.observe(perf_counter() - began)
            self.known += committed.last_seq - committed.first_seq + 1
            for event in append.events:
                self.counted_bytes += len(event.body)
            if not future.done():
                future.set_result(committed)
        elif isinstance(error, Fenced) and error.found_epoch != self._claim.epoch:
            self.lose(f"epoch {error.found_epoch} owns it")
            _refuse(future, HomeLost(append.home, self._lost or "fenced"))
        elif isinstance(error, Fenced):
            self._break(error)
            _refuse(future, Unavailable("an append before this one failed"))
        else:  # a malformed append must reach its caller, and free those behind it
            self._doubted = append.expected_seq if self._doubted is None else min(self._doubted, append.expected_seq)
            self._break(error if isinstance(error, LedgerError) else Unavailable(type(error).__name__))
            _refuse(future, error)

    def _break(self, error: LedgerError) -> None:
        if self._broken is None and self._lost is None:
            self._broken = error
            self._steady.clear()
            self._announce(Stalled(self._claim.home, error.code))
            self._healing = asyncio.get_running_loop().create_task(self._heal())

    async def _heal(self) -> None:
        while self._flying:
            await asyncio.wait(set(self._flying))
        while self._lost is None:
            try:
                owner = await self._ledger.owner(self._claim.home)
            except LedgerError:
                await self._clock.sleep(self._limits.retry_ms / 1000)
                continue
            break
        if self._lost is not None:
            return
        if owner is None or owner.epoch != self._claim.epoch:
            self.lose("another epoch owns it")
        elif owner.seq != self.known:
            self.lose(ANSWER_LOST)
        else:
            self.head, self._broken, self._doubted = owner.seq, None, None
            self._announce(Healed(self._claim.home, owner.seq))
            while self._held:
                self._launch(*self._held.popleft())
            self._steady.set()


def _refuse(future: Waiting, error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _seen(future: Waiting) -> None:
    """Mark the exception as seen: a caller that was cancelled must not leave a warning behind."""
    if not future.cancelled():
        future.exception()
