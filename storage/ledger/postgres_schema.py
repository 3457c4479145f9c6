"""How a PostgreSQL database gets its schema.

Owns the schema `storyforge` and its table `schema_steps`; other schemas of the database are never touched. The
invariant: of processes that start at once one migrates, under an advisory lock of its transaction (which a pooler in
transaction mode keeps); each step commits whole. The steps are in `storage.ledger.migrations`.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from storage.ledger.errors import SchemaMismatch, Unavailable
from storage.ledger.migrations import STEPS, Found, Step, missing
from storage.ledger.postgres_connect import Connection, told

MIGRATION_LOCK = 0x53464C31  # "SFL1"

STEPS_TABLE = """CREATE TABLE IF NOT EXISTS storyforge.schema_steps (
  number bigint PRIMARY KEY, what text NOT NULL, beside bigint NOT NULL, at timestamptz NOT NULL DEFAULT now()
)"""


async def ensure_schema(connection: Connection, where: str, steps: Sequence[Step] = STEPS) -> None:
    """Run the steps that the database lacks. Raises `SchemaMismatch`, `Unavailable` (no right to create)."""
    try:
        while missing(await _found(connection, where, steps), steps, where):
            await _one_step(connection, where, steps)
    except psycopg.Error as error:
        raise Unavailable(f"{where}: {told(error)}") from error


async def _one_step(connection: Connection, where: str, steps: Sequence[Step]) -> None:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        left = missing(await _found(connection, where, steps), steps, where)
        if not left:
            return  # another process did it while we waited
        await connection.execute("CREATE SCHEMA IF NOT EXISTS storyforge")
        await connection.execute(STEPS_TABLE)
        step = left[0]
        for statement in step.postgres:
            await connection.execute(statement)
        await connection.execute(
            "INSERT INTO storyforge.schema_steps (number, what, beside) VALUES (%s, %s, %s)",
            (step.number, step.what, step.beside),
        )


async def _found(connection: Connection, where: str, steps: Sequence[Step]) -> Found:
    tables = await (
        await connection.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace('storyforge')"
        )
    ).fetchall()
    if not tables:
        return Found(0, 0)
    if ("schema_steps",) not in tables:
        raise SchemaMismatch(where, 0, steps[-1].number)
    row = await (
        await connection.execute(
            "SELECT coalesce(max(number), 0), coalesce(max(beside), 0) FROM storyforge.schema_steps"
        )
    ).fetchone()
    assert row is not None
    return Found(int(row[0]), int(row[1]))
