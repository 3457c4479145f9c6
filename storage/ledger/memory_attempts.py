"""Attempt rows in memory: compare-and-set claims, heartbeats and endings.

Owns the attempt table of `MemoryLedger`. The invariant: a row leaves `claimed` only by the worker that holds it, or by
another worker taking a dead one's claim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from storage.ledger.errors import Conflict
from storage.ledger.memory_shares import MemoryShares
from storage.ledger.places import QUEUE_ROWS_MAX, Queue
from storage.ledger.protocol import (
    AFFINITY_WAIT_MS,
    ATTEMPT_STALE_MS,
    CLAIMS_MAX,
    FINAL_STATES,
    FLOWN,
    Append,
    Attempt,
    AttemptState,
)
from storage.ledger.rules import check_final, worker_lost


class MemoryAttempts:
    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._rows: dict[str, Attempt] = {}  # insertion order is age
        self.shares = MemoryShares()

    def check_new(self, append: Append) -> None:
        """Raise `Conflict` for an id, or (job, step, number), that exists."""
        taken = {(a.home, a.job, a.step, a.number) for a in self._rows.values()}
        ids = set(self._rows)
        for new in append.attempts:
            if new.id in ids or (new.home, new.job, new.step, new.number) in taken:
                raise Conflict(append.home, "attempt")
            ids.add(new.id)
            taken.add((new.home, new.job, new.step, new.number))

    def apply(self, append: Append, now: int) -> None:
        for new in append.attempts:
            self._rows[new.id] = Attempt(
                new.id, new.home, new.scene, new.job, new.step, new.number, AttemptState.OPEN, new.request,
                new.timeout_ms, new.priority, now, None, None, None, 0.0, "", False, None, None, 1,
                new.user, new.needs, new.affinity, new.not_before_ms, new.pool, new.weight, flight=new.flight,
            )  # fmt: skip
            if new.hand_to and self.held_by(new.hand_to) is None and self._leads(self._rows[new.id]):
                self._rows[new.id] = self._taken(self._rows[new.id], new.hand_to, now)
        for id in append.cancel_attempts:
            row = self._rows.get(id)
            if row is not None and row.home == append.home and row.state not in FINAL_STATES:
                state = AttemptState.CANCELLED if row.state is AttemptState.OPEN else row.state
                self._rows[id] = replace(row, cancel_requested=True, state=state, version=row.version + 1)

    def forget(self, home: str, limit: int) -> int:
        gone = [id for id, row in self._rows.items() if row.home == home][:limit]
        for id in gone:
            del self._rows[id]
        return len(gone)

    def _claimable(self, row: Attempt, worker: str, now: int) -> bool:
        if row.state is AttemptState.OPEN:
            return True
        if row.state is not AttemptState.CLAIMED or row.worker == worker:
            return False
        return (row.heartbeat_at_ms or 0) < now - ATTEMPT_STALE_MS or (row.deadline_at_ms or 0) < now

    def _wanted(self, row: Attempt, offers: Sequence[str], loaded: str, now: int) -> bool:
        if (row.needs and row.needs not in offers) or row.not_before_ms > now:
            return False
        waited = now - max(row.created_at_ms, row.not_before_ms)
        return row.affinity in ("", loaded) or waited >= AFFINITY_WAIT_MS

    def claim(self, worker: str, steps: Sequence[str], offers: Sequence[str], loaded: str) -> Attempt | None:
        now = self._clock()
        rows = [
            (self.shares.turn(row).order(num), row)
            for num, row in enumerate(self._rows.values())
            if row.step in steps
            and self._claimable(row, worker, now)
            and self._wanted(row, offers, loaded, now)
            and self._leads(row)
        ]
        if not rows:
            return None
        best = min(rows)[1]
        if best.claims >= CLAIMS_MAX:
            lost = replace(best, state=AttemptState.FAILED, error=worker_lost(best.claims), version=best.version + 1)
            self._rows[best.id] = lost
            return lost
        self._rows[best.id] = claimed = self._taken(best, worker, now)
        return claimed

    def _leads(self, row: Attempt) -> bool:
        """Whether none of its flight is worked on, or was there before it."""
        if not row.flight or row.state is AttemptState.CLAIMED:
            return True
        others = [each for each in self._rows.values() if each.flight == row.flight and each.state not in FINAL_STATES]
        return others[0] is row and all(each.state is AttemptState.OPEN for each in others)

    def _taken(self, row: Attempt, worker: str, now: int) -> Attempt:
        return replace(
            row,
            state=AttemptState.CLAIMED,
            worker=worker,
            deadline_at_ms=now + row.timeout_ms,
            heartbeat_at_ms=now,
            version=row.version + 1,
            charge_ms=self.shares.charge(row),
            claims=row.claims + 1,
        )

    def held_by(self, worker: str) -> Attempt | None:
        rows = self._rows.values()
        return next((row for row in rows if row.state is AttemptState.CLAIMED and row.worker == worker), None)

    def prune_shares(self) -> int:
        live = (AttemptState.OPEN, AttemptState.CLAIMED)
        return self.shares.prune([row for row in self._rows.values() if row.state in live])

    def release(self, id: str, worker: str) -> bool:
        row = self._held(id, worker)
        if row is None:
            return False
        state = AttemptState.CANCELLED if row.cancel_requested else AttemptState.OPEN
        self.shares.settle(row, state, self._clock())
        self._rows[id] = replace(
            row,
            state=state,
            worker=None,
            deadline_at_ms=None,
            heartbeat_at_ms=None,
            version=row.version + 1,
            claims=row.claims - 1,
        )
        return True

    def queue(self) -> Queue:
        rows = [row for row in self._rows.values() if row.state not in FINAL_STATES][:QUEUE_ROWS_MAX]
        return Queue(self._clock(), [self.shares.waiting(row) for row in rows], self.shares.rates())

    def _held(self, id: str, worker: str) -> Attempt | None:
        row = self._rows.get(id)
        held = row is not None and row.state is AttemptState.CLAIMED and row.worker == worker
        return row if held else None

    def beat(self, id: str, worker: str, progress: float, message: str, result: bytes | None) -> bool:
        row = self._held(id, worker)
        if row is None:
            return True
        self._rows[id] = replace(
            row,
            heartbeat_at_ms=self._clock(),
            progress=progress,
            message=message,
            result=row.result if result is None else result,
            version=row.version + 1,
        )
        return row.cancel_requested

    def finish(
        self, id: str, worker: str, state: AttemptState, result: bytes | None, error: bytes | None
    ) -> tuple[Attempt, ...] | None:
        """Those of its flight that ended with it; None: the claim was lost."""
        check_final(state)
        row = self._held(id, worker)
        if row is None:
            return None
        self.shares.settle(row, state, self._clock())
        self._rows[id] = replace(row, state=state, result=result, error=error, version=row.version + 1)
        with_it = [
            each
            for each in self._rows.values()
            if row.flight and each.flight == row.flight and each.state not in FINAL_STATES
        ]
        for each in with_it if state is AttemptState.DONE else ():
            self._rows[each.id] = replace(
                each, state=state, result=result, message=FLOWN + row.job, version=each.version + 1
            )
        return tuple(self._rows[each.id] for each in with_it) if state is AttemptState.DONE else ()

    def get(self, id: str) -> Attempt | None:
        return self._rows.get(id)

    def of_home(self, home: str, job: str | None, open_only: bool) -> list[Attempt]:
        return [
            row
            for row in self._rows.values()
            if row.home == home and (job is None or row.job == job) and not (open_only and row.state in FINAL_STATES)
        ]
