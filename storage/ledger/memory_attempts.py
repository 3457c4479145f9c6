"""Attempt rows in memory: compare-and-set claims, heartbeats and endings.

Owns the attempt table of `MemoryLedger`. The invariant: a row leaves `claimed` only by the worker that holds it, or by
another worker taking a dead one's claim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from storage.ledger.protocol import ATTEMPT_STALE_MS, FINAL_STATES, Append, Attempt, AttemptState, Conflict
from storage.ledger.rules import check_final


class MemoryAttempts:
    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._rows: dict[str, Attempt] = {}  # insertion order is age

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
            )  # fmt: skip
        for id in append.cancel_attempts:
            row = self._rows.get(id)
            if row is not None and row.home == append.home and row.state not in FINAL_STATES:
                state = AttemptState.CANCELLED if row.state is AttemptState.OPEN else row.state
                self._rows[id] = replace(row, cancel_requested=True, state=state, version=row.version + 1)

    def _claimable(self, row: Attempt, worker: str, now: int) -> bool:
        if row.state is AttemptState.OPEN:
            return True
        if row.state is not AttemptState.CLAIMED or row.worker == worker:
            return False
        return (row.heartbeat_at_ms or 0) < now - ATTEMPT_STALE_MS or (row.deadline_at_ms or 0) < now

    def claim(self, worker: str, steps: Sequence[str]) -> Attempt | None:
        now = self._clock()
        rows = [r for r in self._rows.values() if r.step in steps and self._claimable(r, worker, now)]
        if not rows:
            return None
        best = max(rows, key=lambda row: row.priority)  # the first of equals is the oldest
        self._rows[best.id] = claimed = replace(
            best,
            state=AttemptState.CLAIMED,
            worker=worker,
            deadline_at_ms=now + best.timeout_ms,
            heartbeat_at_ms=now,
            version=best.version + 1,
        )
        return claimed

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

    def finish(self, id: str, worker: str, state: AttemptState, result: bytes | None, error: bytes | None) -> bool:
        check_final(state)
        row = self._held(id, worker)
        if row is None:
            return False
        self._rows[id] = replace(row, state=state, result=result, error=error, version=row.version + 1)
        return True

    def get(self, id: str) -> Attempt | None:
        return self._rows.get(id)

    def of_home(self, home: str, job: str | None, open_only: bool) -> list[Attempt]:
        return [
            row
            for row in self._rows.values()
            if row.home == home and (job is None or row.job == job) and not (open_only and row.state in FINAL_STATES)
        ]
