"""Shares and rates of the fair queue in SQLite: the order of claims as SQL, and what a claim and an end change.

The rules are `storage.ledger.fairness`'s. Called inside the transaction of the claim or the end.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from storage.ledger.fairness import (
    COST_MS_DEFAULT,
    EVEN_TURN,
    NOTHING,
    POOL,
    Share,
    charged,
    mean_after,
    price_ms,
    took_ms,
    turn,
)
from storage.ledger.places import QUEUE_ROWS_MAX, Queue, Waiting
from storage.ledger.protocol import Attempt, AttemptState

JOINS = f"""LEFT JOIN shares v ON v.pool = a.pool AND v.principal = '{POOL}' AND v.home = ''
LEFT JOIN shares u ON u.pool = a.pool AND u.principal = a.principal AND u.home = ''
LEFT JOIN shares h ON h.pool = a.pool AND h.principal = a.principal AND h.home = a.home"""
"""Pool, person and project of an attempt `a`."""

ORDER = f"""CASE WHEN coalesce(v.turns, 0) % {EVEN_TURN} = {EVEN_TURN - 1} THEN min(0, a.priority)
ELSE a.priority END DESC,
max(coalesce(u.vtime_ms, 0), coalesce(v.vtime_ms, 0)) - coalesce(v.vtime_ms, 0),
max(coalesce(h.vtime_ms, 0), coalesce(u.inner_ms, 0)) - coalesce(u.inner_ms, 0), a.num"""


QUEUE = """SELECT a.id, a.pool, a.principal, a.home, a.step, a.needs, a.priority, a.weight,
a.deadline_at_ms - a.timeout_ms, a.not_before_ms,
coalesce(v.vtime_ms, 0), coalesce(v.inner_ms, 0), coalesce(v.turns, 0),
coalesce(u.vtime_ms, 0), coalesce(u.inner_ms, 0), coalesce(u.turns, 0),
coalesce(h.vtime_ms, 0), coalesce(h.inner_ms, 0), coalesce(h.turns, 0)"""
"""Columns of `Waiting`; the last nine are its three shares."""


def waiting(row: tuple[Any, ...]) -> Waiting:
    shares = (Share(*row[at : at + 3]) for at in (10, 13, 16))
    return Waiting(*row[:10], *shares)


def queue(connection: sqlite3.Connection, now_ms: int) -> Queue:
    rows = connection.execute(
        f"""{QUEUE} FROM attempts a INDEXED BY attempts_live {JOINS}
        WHERE a.state IN ('open', 'claimed') ORDER BY a.num LIMIT {QUEUE_ROWS_MAX}"""
    ).fetchall()
    rates = connection.execute("SELECT step, needs, mean_ms FROM rates").fetchall()
    return Queue(now_ms, [waiting(row) for row in rows], {(step, needs): mean for step, needs, mean in rates})


def _share(connection: sqlite3.Connection, key: tuple[str, str, str]) -> Share:
    row = connection.execute(
        "SELECT vtime_ms, inner_ms, turns FROM shares WHERE pool = ? AND principal = ? AND home = ?", key
    ).fetchone()
    return Share(*row) if row else NOTHING


def _put(connection: sqlite3.Connection, key: tuple[str, str, str], share: Share) -> None:
    connection.execute(
        """INSERT INTO shares (pool, principal, home, vtime_ms, inner_ms, turns) VALUES (?,?,?,?,?,?)
        ON CONFLICT (pool, principal, home) DO UPDATE SET vtime_ms = excluded.vtime_ms, inner_ms = excluded.inner_ms,
        turns = excluded.turns""",
        (*key, share.vtime_ms, share.inner_ms, share.turns),
    )


def charge(connection: sqlite3.Connection, row: Attempt) -> int:
    """Count the claim of a row; what it is charged, unweighted. One that was claimed before has been charged."""
    if row.claims:
        return row.charge_ms
    rate = connection.execute(
        "SELECT mean_ms FROM rates WHERE step = ? AND needs = ?", (row.step, row.needs)
    ).fetchone()
    cost = int(rate[0]) if rate else COST_MS_DEFAULT
    keys = ((row.pool, POOL, ""), (row.pool, row.user, ""), (row.pool, row.user, row.home))
    pool, person, home = (_share(connection, key) for key in keys)
    at, price = turn(row.priority, pool, person, home), price_ms(cost, row.weight)
    _put(connection, keys[0], Share(max(pool.vtime_ms, at.start_ms), 0, pool.turns + 1))
    inner_ms = max(person.inner_ms, at.inner_ms)
    _put(connection, keys[1], replace(charged(person, at.start_ms, price), inner_ms=inner_ms))
    _put(connection, keys[2], charged(home, at.inner_ms, price))
    return cost


def settle(connection: sqlite3.Connection, row: Attempt, state: AttemptState, now_ms: int) -> None:
    """A claimed row ends, or is given back: what it took is what was used."""
    took = took_ms(now_ms, row.deadline_at_ms, row.timeout_ms)
    more = price_ms(took, row.weight) - price_ms(row.charge_ms, row.weight)
    connection.execute(
        "UPDATE shares SET vtime_ms = vtime_ms + ? WHERE pool = ? AND principal = ? AND home IN ('', ?)",
        (more, row.pool, row.user, row.home),
    )
    if state is AttemptState.DONE:
        key = (row.step, row.needs)
        rate = connection.execute("SELECT mean_ms, seen FROM rates WHERE step = ? AND needs = ?", key).fetchone()
        mean, seen = rate or (0, 0)
        connection.execute(
            """INSERT INTO rates (step, needs, mean_ms, seen) VALUES (?,?,?,?)
            ON CONFLICT (step, needs) DO UPDATE SET mean_ms = excluded.mean_ms, seen = excluded.seen""",
            (*key, mean_after(mean, seen, took), seen + 1),
        )


PRUNE = (
    """DELETE FROM shares WHERE home <> '' AND vtime_ms <= (SELECT u.inner_ms FROM shares u
      WHERE u.pool = shares.pool AND u.principal = shares.principal AND u.home = '')
    AND NOT EXISTS (SELECT 1 FROM attempts a INDEXED BY attempts_live WHERE a.state IN ('open', 'claimed')
      AND a.pool = shares.pool AND a.principal = shares.principal AND a.home = shares.home)""",
    f"""DELETE FROM shares WHERE principal <> '{POOL}' AND EXISTS (SELECT 1 FROM shares u
      JOIN shares v ON v.pool = u.pool AND v.principal = '{POOL}' AND v.home = '' AND u.vtime_ms <= v.vtime_ms
      WHERE u.pool = shares.pool AND u.principal = shares.principal AND u.home = '')
    AND NOT EXISTS (SELECT 1 FROM attempts a INDEXED BY attempts_live WHERE a.state IN ('open', 'claimed')
      AND a.pool = shares.pool AND a.principal = shares.principal)""",
)
"""What says nothing any more (`storage.ledger.fairness`): projects behind their person's time, then idle people behind
the pool's, with the rest of their projects."""


def prune(connection: sqlite3.Connection) -> int:
    """How many went."""
    return sum(connection.execute(statement).rowcount for statement in PRUNE)
