"""Attempt rows in SQLite: compare-and-set claims, heartbeats and endings.

Owns the SQL of the attempts table. The invariant: a row leaves `claimed` only by the worker that holds it, or by
another worker taking a dead one's claim.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.ledger import sqlite_shares
from storage.ledger.protocol import (
    AFFINITY_WAIT_MS,
    ATTEMPT_STALE_MS,
    CLAIMS_MAX,
    FLOWN,
    Attempt,
    AttemptState,
    Ended,
    NewAttempt,
)
from storage.ledger.rules import worker_lost

_COLUMNS = """id, home, scene, job, step, number, state, request, timeout_ms, priority, created_at_ms, deadline_at_ms,
worker, heartbeat_at_ms, progress, message, cancel_requested, result, error, version, principal, needs,
affinity, not_before_ms, pool, weight, claims, charge_ms, flight"""

_LEADS = """(a.flight = '' OR a.state = 'claimed' OR NOT EXISTS (
  SELECT 1 FROM attempts b INDEXED BY attempts_flight WHERE b.flight = a.flight AND b.flight <> ''
  AND b.state IN ('open', 'claimed') AND b.num <> a.num AND (b.num < a.num OR b.state = 'claimed')))"""
"""Nobody works on another of its flight, and none of it was there before."""


def insert(connection: sqlite3.Connection, new: NewAttempt, now_ms: int) -> None:
    connection.execute(
        f"""INSERT INTO attempts ({_COLUMNS})
        VALUES (?,?,?,?,?,?,'open',?,?,?,?,NULL,NULL,NULL,0.0,'',0,NULL,NULL,1,?,?,?,?,?,?,0,0,?)""",
        (
            new.id, new.home, new.scene, new.job, new.step, new.number, new.request, new.timeout_ms, new.priority,
            now_ms, new.user, new.needs, new.affinity, new.not_before_ms, new.pool, new.weight, new.flight,
        ),
    )  # fmt: skip
    if new.hand_to and held_by(connection, new.hand_to) is None and _leads(connection, new.id):
        row = by_id(connection, new.id)
        assert row is not None, "it was just inserted"
        _take(connection, row, new.hand_to, now_ms)


def _leads(connection: sqlite3.Connection, id: str) -> bool:
    found = connection.execute(f"SELECT 1 FROM attempts a WHERE a.id = ? AND {_LEADS}", (id,)).fetchone()
    return found is not None


def cancel(connection: sqlite3.Connection, home: str, id: str) -> None:
    connection.execute(
        """UPDATE attempts SET cancel_requested = 1, version = version + 1,
        state = CASE state WHEN 'open' THEN 'cancelled' ELSE state END
        WHERE id = ? AND home = ? AND state IN ('open', 'claimed')""",
        (id, home),
    )


@dataclass(frozen=True, slots=True)
class Claimer:
    """Who asks for work, and what it can do."""

    worker: str
    steps: Sequence[str]
    offers: Sequence[str]
    loaded: str


def _waiting(claimer: Claimer, now_ms: int) -> tuple[str, list[Any]]:
    """Where and with what values: the rows it may claim."""
    where = f"""FROM attempts a INDEXED BY attempts_live
    {{joins}} WHERE a.state IN ('open', 'claimed') AND a.step IN ({_marks(claimer.steps)})
    AND (a.needs = '' OR a.needs IN ({_marks(claimer.offers)})) AND a.not_before_ms <= ?
    AND (a.affinity IN ('', ?) OR max(a.created_at_ms, a.not_before_ms) <= ?)
    AND (a.state = 'open' OR (a.worker <> ? AND (a.heartbeat_at_ms < ? OR a.deadline_at_ms < ?))) AND {_LEADS}"""
    values = [*claimer.steps, *claimer.offers, now_ms, claimer.loaded, now_ms - AFFINITY_WAIT_MS]
    return where, [*values, claimer.worker, now_ms - ATTEMPT_STALE_MS, now_ms]


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


def live(connection: sqlite3.Connection) -> dict[str, int]:
    """State → how many, of what has not ended."""
    rows = connection.execute("""SELECT state, count(*) FROM attempts INDEXED BY attempts_live
    WHERE state IN ('open', 'claimed') GROUP BY state""")
    return dict(rows.fetchall())


def claimable(connection: sqlite3.Connection, claimer: Claimer, now_ms: int) -> bool:
    if not claimer.steps:
        return False
    where, values = _waiting(claimer, now_ms)
    return connection.execute(f"SELECT 1 {where.format(joins='')} LIMIT 1", values).fetchone() is not None


def claim(connection: sqlite3.Connection, claimer: Claimer, now_ms: int) -> Attempt | None:
    where, values = _waiting(claimer, now_ms)
    query = f"SELECT a.num {where.format(joins=sqlite_shares.JOINS)} ORDER BY {sqlite_shares.ORDER} LIMIT 1"
    found = connection.execute(query, values).fetchone()
    if found is None:
        return None
    row = _attempt(connection.execute(f"SELECT {_COLUMNS} FROM attempts WHERE num = ?", found).fetchone())
    if row.claims >= CLAIMS_MAX:
        return _ended(connection, row, worker_lost(row.claims))
    return _take(connection, row, claimer.worker, now_ms)


def _take(connection: sqlite3.Connection, row: Attempt, worker: str, now_ms: int) -> Attempt:
    charge = sqlite_shares.charge(connection, row)
    rows = connection.execute(
        f"""UPDATE attempts SET state = 'claimed', worker = ?, deadline_at_ms = ? + timeout_ms, heartbeat_at_ms = ?,
        version = version + 1, charge_ms = ?, claims = claims + 1 WHERE id = ? RETURNING {_COLUMNS}""",
        (worker, now_ms, now_ms, charge, row.id),
    ).fetchall()
    return _attempt(rows[0])


def finish_and_claim(
    connection: sqlite3.Connection,
    now_ms: int,
    id: str,
    claimer: Claimer,
    state: AttemptState,
    *,
    result: bytes | None,
    error: bytes | None,
) -> Ended:
    also = finish(connection, now_ms, id, claimer.worker, state, result=result, error=error)
    after = claim(connection, claimer, now_ms) if claimer.steps else None
    return Ended(also is not None, after, also or ())


def _ended(connection: sqlite3.Connection, row: Attempt, error: bytes) -> Attempt:
    rows = connection.execute(
        f"""UPDATE attempts SET state = 'failed', error = ?, version = version + 1 WHERE id = ? RETURNING {_COLUMNS}""",
        (error, row.id),
    ).fetchall()
    return _attempt(rows[0])


def release(connection: sqlite3.Connection, now_ms: int, id: str, worker: str) -> bool:
    row = _held(connection, id, worker)
    if row is None:
        return False
    state = AttemptState.CANCELLED if row.cancel_requested else AttemptState.OPEN
    sqlite_shares.settle(connection, row, state, now_ms)
    connection.execute(
        """UPDATE attempts SET state = ?, worker = NULL, deadline_at_ms = NULL, heartbeat_at_ms = NULL,
        version = version + 1, claims = claims - 1 WHERE id = ?""",
        (str(state), id),
    )
    return True


def _held(connection: sqlite3.Connection, id: str, worker: str) -> Attempt | None:
    row = by_id(connection, id)
    held = row is not None and row.state is AttemptState.CLAIMED and row.worker == worker
    return row if held else None


def beat(
    connection: sqlite3.Connection,
    now_ms: int,
    id: str,
    worker: str,
    *,
    progress: float,
    message: str,
    result: bytes | None,
) -> bool:
    rows = connection.execute(
        """UPDATE attempts SET heartbeat_at_ms = ?, progress = ?, message = ?, result = coalesce(?, result),
        version = version + 1 WHERE id = ? AND worker = ? AND state = 'claimed' RETURNING cancel_requested""",
        (now_ms, progress, message, result, id, worker),
    ).fetchall()
    return bool(rows[0][0]) if rows else True


def finish(
    connection: sqlite3.Connection,
    now_ms: int,
    id: str,
    worker: str,
    state: AttemptState,
    *,
    result: bytes | None,
    error: bytes | None,
) -> tuple[Attempt, ...] | None:
    """Those of its flight that ended with it; None: the claim was lost."""
    row = _held(connection, id, worker)
    if row is None:
        return None
    sqlite_shares.settle(connection, row, state, now_ms)
    connection.execute(
        "UPDATE attempts SET state = ?, result = ?, error = ?, version = version + 1 WHERE id = ?",
        (str(state), result, error, id),
    )
    if not row.flight or state is not AttemptState.DONE:
        return ()
    rows = connection.execute(
        f"""UPDATE attempts SET state = 'done', result = ?, message = ?, version = version + 1
        WHERE flight = ? AND flight <> '' AND state IN ('open', 'claimed') RETURNING {_COLUMNS}""",
        (result, FLOWN + row.job, row.flight),
    ).fetchall()
    return tuple(map(_attempt, rows))


def held_by(connection: sqlite3.Connection, worker: str) -> Attempt | None:
    row = connection.execute(
        f"""SELECT {_COLUMNS} FROM attempts INDEXED BY attempts_live WHERE state IN ('open', 'claimed')
        AND state = 'claimed' AND worker = ? ORDER BY num LIMIT 1""",
        (worker,),
    ).fetchone()
    return _attempt(row) if row else None


def by_id(connection: sqlite3.Connection, id: str) -> Attempt | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM attempts WHERE id = ?", (id,)).fetchone()
    return _attempt(row) if row else None


def of_home(connection: sqlite3.Connection, home: str, job: str | None, open_only: bool) -> list[Attempt]:
    where, values = "home = ?", [home]
    if job is not None:
        where += " AND job = ?"
        values.append(job)
    if open_only:
        where += " AND state IN ('open', 'claimed')"
    rows = connection.execute(f"SELECT {_COLUMNS} FROM attempts WHERE {where} ORDER BY num", values)
    return [_attempt(row) for row in rows]


def _attempt(row: tuple[Any, ...]) -> Attempt:
    values = list(row)
    values[6] = AttemptState(values[6])
    values[16] = bool(values[16])
    return Attempt(*values)
