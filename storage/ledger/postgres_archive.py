"""How archived rows leave a PostgreSQL ledger.

Owns that one statement and its conditions. The invariant: rows go only while their chunk is in the list, lowest first
and with nothing before them left. The owner's epoch is looked at first and not held: should another host claim the home
meanwhile, the rows that go are listed all the same.
"""

from __future__ import annotations

from storage.ledger.archive import ARCHIVE, Chunk
from storage.ledger.errors import Conflict, Fenced
from storage.ledger.postgres_connect import Connection


async def trim(connection: Connection, chunk: Chunk, epoch: int, limit: int) -> int:
    """See `storage.ledger.archive.Trims`."""
    found = await (
        await connection.execute(
            "SELECT num, epoch, seq, owner_id IS NOT NULL FROM storyforge.homes WHERE name = %s", (chunk.home,)
        )
    ).fetchone()
    num, found_epoch, seq, owned = found or (0, 0, 0, False)
    if not owned or found_epoch != epoch:
        raise Fenced(chunk.home, epoch, seq, found_epoch, seq)
    may = await (
        await connection.execute(
            """SELECT EXISTS (SELECT 1 FROM storyforge.views WHERE kind = %s AND id = %s)
            AND NOT EXISTS (SELECT 1 FROM storyforge.events WHERE home = %s AND seq < %s)""",
            (ARCHIVE, chunk.id, num, chunk.first),
        )
    ).fetchone()
    if may is None or not may[0]:
        raise Conflict(chunk.home, "archive")
    gone = await connection.execute(
        """DELETE FROM storyforge.events WHERE home = %s AND seq >= %s AND seq <= least(%s, %s + (
          SELECT min(seq) FROM storyforge.events WHERE home = %s AND seq >= %s) - 1)""",
        (num, chunk.first, chunk.last, limit, num, chunk.first),
    )
    return gone.rowcount
