"""A SQLite ledger at one moment, read while others write.

Owns the connection. The invariant: everything is of one commit. With `scratch` the file is copied there first by
SQLite's online backup inside one read transaction (seconds, in pieces) and rows are read from the copy: a reader that
stayed for minutes would keep the write-ahead log from being reset, and the commit that resets it at last would wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from storage.backup.tables import EVENTS, Head, Row, Table
from storage.ledger.errors import Unavailable
from storage.ledger.sqlite_schema import connect

COPY_PAGES = 1024
"""Pages (4 MiB) between two words on the progress, and two chances for Ctrl-C."""

Told = Callable[[int, int], None]
"""Bytes done, bytes in all."""


class SqliteSource:
    def __init__(self, path: Path, *, scratch: Path | None = None, told: Told = lambda _done, _all: None) -> None:
        """Raises `Unavailable`."""
        self._scratch = scratch
        try:
            self._connection = connect(path, read_only=True)
            if scratch is not None:
                try:
                    _copy(self._connection, scratch, told)
                finally:
                    self._connection.close()
                self._connection = connect(scratch, read_only=True)
            self._connection.execute("BEGIN")
            self.schema = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            self._connection.execute("SELECT count(*) FROM homes").fetchone()
        except sqlite3.Error as error:
            raise Unavailable(f"{path}: {error}") from error

    def homes(self) -> Iterator[Head]:
        for row in self._connection.execute("SELECT name, epoch, seq FROM homes ORDER BY name"):
            yield Head(*row)

    def events(self, home: str) -> Iterator[Row]:
        query = f"""SELECT {", ".join(EVENTS.columns)} FROM events
        WHERE home = (SELECT num FROM homes WHERE name = ?) ORDER BY seq"""
        return map(list, self._connection.execute(query, (home,)))

    def rows(self, table: Table) -> Iterator[Row]:
        query = f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {', '.join(table.order)}"
        return map(list, self._connection.execute(query))

    def close(self) -> None:
        self._connection.close()
        if self._scratch is not None:
            for ending in ("", "-wal", "-shm"):
                Path(f"{self._scratch}{ending}").unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, target: Path, told: Told) -> None:
    page = int(source.execute("PRAGMA page_size").fetchone()[0])
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM homes").fetchone()  # the moment; without it a commit would begin the copy anew
    out = sqlite3.connect(target, isolation_level=None)
    try:
        out.execute("PRAGMA synchronous = OFF")
        out.execute("PRAGMA journal_mode = OFF").fetchone()
        source.backup(out, pages=COPY_PAGES, progress=lambda _s, left, total: told((total - left) * page, total * page))
    finally:
        out.close()
