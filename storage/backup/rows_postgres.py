"""A PostgreSQL ledger as a source, a sink, and a place for one home; the same rows as SQLite's.

Owns the connection and the few differences of types. Invariants: a source is one REPEATABLE READ snapshot, read by
cursors inside its transaction (so a pooler in transaction mode will do); a sink commits once, at the end; names carry
the schema. No address with its password reaches an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from storage.backup.tables import ATTEMPTS, EVENTS, RESPONSES, VIEWS, Head, Row, Table
from storage.ledger.errors import Unavailable

FETCH_ROWS = 2000
PROJECT_VIEW = "project"
_FLAG = "cancel_requested"
_SEQ, _EPOCH = EVENTS.at("seq"), EVENTS.at("epoch")
Connection = psycopg.Connection[tuple[Any, ...]]
T = TypeVar("T")


def connect(url: str) -> Connection:
    """Raises `Unavailable`."""
    try:
        return psycopg.connect(url, connect_timeout=5, application_name="storyforge-backup", prepare_threshold=None)
    except psycopg.Error as error:
        raise Unavailable(f"PostgreSQL does not let us in ({type(error).__name__})") from None


def _told(error: psycopg.Error) -> Unavailable:
    return Unavailable(f"PostgreSQL: {type(error).__name__} {error.sqlstate or ''}".strip())


def _columns(names: tuple[str, ...]) -> sql.Composable:
    """A flag is 0 or 1 in a backup, whichever database it came from."""
    return sql.SQL(", ").join(sql.SQL("{}::int" if n == _FLAG else "{}").format(sql.Identifier(n)) for n in names)


class PostgresSource:
    """See `storage.backup.tables.Source`."""

    def __init__(self, url: str) -> None:
        """Raises `Unavailable`, also where there is no ledger."""
        self._connection = connect(url)
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True
        self._cursors = 0
        try:
            row = self._connection.execute("SELECT max(number) FROM storyforge.schema_steps").fetchone()
        except psycopg.Error as error:
            self._connection.close()
            raise _told(error) from None
        self.schema = int(row[0] or 0) if row else 0

    def homes(self) -> Iterator[Head]:
        query = sql.SQL("SELECT name, epoch, seq FROM storyforge.homes ORDER BY {}").format(sql.Identifier("name"))
        return (Head(*row) for row in self._read(query))

    def events(self, home: str) -> Iterator[Row]:
        query = sql.SQL(
            """SELECT {} FROM storyforge.events
            WHERE home = (SELECT num FROM storyforge.homes WHERE name = {}) ORDER BY seq"""
        )
        return self._read(query.format(_columns(EVENTS.columns), sql.Literal(home)))

    def rows(self, table: Table) -> Iterator[Row]:
        order = sql.SQL(", ").join(map(sql.Identifier, table.order))
        query = sql.SQL("SELECT {} FROM {} ORDER BY {}")
        return self._read(query.format(_columns(table.columns), sql.Identifier("storyforge", table.name), order))

    def _read(self, query: sql.Composed) -> Iterator[Row]:
        self._cursors += 1
        try:
            with self._connection.cursor(f"backup_{self._cursors}") as cursor:
                cursor.itersize = FETCH_ROWS
                cursor.execute(query)
                for row in cursor:
                    yield list(row)
        except psycopg.Error as error:
            raise _told(error) from None

    def close(self) -> None:
        self._connection.close()


class PostgresRows:
    """Inserts into the open transaction of a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, int] = {}

    def events(self, home: str, rows: list[Row]) -> None:
        number = self._number(home)
        self._copy(EVENTS.name, ("home", *EVENTS.columns), [[number, *row] for row in rows])

    def home(self, head: Head) -> None:
        query = "UPDATE storyforge.homes SET epoch = %s, seq = %s WHERE num = %s"
        self._connection.execute(query, (head.epoch, head.seq, self._number(head.home)))

    def rows(self, table: Table, rows: list[Row]) -> None:
        if table is ATTEMPTS or table.name == ATTEMPTS.name:
            flag = ATTEMPTS.at(_FLAG)
            rows = [[bool(value) if at == flag else value for at, value in enumerate(row)] for row in rows]
        self._copy(table.name, table.columns, rows)

    def forget(self, home: str) -> None:
        """It was wiped: its number is nobody's."""
        self._numbers.pop(home, None)

    def _number(self, home: str) -> int:
        number = self._numbers.get(home)
        if number is None:
            query = "INSERT INTO storyforge.homes (name, epoch, seq) VALUES (%s, 0, 0) RETURNING num"
            row = self._connection.execute(query, (home,)).fetchone()
            assert row is not None, "RETURNING returns"
            number = self._numbers[home] = int(row[0])
        return number

    def _copy(self, name: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        into = sql.SQL("COPY {} ({}) FROM STDIN")
        named = into.format(sql.Identifier("storyforge", name), sql.SQL(", ").join(map(sql.Identifier, columns)))
        with self._connection.cursor() as cursor, cursor.copy(named) as copy:
            for row in rows:
                copy.write_row(row)


class PostgresSink(PostgresRows):
    """See `storage.backup.tables.Sink`. The schema is there already (`PostgresLedger.open` makes it)."""

    def __init__(self, url: str) -> None:
        """Raises `Unavailable`; `ValueError` for a ledger with homes in it."""
        super().__init__(connect(url))
        try:
            if self._connection.execute("SELECT 1 FROM storyforge.homes LIMIT 1").fetchone() is not None:
                self._connection.close()
                raise ValueError("the database holds a ledger already")
        except psycopg.Error as error:
            self._connection.close()
            raise _told(error) from None

    def commit(self) -> None:
        self._connection.commit()
        self._connection.close()

    def abort(self) -> None:
        self._connection.close()


class PostgresInto:
    """See `storage.backup.tables.Into`."""

    def __init__(self, url: str) -> None:
        self._connection = connect(url)
        self._rows = PostgresRows(self._connection)

    def begin(self, home: str) -> bool:
        self._rows.forget(home)
        return self._transact(lambda: self._begin(home))

    def _begin(self, home: str) -> bool:
        run = self._connection.execute
        found = run("SELECT num, owner_id FROM storyforge.homes WHERE name = %s FOR UPDATE", (home,)).fetchone()
        if found is None:
            return True
        made = run("SELECT 1 FROM storyforge.views WHERE kind = %s AND id = %s", (PROJECT_VIEW, home)).fetchone()
        if made is not None or found[1]:
            return False
        run("DELETE FROM storyforge.events WHERE home = %s", (found[0],))
        run("DELETE FROM storyforge.homes WHERE num = %s", (found[0],))
        return True

    def rows(self, home: str, rows: list[Row]) -> None:
        self._transact(lambda: self._add(home, rows))

    def _add(self, home: str, rows: list[Row]) -> None:
        self._rows.events(home, rows)
        self._rows.home(Head(home, rows[-1][_EPOCH], rows[-1][_SEQ]))

    def end(self, home: str, rows: list[Row], views: list[Row], responses: list[Row]) -> None:
        def work() -> None:
            self._add(home, rows)
            self._rows.rows(VIEWS, views)
            self._rows.rows(RESPONSES, responses)

        self._transact(work)

    def answer(self, home: str, principal: str, key: str) -> tuple[bytes, bytes, int] | None:
        query = """SELECT request_hash, body, seq FROM storyforge.responses
        WHERE home = %s AND principal = %s AND key = %s"""
        row = self._transact(lambda: self._connection.execute(query, (home, principal, key)).fetchone())
        return None if row is None else (bytes(row[0]), bytes(row[1]), int(row[2]))

    def close(self) -> None:
        self._connection.close()

    def _transact(self, work: Callable[[], T]) -> T:
        try:
            with self._connection.transaction():
                return work()
        except psycopg.Error as error:
            raise _told(error) from None
