"""Months of events and attempts, made ahead of time.

Owns the partitions. The invariant: a row never waits for its month: the default partition takes what has none, and a
month that already has rows there stays there. Made at open and every `UPKEEP_S` after; of many processes one makes
them, and none waits longer than `LOCK_MS_MAX` for a table that others use.
"""

from __future__ import annotations

import itertools
import logging
from datetime import UTC, datetime

import psycopg

from storage.ledger.postgres_connect import Connection, told
from storage.ledger.postgres_schema import MIGRATION_LOCK

log = logging.getLogger(__name__)

MONTHS_AHEAD = 3
"""Beyond the current one. A database nobody opens for longer falls back to the default partition."""

UPKEEP_S = 6 * 3600.0
LOCK_MS_MAX = 1000
"""Lower: a busy table keeps its months from being made; higher: appends stand behind the waiting lock."""

TABLES = {"events": "at_ms", "attempts": "created_at_ms"}


def months(now_ms: int) -> list[tuple[str, int, int]]:
    """(suffix, first millisecond, first of the next) of this month and those ahead, in UTC."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    first = at.year * 12 + at.month - 1
    starts = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(first, first + MONTHS_AHEAD + 2)]
    return [
        (f"{begin:%Y_%m}", int(begin.timestamp()) * 1000, int(end.timestamp()) * 1000)
        for begin, end in itertools.pairwise(starts)
    ]


async def ensure_partitions(connection: Connection, now_ms: int) -> int:
    """Make what is missing; the number made. Never raises for a month that cannot be made: the default serves it."""
    rows = await (
        await connection.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace('storyforge')"
        )
    ).fetchall()
    there = {row[0] for row in rows}
    made = 0
    for suffix, begin, end in months(now_ms):
        for table in TABLES:
            if f"{table}_{suffix}" not in there:
                made += await _make(connection, table, f"{table}_{suffix}", begin, end)
    return made


async def _make(connection: Connection, table: str, name: str, begin: int, end: int) -> bool:
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MS_MAX}")
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
            if (await (await connection.execute("SELECT to_regclass(%s)", (f"storyforge.{name}",))).fetchone()) != (
                None,
            ):
                return False
            await connection.execute(  # made apart and attached: creating it in place would lock the whole table
                f"CREATE TABLE storyforge.{name} (LIKE storyforge.{table} INCLUDING ALL)"
            )
            await connection.execute(
                f"ALTER TABLE storyforge.{table} ATTACH PARTITION storyforge.{name} "
                f"FOR VALUES FROM ({begin}) TO ({end})"
            )
    except psycopg.Error as error:
        log.warning("a month has no partition of its own", extra={"table": name, "error": told(error)})
        return False
    return True
