"""Erasing a deleted home from a PostgreSQL ledger; see `storage.ledger.purging`.

The owner's epoch is looked at first and not held: should another host claim the home meanwhile, what goes is doomed all
the same, and the next call of the old owner is fenced.
"""

from __future__ import annotations

from typing import Any

from storage.ledger import purging
from storage.ledger.errors import Fenced
from storage.ledger.postgres_connect import Connection


async def purge(connection: Connection, home: str, epoch: int, before: int, limit: int) -> int:
    found = await (await connection.execute(_spelt(purging.HEAD), (home,))).fetchone()
    num, found_epoch, seq, owner = found or (0, 0, 0, None)
    if owner is None or found_epoch != epoch:
        raise Fenced(home, epoch, seq, found_epoch, seq)
    kinds = [row[0] for row in await (await connection.execute(_spelt(purging.KINDS))).fetchall()]
    for statement, values in purging.steps(home, num, before, limit, kinds):
        gone = (await connection.execute(_spelt(statement), tuple(values))).rowcount
        if gone:
            return gone
    return 0


def _spelt(statement: str) -> Any:
    return purging.written(statement, "storyforge.", "%s")
