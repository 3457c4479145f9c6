"""What is read back from a SQLite ledger.

Owns the SQL of reads; every function takes a connection and is one snapshot (one statement). No reader follows an
auto-increment id: sequences and order keys are the cursors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from storage.graphs.calls import Call
from storage.graphs.sql import SQLITE, answer, statement
from storage.ledger.clock import Clocks
from storage.ledger.protocol import Event, HostRow, Kind, Owner, Snapshot, StoredResponse, View, Want
from storage.ledger.rules import want_stands

_EVENT_COLUMNS = """e.seq, e.epoch, e.at_ms, e.doc, e.kind, e.type, e.body, e.scene, e.turn, e.version, e.source,
e.confidence, e.narrative_ts"""
_VIEW_COLUMNS = "kind, id, home, parent, order_key, body, seq"


def _event(home: str, row: tuple[Any, ...]) -> Event:
    seq, epoch, at_ms, doc, kind, *rest = row
    return Event(home, seq, epoch, at_ms, doc, Kind(kind), *rest)


def events(
    connection: sqlite3.Connection,
    home: str,
    *,
    doc: str | None,
    after: int,
    upto: int | None,
    kinds: Sequence[Kind] | None,
    limit: int,
) -> list[Event]:
    where = ["e.home = (SELECT num FROM homes WHERE name = ?)", "e.seq > ?"]
    values: list[Any] = [home, after]
    if upto is not None:
        where.append("e.seq <= ?")
        values.append(upto)
    if doc is not None:
        where.append("e.doc = ?")
        values.append(doc)
    if kinds is not None:
        where.append(f"e.kind IN ({','.join('?' * len(kinds))})")
        values.extend(int(kind) for kind in kinds)
    table = "events e" if doc is None else "events e INDEXED BY events_doc"
    query = f"SELECT {_EVENT_COLUMNS} FROM {table} WHERE {' AND '.join(where)} ORDER BY e.seq LIMIT ?"
    return [_event(home, row) for row in connection.execute(query, [*values, max(limit, 0)])]


def events_back(
    connection: sqlite3.Connection, home: str, before: int | None, scene: str | None, limit: int
) -> list[Event]:
    where = ["e.home = (SELECT num FROM homes WHERE name = ?)"]
    values: list[Any] = [home]
    if before is not None:
        where.append("e.seq < ?")
        values.append(before)
    if scene is not None:
        where.append("e.scene = ?")
        values.append(scene)
    query = f"SELECT {_EVENT_COLUMNS} FROM events e WHERE {' AND '.join(where)} ORDER BY e.seq DESC LIMIT ?"
    return [_event(home, row) for row in connection.execute(query, [*values, max(limit, 0)])]


def head(connection: sqlite3.Connection, home: str) -> int:
    row = connection.execute("SELECT seq FROM homes WHERE name = ?", (home,)).fetchone()
    return int(row[0]) if row else 0


def _host(row: Sequence[Any], clocks: Clocks) -> tuple[HostRow, bool]:
    """The row with its expiry told in wall time, and whether it is live."""
    id, incarnation, pid, peer, boot_id, expires_boot_ms, draining = row
    left = expires_boot_ms - clocks.boot_ms() if boot_id == clocks.boot_id else 0
    return HostRow(id, incarnation, pid, peer, clocks.wall_ms() + left, bool(draining)), left > 0


def hosts(connection: sqlite3.Connection, clocks: Clocks) -> list[HostRow]:
    rows = connection.execute(
        """SELECT id, incarnation, pid, peer, boot_id, expires_boot_ms, draining FROM hosts
        WHERE boot_id = ? AND expires_boot_ms > ? ORDER BY id, incarnation""",
        (clocks.boot_id, clocks.boot_ms()),
    )
    return [_host(row, clocks)[0] for row in rows.fetchall()]


def owner_of(connection: sqlite3.Connection, home: str, clocks: Clocks) -> Owner | None:
    row = connection.execute(
        """SELECT h.epoch, h.seq, h.claimed_at_ms, h.owner_id IS NOT NULL, h.wanted_at_ms,
        r.id, r.incarnation, r.pid, r.peer, r.boot_id, r.expires_boot_ms, r.draining,
        w.id, w.incarnation, w.pid, w.peer, w.boot_id, w.expires_boot_ms, w.draining FROM homes h
        LEFT JOIN hosts r ON r.id = h.owner_id AND r.incarnation = h.owner_incarnation
        LEFT JOIN hosts w ON w.id = h.wanted_id AND w.incarnation = h.wanted_incarnation WHERE h.name = ?""",
        (home,),
    ).fetchone()
    if row is None:
        return None
    epoch, seq, claimed_at_ms, owned, wanted_at_ms = row[:5]
    host, live = (None, False) if row[5] is None else _host(row[5:12], clocks)
    wanted_by = _wanting(row[12:], bool(owned), wanted_at_ms, clocks)
    return Owner(home, epoch, seq, host, live, wanted_by, claimed_at_ms)


def _wanting(row: Sequence[Any], owned: bool, at_ms: int, clocks: Clocks) -> HostRow | None:
    """Whose want stands, or for whom the home is kept."""
    if row[0] is None or not want_stands(owned, at_ms, clocks.wall_ms()):
        return None
    host, live = _host(row, clocks)
    return host if live and not host.draining else None


def asked(connection: sqlite3.Connection, host: HostRow, clocks: Clocks) -> tuple[Want, ...]:
    """What a heartbeat brings back, see `Ledger.heartbeat`."""
    rows = connection.execute(
        """SELECT h.name, h.owner_id IS NOT NULL, h.wanted_at_ms,
        w.id, w.incarnation, w.pid, w.peer, w.boot_id, w.expires_boot_ms, w.draining FROM homes h
        JOIN hosts w ON w.id = h.wanted_id AND w.incarnation = h.wanted_incarnation
        WHERE h.wanted_incarnation IS NOT NULL AND (
          (h.owner_id = ? AND h.owner_incarnation = ? AND h.wanted_incarnation <> ?)
          OR (h.owner_id IS NULL AND h.wanted_incarnation = ?)) ORDER BY h.name""",
        (host.id, host.incarnation, host.incarnation, host.incarnation),
    ).fetchall()
    found = ((row[0], _wanting(row[3:], bool(row[1]), row[2], clocks), row[2]) for row in rows)
    return tuple(Want(home, wanting, at_ms) for home, wanting, at_ms in found if wanting is not None)


def snapshot(connection: sqlite3.Connection, home: str, doc: str, before: int | None) -> Snapshot | None:
    row = connection.execute(
        """SELECT home, doc, seq, version, body FROM snapshots
        WHERE home = ? AND doc = ? AND seq < ? ORDER BY seq DESC LIMIT 1""",
        (home, doc, 2**62 if before is None else before),
    ).fetchone()
    return Snapshot(*row) if row else None


def response(connection: sqlite3.Connection, home: str, principal: str, key: str) -> StoredResponse | None:
    row = connection.execute(
        """SELECT principal, key, request_hash, body, seq FROM responses
        WHERE home = ? AND principal = ? AND key = ?""",
        (home, principal, key),
    ).fetchone()
    return StoredResponse(*row) if row else None


def view(connection: sqlite3.Connection, kind: str, id: str) -> View | None:
    row = connection.execute(f"SELECT {_VIEW_COLUMNS} FROM views WHERE kind = ? AND id = ?", (kind, id)).fetchone()
    return View(*row) if row else None


def _view_filter(kind: str, home: str | None, parent: str | None) -> tuple[str, list[Any]]:
    where, values = "kind = ?", [kind]
    if home is not None:
        where += " AND home = ?"
        values.append(home)
    if parent is not None:
        where += " AND parent = ?"
        values.append(parent)
    return where, list(values)


def views(
    connection: sqlite3.Connection,
    kind: str,
    *,
    home: str | None,
    parent: str | None,
    after: tuple[str, str] | None,
    limit: int,
    newest_first: bool,
) -> list[View]:
    where, values = _view_filter(kind, home, parent)
    if after is not None:
        where += f" AND (order_key, id) {'<' if newest_first else '>'} (?, ?)"
        values.extend(after)
    direction = "DESC" if newest_first else "ASC"
    query = f"""SELECT {_VIEW_COLUMNS} FROM views WHERE {where}
    ORDER BY order_key {direction}, id {direction} LIMIT ?"""
    return [View(*row) for row in connection.execute(query, [*values, max(limit, 0)])]


def count_views(connection: sqlite3.Connection, kind: str, home: str | None, parent: str | None) -> int:
    where, values = _view_filter(kind, home, parent)
    return int(connection.execute(f"SELECT count(*) FROM views WHERE {where}", values).fetchone()[0])


def graph(connection: sqlite3.Connection, home: str, call: Call) -> list[Any]:
    text, values = statement(SQLITE, home, call)
    return [*answer(call, connection.execute(text, values))]
