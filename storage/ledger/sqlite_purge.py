"""Erasing a deleted home from a SQLite ledger; see `storage.ledger.purging`."""

from __future__ import annotations

from storage.ledger import purging
from storage.ledger.errors import Fenced
from storage.ledger.sqlite_transaction import Transaction


def purge(transaction: Transaction, home: str, epoch: int, before: int, limit: int) -> int:
    db = transaction.connection
    found = db.execute(_spelt(purging.HEAD), (home,)).fetchone()
    num, found_epoch, seq, owner = found or (0, 0, 0, None)
    if owner is None or found_epoch != epoch:
        raise Fenced(home, epoch, seq, found_epoch, seq)
    kinds = [row[0] for row in db.execute(_spelt(purging.KINDS))]
    for statement, values in purging.steps(home, num, before, limit, kinds):
        gone = db.execute(_spelt(statement), tuple(values)).rowcount
        if gone:
            return gone
    return 0


def _spelt(statement: str) -> str:
    return purging.written(statement, "", "?")
