"""How archived rows leave a SQLite ledger.

Owns that one statement and its conditions. The invariant: rows go only under the owner's epoch, only while their chunk
is in the list, lowest first and with nothing before them left: so what is left is always one run up to the head.
"""

from __future__ import annotations

from storage.ledger.archive import ARCHIVE, Chunk
from storage.ledger.errors import Conflict, Fenced
from storage.ledger.sqlite_transaction import Transaction


def trim(transaction: Transaction, chunk: Chunk, epoch: int, limit: int) -> int:
    """See `storage.ledger.archive.Trims`."""
    connection = transaction.connection
    home = connection.execute(
        "SELECT num, epoch, seq, owner_id FROM homes WHERE name = ?", (chunk.home,)
    ).fetchone() or (0, 0, 0, None)
    num, found_epoch, seq, owner = home
    if owner is None or found_epoch != epoch:
        raise Fenced(chunk.home, epoch, seq, found_epoch, seq)
    listed = connection.execute("SELECT 1 FROM views WHERE kind = ? AND id = ?", (ARCHIVE, chunk.id)).fetchone()
    before = connection.execute(
        "SELECT 1 FROM events WHERE home = ? AND seq < ? LIMIT 1", (num, chunk.first)
    ).fetchone()
    if listed is None or before is not None:
        raise Conflict(chunk.home, "archive")
    return connection.execute(
        """DELETE FROM events WHERE home = ? AND seq >= ? AND seq <= min(?, ? + (
          SELECT min(seq) FROM events WHERE home = ? AND seq >= ?) - 1)""",
        (num, chunk.first, chunk.last, limit, num, chunk.first),
    ).rowcount
