"""Shares and rates of the fair queue in PostgreSQL: pieces of the statements that claim, end and release.

The rules are `storage.ledger.fairness`'s. The invariant: shares are written in the order of their keys, after the
attempt's own row, so claims and ends never wait for each other in a circle; and by differences, so that two claims at
once of one person are both charged.
"""

from __future__ import annotations

from typing import Any

from storage.ledger.fairness import COST_MS_DEFAULT, COST_MS_MAX, EVEN_TURN, POOL, RATE_PART, Share
from storage.ledger.places import Waiting
from storage.ledger.postgres_connect import Connection
from storage.ledger.protocol import CLAIMS_MAX

JOINS = f"""LEFT JOIN storyforge.shares v ON v.pool = a.pool AND v.principal = '{POOL}' AND v.home = ''
  LEFT JOIN storyforge.shares u ON u.pool = a.pool AND u.principal = a.principal AND u.home = ''
  LEFT JOIN storyforge.shares h ON h.pool = a.pool AND h.principal = a.principal AND h.home = a.home
  LEFT JOIN storyforge.rates r ON r.step = a.step AND r.needs = a.needs"""
"""Pool, person, project and rate of an attempt `a`."""

_START = "greatest(coalesce(u.vtime_ms, 0), coalesce(v.vtime_ms, 0))"
_INNER = "greatest(coalesce(h.vtime_ms, 0), coalesce(u.inner_ms, 0))"

TAGS = f"""{_START} AS start_ms, {_INNER} AS inner_ms, a.claims > 0 AS again, a.claims >= {CLAIMS_MAX} AS over,
  greatest(a.weight, 1) AS weight,
  CASE WHEN a.claims > 0 THEN a.charge_ms ELSE coalesce(r.mean_ms, {COST_MS_DEFAULT}) END AS cost_ms"""

ORDER = f"""CASE WHEN coalesce(v.turns, 0) %% {EVEN_TURN} = {EVEN_TURN - 1} THEN least(0, a.priority)
  ELSE a.priority END DESC,
  {_START} - coalesce(v.vtime_ms, 0), {_INNER} - coalesce(u.inner_ms, 0), a.num"""

CHARGE = f"""INSERT INTO storyforge.shares (pool, principal, home, vtime_ms, inner_ms, turns, charge_ms)
  SELECT b.pool, k.principal, k.home, k.vtime_ms, k.inner_ms, k.turns, k.charge_ms
  FROM best b CROSS JOIN LATERAL (VALUES
    ('{POOL}', '', b.start_ms, 0::bigint, 1::bigint, 0::bigint),
    (b.principal, '', b.start_ms + b.cost_ms * 100 / b.weight, b.inner_ms, 0, b.cost_ms * 100 / b.weight),
    (b.principal, b.home, b.inner_ms + b.cost_ms * 100 / b.weight, 0, 0, b.cost_ms * 100 / b.weight)
  ) AS k (principal, home, vtime_ms, inner_ms, turns, charge_ms)
  WHERE NOT b.again ORDER BY k.principal, k.home
  ON CONFLICT (pool, principal, home) DO UPDATE SET inner_ms = greatest(shares.inner_ms, excluded.inner_ms),
  vtime_ms = greatest(shares.vtime_ms, excluded.vtime_ms - excluded.charge_ms) + excluded.charge_ms,
  turns = shares.turns + excluded.turns, charge_ms = excluded.charge_ms"""
"""`charge_ms` carries the difference to the conflict; it means nothing afterwards."""

QUEUE = """SELECT a.id, a.pool, a.principal, a.home, a.step, a.needs, a.priority, a.weight,
  a.deadline_at_ms - a.timeout_ms, a.not_before_ms,
  coalesce(v.vtime_ms, 0), coalesce(v.inner_ms, 0), coalesce(v.turns, 0),
  coalesce(u.vtime_ms, 0), coalesce(u.inner_ms, 0), coalesce(u.turns, 0),
  coalesce(h.vtime_ms, 0), coalesce(h.inner_ms, 0), coalesce(h.turns, 0)"""
"""Columns of `Waiting`; the last nine are its three shares."""


def waiting(row: tuple[Any, ...]) -> Waiting:
    shares = (Share(*row[at : at + 3]) for at in (10, 13, 16))
    return Waiting(*row[:10], *shares)


HELD = f"""a.id, a.created_at_ms, a.pool, a.principal, a.home, a.step, a.needs, a.weight, a.charge_ms,
  least(greatest(0, clock.now - a.deadline_at_ms + a.timeout_ms), {COST_MS_MAX}) AS took_ms"""

SETTLE = """UPDATE storyforge.shares s SET vtime_ms = s.vtime_ms
    + held.took_ms * 100 / greatest(held.weight, 1) - held.charge_ms * 100 / greatest(held.weight, 1)
  FROM held WHERE (s.pool, s.principal, s.home) IN (
    SELECT t.pool, t.principal, t.home FROM storyforge.shares t
    WHERE t.pool = held.pool AND t.principal = held.principal AND t.home IN ('', held.home)
    ORDER BY t.principal, t.home FOR UPDATE)"""

_PART = f"least(rates.seen + 1, {RATE_PART})"
MEASURE = f"""INSERT INTO storyforge.rates (step, needs, mean_ms, seen)
  SELECT held.step, held.needs, held.took_ms, 1 FROM held WHERE %(state)s = 'done'
  ON CONFLICT (step, needs) DO UPDATE SET seen = rates.seen + 1,
  mean_ms = (rates.mean_ms * ({_PART} - 1) + excluded.mean_ms) / {_PART}"""

_LIVE = """SELECT 1 FROM storyforge.attempts a WHERE a.state IN ('open', 'claimed')
      AND a.pool = s.pool AND a.principal = s.principal"""

_PRUNE = """DELETE FROM storyforge.shares d USING (SELECT s.pool, s.principal, s.home FROM storyforge.shares s
    WHERE {what} ORDER BY s.pool, s.principal, s.home FOR UPDATE OF s SKIP LOCKED) old
  WHERE d.pool = old.pool AND d.principal = old.principal AND d.home = old.home"""

PRUNE = (
    _PRUNE.format(
        what=f"""s.home <> '' AND s.vtime_ms <= (SELECT u.inner_ms FROM storyforge.shares u
      WHERE u.pool = s.pool AND u.principal = s.principal AND u.home = '')
    AND NOT EXISTS ({_LIVE} AND a.home = s.home)"""
    ),
    _PRUNE.format(
        what=f"""s.principal <> '{POOL}' AND EXISTS (SELECT 1 FROM storyforge.shares u JOIN storyforge.shares v
      ON v.pool = u.pool AND v.principal = '{POOL}' AND v.home = '' AND u.vtime_ms <= v.vtime_ms
      WHERE u.pool = s.pool AND u.principal = s.principal AND u.home = '') AND NOT EXISTS ({_LIVE})"""
    ),
)
"""What says nothing any more (`storage.ledger.fairness`): projects behind their person's time, then idle people behind
the pool's, with the rest of their projects. Rows that a claim holds are left for the next time."""


async def prune(connection: Connection) -> int:
    """How many went."""
    return sum([(await connection.execute(statement)).rowcount for statement in PRUNE])
