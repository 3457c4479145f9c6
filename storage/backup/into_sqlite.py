"""One home written into a SQLite ledger that is in use: the copy of a project.

Owns the rows while nobody can see them: a home without its project's view has no project. Invariants: the views come
last, in one transaction with the end of the home; what a killed writer left is wiped by the next with the same name;
the file's lock is held for one batch at a time, so nobody waits for the whole; every batch leaves a home whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from storage.backup.sink_sqlite import SqliteRows
from storage.backup.tables import EVENTS, RESPONSES, VIEWS, Head, Row
from storage.ledger.errors import Unavailable
from storage.ledger.sqlite_lock import FileLock
from storage.ledger.sqlite_schema import connect

_SEQ, _EPOCH = EVENTS.at("seq"), EVENTS.at("epoch")
PROJECT_VIEW = "project"
T = TypeVar("T")


class SqliteInto:
    """See `storage.backup.tables.Into`."""

    def __init__(self, path: Path) -> None:
        """Raises `Unavailable`."""
        try:
            self._lock = FileLock(path)
            self._connection = connect(path)
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"{path}: {error}") from error
        self._rows = SqliteRows(self._connection)

    def begin(self, home: str) -> bool:
        self._rows.forget(home)
        return self._transact(lambda: self._begin(home))

    def _begin(self, home: str) -> bool:
        found = self._connection.execute("SELECT num, owner_id FROM homes WHERE name = ?", (home,)).fetchone()
        if found is None:
            return True
        made = self._connection.execute(
            "SELECT 1 FROM views WHERE kind = ? AND id = ?", (PROJECT_VIEW, home)
        ).fetchone()
        if made is not None or found[1]:
            return False
        self._connection.execute("DELETE FROM events WHERE home = ?", (found[0],))
        self._connection.execute("DELETE FROM homes WHERE num = ?", (found[0],))
        return True

    def rows(self, home: str, rows: list[Row]) -> None:
        def work() -> None:
            self._rows.events(home, rows)
            self._rows.home(Head(home, rows[-1][_EPOCH], rows[-1][_SEQ]))

        self._transact(work)

    def end(self, home: str, rows: list[Row], views: list[Row], responses: list[Row]) -> None:
        def work() -> None:
            self._rows.events(home, rows)
            self._rows.home(Head(home, rows[-1][_EPOCH], rows[-1][_SEQ]))
            self._rows.rows(VIEWS, views)
            self._rows.rows(RESPONSES, responses)

        self._transact(work)

    def answer(self, home: str, principal: str, key: str) -> tuple[bytes, bytes, int] | None:
        row = self._connection.execute(
            "SELECT request_hash, body, seq FROM responses WHERE home = ? AND principal = ? AND key = ?",
            (home, principal, key),
        ).fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def close(self) -> None:
        self._connection.close()
        self._lock.close()

    def _transact(self, work: Callable[[], T]) -> T:
        self._lock.acquire()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                done = work()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        finally:
            self._lock.release()
        return done
