"""Attempt rows in SQLite: compare-and-set claims, heartbeats and endings.

Owns the SQL of the attempts table. The invariant: a row leaves `claimed` only by the worker that holds it, or by
another worker taking a dead one's claim.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from storage.ledger.protocol import ATTEMPT_STALE_MS, Attempt, AttemptState, NewAttempt

_COLUMNS = """id, home, scene, job, step, number, state, request, timeout_ms, priority, created_at_ms, deadline_at_ms,
worker, heartbeat_at_ms, progress, message, cancel_requested, result, error, version"""


def insert(connection: sqlite3.Connection, new: NewAttempt, now_ms: int) -> None:
    connection.execute(
        f"""INSERT INTO attempts ({_COLUMNS})
        VALUES (?,?,?,?,?,?,'open',?,?,?,?,NULL,NULL,NULL,0.0,'',0,NULL,NULL,1)""",
        (new.id, new.home, new.scene, new.job, new.step, new.number, new.request, new.timeout_ms, new.priority, now_ms),
    )


def cancel(connection: sqlite3.Connection, home: str, id: str) -> None:
    connection.execute(
        """UPDATE attempts SET cancel_requested = 1, version = version + 1,
        state = CASE state WHEN 'open' THEN 'cancelled' ELSE state END
        WHERE id = ? AND home = ? AND state IN ('open', 'claimed')""",
        (id, home),
    )


def _candidate(worker: str, steps: Sequence[str], now_ms: int) -> tuple[str, list[Any]]:
    where = f"""SELECT num FROM attempts INDEXED BY attempts_live
    WHERE state IN ('open', 'claimed') AND step IN ({",".join("?" * len(steps))})
    AND (state = 'open' OR (worker <> ? AND (heartbeat_at_ms < ? OR deadline_at_ms < ?)))
    ORDER BY priority DESC, num LIMIT 1"""
    return where, [*steps, worker, now_ms - ATTEMPT_STALE_MS, now_ms]


def live(connection: sqlite3.Connection) -> dict[str, int]:
    """State → how many, of what has not ended."""
    rows = connection.execute("""SELECT state, count(*) FROM attempts INDEXED BY attempts_live
    WHERE state IN ('open', 'claimed') GROUP BY state""")
    return dict(rows.fetchall())


def claimable(connection: sqlite3.Connection, worker: str, steps: Sequence[str], now_ms: int) -> bool:
    if not steps:
        return False
    query, values = _candidate(worker, steps, now_ms)
    return connection.execute(query, values).fetchone() is not None


def claim(connection: sqlite3.Connection, worker: str, steps: Sequence[str], now_ms: int) -> Attempt | None:
    query, values = _candidate(worker, steps, now_ms)
    rows = connection.execute(
        f"""UPDATE attempts SET state = 'claimed', worker = ?, deadline_at_ms = ? + timeout_ms, heartbeat_at_ms = ?,
        version = version + 1 WHERE num = ({query}) RETURNING {_COLUMNS}""",
        [worker, now_ms, now_ms, *values],
    ).fetchall()
    return _attempt(rows[0]) if rows else None


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
    id: str,
    worker: str,
    state: AttemptState,
    *,
    result: bytes | None,
    error: bytes | None,
) -> bool:
    changed = connection.execute(
        """UPDATE attempts SET state = ?, result = ?, error = ?, version = version + 1
        WHERE id = ? AND worker = ? AND state = 'claimed'""",
        (str(state), result, error, id, worker),
    ).rowcount
    return changed == 1


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
