"""Attempt rows in PostgreSQL: compare-and-set claims, heartbeats and endings.

Owns the SQL of the attempts table, but for the rows an append makes. The invariant: a row leaves `claimed` only by the
worker that holds it, or by another worker taking a dead one's claim. Workers skip rows that others are just taking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.ledger import postgres_shares
from storage.ledger.places import QUEUE_ROWS_MAX, Queue
from storage.ledger.postgres_connect import Connection
from storage.ledger.postgres_time import NOW
from storage.ledger.protocol import AFFINITY_WAIT_MS, ATTEMPT_STALE_MS, CLAIMS_MAX, FLOWN, Attempt, AttemptState, Ended
from storage.ledger.rules import worker_lost

_COLUMNS = """id, home, scene, job, step, number, state, request, timeout_ms, priority, created_at_ms, deadline_at_ms,
worker, heartbeat_at_ms, progress, message, cancel_requested, result, error, version, principal, needs,
affinity, not_before_ms, pool, weight, claims, charge_ms, flight"""
FLIGHT_TRIES_MAX = 3
"""Claims in a row that somebody else's of the same flight may undo; then the worker looks later."""

_A_COLUMNS = ", ".join(f"a.{name.strip()}" for name in _COLUMNS.split(","))

CLAIM = f"""WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
best AS MATERIALIZED (
  SELECT a.id, a.created_at_ms, a.pool, a.principal, a.home, {postgres_shares.TAGS}
  FROM storyforge.attempts a {postgres_shares.JOINS}
  WHERE a.state IN ('open', 'claimed') AND a.step = ANY (%(steps)s::text[])
    AND (a.needs = '' OR a.needs = ANY (%(offers)s::text[])) AND a.not_before_ms <= (SELECT now FROM clock)
    AND (a.affinity IN ('', %(loaded)s)
      OR greatest(a.created_at_ms, a.not_before_ms) <= (SELECT now FROM clock) - {AFFINITY_WAIT_MS})
    AND (a.state = 'open' OR (a.worker <> %(worker)s
      AND (a.heartbeat_at_ms < (SELECT now FROM clock) - {ATTEMPT_STALE_MS}
        OR a.deadline_at_ms < (SELECT now FROM clock))))
    AND (a.flight = '' OR (%(flights)s AND (a.state = 'claimed' OR NOT EXISTS (
      SELECT 1 FROM storyforge.attempts b WHERE b.flight = a.flight AND b.flight <> ''
      AND b.state IN ('open', 'claimed') AND b.num <> a.num AND (b.num < a.num OR b.state = 'claimed')))))
  ORDER BY {postgres_shares.ORDER} LIMIT 1 FOR UPDATE OF a SKIP LOCKED),
charged AS ({postgres_shares.CHARGE})
UPDATE storyforge.attempts a SET version = a.version + 1,
  state = CASE WHEN best.over THEN 'failed' ELSE 'claimed' END,
  error = CASE WHEN best.over THEN %(lost)s::bytea ELSE a.error END,
  worker = CASE WHEN best.over THEN a.worker ELSE %(worker)s END,
  deadline_at_ms = CASE WHEN best.over THEN a.deadline_at_ms ELSE clock.now + a.timeout_ms END,
  heartbeat_at_ms = CASE WHEN best.over THEN a.heartbeat_at_ms ELSE clock.now END,
  charge_ms = best.cost_ms, claims = CASE WHEN best.over THEN a.claims ELSE a.claims + 1 END
FROM best, clock WHERE a.id = best.id AND a.created_at_ms = best.created_at_ms
RETURNING {_A_COLUMNS}"""

_HELD = """a.id = %(id)s AND a.worker = %(worker)s AND a.state = 'claimed'"""
_SETTLED = f"""WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
held AS MATERIALIZED (
  SELECT {postgres_shares.HELD} FROM storyforge.attempts a, clock WHERE {_HELD} FOR UPDATE OF a),
settled AS ({postgres_shares.SETTLE})"""

FINISH = f"""{_SETTLED}, measured AS ({postgres_shares.MEASURE})
UPDATE storyforge.attempts a SET state = %(state)s, result = %(result)s, error = %(error)s, version = a.version + 1
FROM held WHERE a.id = held.id AND a.created_at_ms = held.created_at_ms RETURNING a.job, a.flight"""

FLY = f"""UPDATE storyforge.attempts a SET state = 'done', result = %(result)s, message = %(message)s,
version = a.version + 1 WHERE a.flight = %(flight)s AND a.flight <> '' AND a.state IN ('open', 'claimed')
RETURNING {_A_COLUMNS}"""

RELEASE = f"""{_SETTLED}
UPDATE storyforge.attempts a SET state = CASE WHEN a.cancel_requested THEN 'cancelled' ELSE 'open' END, worker = NULL,
deadline_at_ms = NULL, heartbeat_at_ms = NULL, version = a.version + 1, claims = a.claims - 1
FROM held WHERE a.id = held.id AND a.created_at_ms = held.created_at_ms"""


async def claim(
    connection: Connection, worker: str, steps: Sequence[str], offers: Sequence[str], loaded: str, now: int | None
) -> Attempt | None:
    if not steps:
        return None
    asked = {"worker": worker, "steps": list(steps), "offers": list(offers), "loaded": loaded, "flights": True}
    for _ in range(FLIGHT_TRIES_MAX):
        row = await _one(connection, CLAIM, {"now": now, "lost": worker_lost(CLAIMS_MAX), **asked})
        if (
            row is None
            or not row.flight
            or row.state is not AttemptState.CLAIMED
            or await _flies_alone(connection, row)
        ):
            return row
        await release(connection, row.id, worker, now)
    return None


async def _flies_alone(connection: Connection, row: Attempt) -> bool:
    """Two claims of one flight at the same moment do not see each other. Each looks again once it is committed, so at
    least one sees the other; whoever does gives its own back."""
    query = """SELECT 1 FROM storyforge.attempts b WHERE b.flight = %(flight)s AND b.flight <> ''
    AND b.state IN ('open', 'claimed') AND b.state = 'claimed' AND b.id <> %(id)s LIMIT 1"""
    found = await connection.execute(query, {"flight": row.flight, "id": row.id})
    return await found.fetchone() is None


async def release(connection: Connection, id: str, worker: str, now: int | None) -> bool:
    cursor = await connection.execute(RELEASE, {"now": now, "id": id, "worker": worker})
    return cursor.rowcount == 1


QUEUE = f"""{postgres_shares.QUEUE} FROM storyforge.attempts a {postgres_shares.JOINS}
WHERE a.state IN ('open', 'claimed') ORDER BY a.num LIMIT {QUEUE_ROWS_MAX}"""


async def queue(connection: Connection, now: int | None) -> Queue:
    rows = await (await connection.execute(QUEUE)).fetchall()
    clock = await (await connection.execute(f"SELECT {NOW}", {"now": now})).fetchone()
    rates = await (await connection.execute("SELECT step, needs, mean_ms FROM storyforge.rates")).fetchall()
    assert clock is not None
    found = [postgres_shares.waiting(row) for row in rows]
    return Queue(int(clock[0]), found, {(str(step), str(needs)): int(mean) for step, needs, mean in rates})


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
    connection: Connection,
    now: int | None,
    id: str,
    worker: str,
    state: AttemptState,
    *,
    result: bytes | None,
    error: bytes | None,
) -> bool:
    end = Ending(id, worker, state, result, error)
    async with connection.transaction():
        return await _finish(connection, now, end) is not None


@dataclass(frozen=True, slots=True)
class Ending:
    id: str
    worker: str
    state: AttemptState
    result: bytes | None
    error: bytes | None


async def finish_and_claim(
    connection: Connection, now: int | None, end: Ending, steps: Sequence[str], offers: Sequence[str], loaded: str
) -> Ended:
    """Statements of one transaction: the claim sees the shares as the end left them. Within a flight it claims anew
    after the commit, see `_flies_alone`."""
    async with connection.transaction():
        also = await _finish(connection, now, end)
        asked = {"worker": end.worker, "steps": list(steps), "offers": list(offers), "loaded": loaded}
        values = {"now": now, "lost": worker_lost(CLAIMS_MAX), "flights": False, **asked}
        row = await _one(connection, CLAIM, values) if steps else None
    if row is None:
        row = await claim(connection, end.worker, steps, offers, loaded, now)
    return Ended(also is not None, row, also or ())


async def _finish(connection: Connection, now: int | None, end: Ending) -> tuple[Attempt, ...] | None:
    """Inside a transaction. Those of its flight that ended with it; None: the claim was lost."""
    values = {"id": end.id, "worker": end.worker, "state": str(end.state), "result": end.result, "error": end.error}
    ended = await (await connection.execute(FINISH, {"now": now, **values})).fetchone()
    if ended is None:
        return None
    job, flight = ended
    if not flight or end.state is not AttemptState.DONE:
        return ()
    told = {"flight": flight, "result": end.result, "message": FLOWN + job}
    rows = await (await connection.execute(FLY, told, binary=True)).fetchall()
    return tuple(_attempt(row) for row in rows)


async def held_by(connection: Connection, worker: str) -> Attempt | None:
    query = f"""SELECT {_COLUMNS} FROM storyforge.attempts
    WHERE state = 'claimed' AND state IN ('open', 'claimed') AND worker = %(worker)s ORDER BY num LIMIT 1"""
    return await _one(connection, query, {"worker": worker})


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
