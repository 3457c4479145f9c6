"""What the writer does inside one SQLite transaction: appends and snapshots (ownership: `sqlite_ownership`).

Owns the SQL of writes to homes. The invariant: the conditional UPDATE of the head comes first, so a fenced append has
changed nothing when it is refused. Rows of all appends of a batch are inserted together by `flush`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from storage.ledger import sqlite_attempts
from storage.ledger.errors import Fenced
from storage.ledger.protocol import Append, Committed, NewEvent, Snapshot, View
from storage.ledger.sqlite_many import ManyRows, run_many

NUMBERS_MAX = 100_000
"""Home numbers remembered; about 10 MB. Above it they are forgotten and asked again."""

_ADVANCE = """UPDATE homes SET seq = seq + ?
WHERE name = ? AND epoch = ? AND seq = ? AND owner_id IS NOT NULL RETURNING num"""
_ADVANCE_MANY = ManyRows(
    "WITH moved (name, epoch, seq, by) AS (VALUES",
    4,
    """) UPDATE homes SET seq = homes.seq + moved.by FROM moved WHERE homes.name = moved.name
    AND homes.epoch = moved.epoch AND homes.seq = moved.seq AND homes.owner_id IS NOT NULL""",
)
_EVENTS = ManyRows(
    """INSERT INTO events (home, seq, epoch, at_ms, doc, kind, type, body, scene, turn, version, source, confidence,
    narrative_ts) VALUES""",
    14,
)
_VIEWS = ManyRows(
    "INSERT INTO views (kind, id, home, parent, order_key, body, seq) VALUES",
    7,
    """ON CONFLICT (kind, id) DO UPDATE SET home = excluded.home, parent = excluded.parent,
    order_key = excluded.order_key, body = excluded.body, seq = excluded.seq""",
)


class Transaction:
    """An open transaction and what it still has to insert.

    `numbers` remembers the number of a home, between transactions too; whoever rolls back clears it.
    """

    def __init__(self, connection: sqlite3.Connection, now_ms: int, numbers: dict[str, int]) -> None:
        self.connection = connection
        self.now_ms = now_ms
        self.numbers = numbers
        self._rows: list[tuple[Any, ...]] = []
        self._views: dict[tuple[str, str], tuple[Any, ...] | None] = {}

    def add_rows(self, home: int, epoch: int, first_seq: int, events: Sequence[NewEvent]) -> None:
        now = self.now_ms
        self._rows.extend(
            (home, seq, epoch, now, e.doc, int(e.kind), e.type, e.body, e.scene, e.turn, e.version, e.source,
             e.confidence, e.narrative_ts)
            for seq, e in enumerate(events, first_seq)
        )  # fmt: skip

    def add_views(self, views: Sequence[View], seq: int) -> None:
        for v in views:
            row = None if v.body is None else (v.kind, v.id, v.home, v.parent, v.order_key, v.body, seq)
            self._views[v.kind, v.id] = row

    def flush(self) -> None:
        gone = [key for key, row in self._views.items() if row is None]
        if gone:
            self.connection.executemany("DELETE FROM views WHERE kind = ? AND id = ?", gone)
        run_many(self.connection, _VIEWS, [row for row in self._views.values() if row is not None])
        run_many(self.connection, _EVENTS, self._rows)
        self._views.clear()
        self._rows.clear()


def append(transaction: Transaction, new: Append) -> Committed:
    """Raises `Fenced` before any change; `sqlite3.IntegrityError` (attempt, response) needs the caller's savepoint."""
    connection = transaction.connection
    row = connection.execute(_ADVANCE, (len(new.events), new.home, new.epoch, new.expected_seq)).fetchall()
    if not row:
        found = connection.execute("SELECT epoch, seq FROM homes WHERE name = ?", (new.home,)).fetchone() or (0, 0)
        raise Fenced(new.home, new.epoch, new.expected_seq, int(found[0]), int(found[1]))
    last = new.expected_seq + len(new.events)
    for attempt in new.attempts:
        sqlite_attempts.insert(connection, attempt, transaction.now_ms)
    for id in new.cancel_attempts:
        sqlite_attempts.cancel(connection, new.home, id)
    if new.response is not None:
        answer = new.response
        connection.execute(
            "INSERT INTO responses (home, principal, key, request_hash, body, seq) VALUES (?,?,?,?,?,?)",
            (new.home, answer.principal, answer.key, answer.request_hash, answer.body, last),
        )
    transaction.add_views(new.views, last)
    transaction.add_rows(row[0][0], new.epoch, new.expected_seq + 1, new.events)
    return Committed(new.expected_seq + 1, last, transaction.now_ms)


def append_many(transaction: Transaction, appends: Sequence[Append]) -> list[Committed | Fenced]:
    """Plain appends (see `can_fail_alone`) of many homes, with a handful of statements when none is fenced."""
    chains = _chains(appends)
    if chains is not None and len(appends) > 1:
        transaction.connection.execute("SAVEPOINT many")
        advanced = run_many(transaction.connection, _ADVANCE_MANY, chains)
        if advanced == len(chains):
            transaction.connection.execute("RELEASE many")
            return [_commit_checked(transaction, new) for new in appends]
        transaction.connection.execute("ROLLBACK TO many")
        transaction.connection.execute("RELEASE many")
    results: list[Committed | Fenced] = []
    for new in appends:
        try:
            results.append(append(transaction, new))
        except Fenced as fenced:
            results.append(fenced)
    return results


def _chains(appends: Sequence[Append]) -> list[tuple[str, int, int, int]] | None:
    """(home, epoch, first expected sequence, rows) per home; None when appends of one home do not follow each other."""
    chains: dict[str, tuple[str, int, int, int]] = {}
    for new in appends:
        home, epoch, first, count = chains.get(new.home, (new.home, new.epoch, new.expected_seq, 0))
        if (new.epoch, new.expected_seq) != (epoch, first + count):
            return None
        chains[home] = (home, epoch, first, count + len(new.events))
    return list(chains.values())


def _commit_checked(transaction: Transaction, new: Append) -> Committed:
    """The head was advanced for it already."""
    number = transaction.numbers.get(new.home)
    if number is None:
        row = transaction.connection.execute("SELECT num FROM homes WHERE name = ?", (new.home,)).fetchone()
        if len(transaction.numbers) >= NUMBERS_MAX:
            transaction.numbers.clear()
        number = transaction.numbers[new.home] = int(row[0])
    last = new.expected_seq + len(new.events)
    for id in new.cancel_attempts:
        sqlite_attempts.cancel(transaction.connection, new.home, id)
    transaction.add_views(new.views, last)
    transaction.add_rows(number, new.epoch, new.expected_seq + 1, new.events)
    return Committed(new.expected_seq + 1, last, transaction.now_ms)


def can_fail_alone(new: Append) -> bool:
    """Whether the append may break a uniqueness rule after its head was advanced, and so needs a savepoint."""
    return bool(new.attempts) or new.response is not None


def put_snapshot(transaction: Transaction, new: Snapshot, epoch: int) -> bool:
    connection = transaction.connection
    stored = connection.execute(
        """INSERT INTO snapshots (home, doc, seq, version, body) SELECT ?,?,?,?,? FROM homes
        WHERE name = ? AND epoch = ? AND seq >= ? AND owner_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM snapshots WHERE home = ? AND doc = ? AND seq >= ?)""",
        (new.home, new.doc, new.seq, new.version, new.body, new.home, epoch, new.seq, new.home, new.doc, new.seq),
    ).rowcount
    if stored < 1:
        return False
    connection.execute(
        """DELETE FROM snapshots WHERE home = ? AND doc = ? AND seq < (
          SELECT seq FROM snapshots WHERE home = ? AND doc = ? ORDER BY seq DESC LIMIT 1 OFFSET 1)""",
        (new.home, new.doc, new.home, new.doc),
    )
    return True
