"""What of a ledger is kept in a backup, as tables of plain values; the same for every database.

Owns the names and order of columns. The invariant: every table of the ledger's schema is either here or in `LEFT_OUT`
with its reason (a test walks the schema), so a new table is never forgotten. Columns that only one database has (a
home's number, a row's place) are not kept; columns that a later schema adds get their defaults when restored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """`order`: columns that sort it; the same rows give the same bytes. `later`: what the last columns are in backups
    made before they existed."""

    name: str
    columns: tuple[str, ...]
    order: tuple[str, ...]
    later: tuple[Any, ...] = ()

    def whole(self, row: Row) -> Row:
        lacking = len(self.columns) - len(row)
        return [*row, *self.later[-lacking:]] if 0 < lacking <= len(self.later) else row

    def at(self, column: str) -> int:
        return self.columns.index(column)


EVENTS = Table(
    "events",
    ("seq", "epoch", "at_ms", "doc", "kind", "type", "body", "scene", "turn", "version", "source", "confidence",
     "narrative_ts"),
    ("seq",),
)  # fmt: skip
"""Rows of one home; the home stands beside them."""

SNAPSHOTS = Table("snapshots", ("home", "doc", "seq", "version", "body"), ("home", "doc", "seq"))
RESPONSES = Table(
    "responses", ("home", "principal", "key", "request_hash", "body", "seq"), ("home", "principal", "key")
)
VIEWS = Table("views", ("kind", "id", "home", "parent", "order_key", "body", "seq"), ("kind", "id"))
ATTEMPTS = Table(
    "attempts",
    ("id", "home", "scene", "job", "step", "number", "state", "request", "timeout_ms", "priority", "created_at_ms",
     "deadline_at_ms", "worker", "heartbeat_at_ms", "progress", "message", "cancel_requested", "result", "error",
     "version", "principal", "needs", "affinity", "not_before_ms", "pool", "weight", "claims", "charge_ms",
     "flight"),
    ("created_at_ms", "id"),
    ("", "", "", 0, "", 100, 0, 0, ""),
)  # fmt: skip

TABLES = (SNAPSHOTS, RESPONSES, VIEWS, ATTEMPTS)
"""After the homes with their events, in this order."""

LEFT_OUT = {
    "graph_nodes": "written by triggers as the projections of the graph are taken back",
    "graph_edges": "written by triggers as the projections of the graph are taken back",
    "rates": "measured anew",
    "shares": "who is ahead of whom in the queue; nobody owes anything after a restore",
    "hosts": "who was alive when the copy was made is nobody when it is restored",
    "schema_steps": "written by whoever makes the tables",
}


class Head(NamedTuple):
    home: str
    epoch: int
    seq: int


class Record(NamedTuple):
    """A piece of the stream. `kind`: "events" (rows of `home`), "home" (one row: epoch, seq, digest: all its events
    were before), or a table's name."""

    kind: str
    home: str
    rows: list[Row]


class Source(Protocol):
    """A ledger at one moment: everything read until `close` is of the same commit."""

    schema: int

    def homes(self) -> Iterator[Head]:
        """By name."""
        ...

    def events(self, home: str) -> Iterator[Row]:
        """In `EVENTS.columns`, by sequence."""
        ...

    def rows(self, table: Table) -> Iterator[Row]: ...

    def close(self) -> None: ...


class Sink(Protocol):
    """An empty ledger that is filled in one transaction: all of it is there after `commit`, nothing before."""

    def events(self, home: str, rows: list[Row]) -> None: ...

    def home(self, head: Head) -> None:
        """Its head, after its events. Nobody owns it."""
        ...

    def rows(self, table: Table, rows: list[Row]) -> None: ...

    def commit(self) -> None: ...

    def abort(self) -> None: ...


class Into(Protocol):
    """Writes one home that nobody has into a ledger in use. Every method may raise `Unavailable`."""

    def begin(self, home: str) -> bool:
        """Clear the way; False: there is such a project, or somebody owns the home."""
        ...

    def rows(self, home: str, rows: list[Row]) -> None:
        """A batch of `EVENTS`; the head follows the last."""
        ...

    def end(self, home: str, rows: list[Row], views: list[Row], responses: list[Row]) -> None:
        """The last rows, the projections and the kept answer, in one transaction: from here on the project exists."""
        ...

    def answer(self, home: str, principal: str, key: str) -> tuple[bytes, bytes, int] | None:
        """The kept answer's request hash, body and sequence."""
        ...

    def close(self) -> None: ...
