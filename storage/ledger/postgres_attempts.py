"""Attempt rows in PostgreSQL: compare-and-set claims, heartbeats and endings.

Owns the SQL of the attempts table, but for the rows an append makes. The invariant: a row leaves `claimed` only by the
worker that holds it, or by another worker taking a dead one's claim. Workers skip rows that others are just taking.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storage.ledger.postgres_connect import Connection
from storage.ledger.postgres_time import NOW
from storage.ledger.protocol import ATTEMPT_STALE_MS, Attempt, AttemptState

_COLUMNS = """id, home, scene, job, step, number, state, request, timeout_ms, priority, created_at_ms, deadline_at_ms,
worker, heartbeat_at_ms, progress, message, cancel_requested, result, error, version"""

CLAIM = f"""WITH clock AS MATERIALIZED (SELECT {NOW} AS now)
UPDATE storyforge.attempts SET state = 'claimed', worker = %(worker)s, deadline_at_ms = clock.now + timeout_ms,
heartbeat_at_ms = clock.now, version = version + 1 FROM clock
WHERE id = (
  SELECT id FROM storyforge.attempts
  WHERE state IN ('open', 'claimed') AND step = ANY (%(steps)s::text[]) AND (state = 'open' OR (worker <> %(worker)s
    AND (heartbeat_at_ms < (SELECT now FROM clock) - {ATTEMPT_STALE_MS} OR deadline_at_ms < (SELECT now FROM clock))))
  ORDER BY priority DESC, num LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}"""


async def claim(connection: Connection, worker: str, steps: Sequence[str], now: int | None) -> Attempt | None:
    if not steps:
        return None
    return await _one(connection, CLAIM, {"now": now, "worker": worker, "steps": list(steps)})


async def live(connection: Connection) -> dict[str, int]:
    """State → how many, of what has not ended."""
    query = """SELECT state, count(*) FROM storyforge.attempts WHERE state IN ('open', 'claimed') GROUP BY state"""
    return {str(state): int(count) for state, count in await (await connection.execute(query)).fetchall()}


async def beat(
    connection: Connection,
    now: int | None,
    id: str,
    worker: str,
    *,
    progress: float,
    message: str,
    result: bytes | None,
) -> bool:
    cursor = await connection.execute(
        f"""UPDATE storyforge.attempts SET heartbeat_at_ms = {NOW}, progress = %(progress)s, message = %(message)s,
        result = coalesce(%(result)s::bytea, result), version = version + 1
        WHERE id = %(id)s AND worker = %(worker)s AND state = 'claimed' RETURNING cancel_requested""",
        {"now": now, "id": id, "worker": worker, "progress": progress, "message": message, "result": result},
    )
    row = await cursor.fetchone()
    return bool(row[0]) if row else True


async def finish(
    connection: Connection, id: str, worker: str, state: AttemptState, *, result: bytes | None, error: bytes | None
) -> bool:
    cursor = await connection.execute(
        """UPDATE storyforge.attempts SET state = %s, result = %s, error = %s, version = version + 1
        WHERE id = %s AND worker = %s AND state = 'claimed'""",
        (str(state), result, error, id, worker),
    )
    return cursor.rowcount == 1


async def by_id(connection: Connection, id: str) -> Attempt | None:
    return await _one(connection, f"SELECT {_COLUMNS} FROM storyforge.attempts WHERE id = %(id)s", {"id": id})


async def of_home(connection: Connection, home: str, job: str | None, open_only: bool) -> list[Attempt]:
    where, values = "home = %s", [home]
    if job is not None:
        where += " AND job = %s"
        values.append(job)
    if open_only:
        where += " AND state IN ('open', 'claimed')"
    query = f"SELECT {_COLUMNS} FROM storyforge.attempts WHERE {where} ORDER BY num"
    cursor = await connection.execute(query, values, binary=True)
    return [_attempt(row) for row in await cursor.fetchall()]


async def _one(connection: Connection, query: str, values: dict[str, Any]) -> Attempt | None:
    row = await (await connection.execute(query, values, binary=True)).fetchone()
    return _attempt(row) if row else None


def _attempt(row: tuple[Any, ...]) -> Attempt:
    values = list(row)
    values[6] = AttemptState(values[6])
    return Attempt(*values)
