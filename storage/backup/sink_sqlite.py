"""An empty SQLite ledger, filled from a backup.

Owns the file while it is filled, under a name that nobody opens. The invariant: `ledger.db` appears whole, by one
rename, or not at all.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from storage.backup.tables import EVENTS, Head, Row, Table
from storage.ledger.sqlite_many import ManyRows, run_many
from storage.ledger.sqlite_schema import connect, ensure_schema


class SqliteRows:
    """Inserts into an open transaction of any ledger file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, int] = {}
        self._statements: dict[str, ManyRows] = {}

    def events(self, home: str, rows: list[Row]) -> None:
        number = self._number(home)
        statement = self._insert(EVENTS.name, ("home", *EVENTS.columns))
        run_many(self._connection, statement, [(number, *row) for row in rows])

    def home(self, head: Head) -> None:
        self._connection.execute(
            "UPDATE homes SET epoch = ?, seq = ? WHERE num = ?", (head.epoch, head.seq, self._number(head.home))
        )

    def rows(self, table: Table, rows: list[Row]) -> None:
        run_many(self._connection, self._insert(table.name, table.columns), [tuple(row) for row in rows])

    def forget(self, home: str) -> None:
        """It was wiped: its number is nobody's."""
        self._numbers.pop(home, None)

    def _number(self, home: str) -> int:
        number = self._numbers.get(home)
        if number is None:
            done = self._connection.execute("INSERT INTO homes (name, epoch, seq) VALUES (?, 0, 0)", (home,))
            number = self._numbers[home] = int(done.lastrowid or 0)
        return number

    def _insert(self, name: str, columns: tuple[str, ...]) -> ManyRows:
        found = self._statements.get(name)
        if found is None:
            found = ManyRows(f"INSERT INTO {name} ({', '.join(columns)}) VALUES", len(columns))
            self._statements[name] = found
        return found


class SqliteSink(SqliteRows):
    """See `storage.backup.tables.Sink`."""

    def __init__(self, path: Path) -> None:
        self._path, self._fresh = path, path.with_name(f"{path.name}.restoring")
        self._sweep()
        connection = connect(self._fresh)
        try:
            ensure_schema(connection, self._fresh)
            connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            connection.close()
            raise
        super().__init__(connection)

    def commit(self) -> None:
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.close()
        os.replace(self._fresh, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def abort(self) -> None:
        self._connection.close()
        self._sweep()

    def _sweep(self) -> None:
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self._fresh}{ending}")
