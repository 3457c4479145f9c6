"""What is read back from a PostgreSQL ledger.

Owns the SQL of reads; every function takes a connection and is one snapshot (one statement). No reader follows an
insert-time id: sequences and order keys are the cursors, so a transaction that commits late is never skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storage.graphs.calls import Call
from storage.graphs.sql import POSTGRES, answer, statement
from storage.ledger.postgres_connect import Connection
from storage.ledger.protocol import Event, Kind, Snapshot, StoredResponse, View

_EVENT_COLUMNS = """e.seq, e.epoch, e.at_ms, e.doc, e.kind, e.type, e.body, e.scene, e.turn, e.version, e.source,
e.confidence, e.narrative_ts"""
_VIEW_COLUMNS = "kind, id, home, parent, order_key, body, seq"
_HOME = "e.home = (SELECT num FROM storyforge.homes WHERE name = %s)"

CHANGE_TOKEN = "SELECT hashtextextended(pg_current_snapshot()::text, 0)"
"""The snapshot names which transactions are not yet visible, so it differs after every commit, whoever made it. It may
also differ when nothing of ours was committed; a counter would be either a lock that all commits wait for, or be seen
before what it counts."""


async def rows(connection: Connection, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(query, values, binary=True)
    return await cursor.fetchall()


def _event(home: str, row: tuple[Any, ...]) -> Event:
    seq, epoch, at_ms, doc, kind, *rest = row
    return Event(home, seq, epoch, at_ms, doc, Kind(kind), *rest)


async def events(
    connection: Connection,
    home: str,
    *,
    doc: str | None,
    after: int,
    upto: int | None,
    kinds: Sequence[Kind] | None,
    limit: int,
) -> list[Event]:
    where = [_HOME, "e.seq > %s"]
    values: list[Any] = [home, after]
    if upto is not None:
        where.append("e.seq <= %s")
        values.append(upto)
    if doc is not None:
        where.append("e.doc = %s")
        values.append(doc)
    if kinds is not None:
        where.append("e.kind = ANY (%s::bigint[])")
        values.append([int(kind) for kind in kinds])
    query = f"SELECT {_EVENT_COLUMNS} FROM storyforge.events e WHERE {' AND '.join(where)} ORDER BY e.seq LIMIT %s"
    return [_event(home, row) for row in await rows(connection, query, [*values, max(limit, 0)])]


async def events_back(
    connection: Connection, home: str, before: int | None, scene: str | None, limit: int
) -> list[Event]:
    where = [_HOME]
    values: list[Any] = [home]
    if before is not None:
        where.append("e.seq < %s")
        values.append(before)
    if scene is not None:
        where.append("e.scene = %s")
        values.append(scene)
    query = f"SELECT {_EVENT_COLUMNS} FROM storyforge.events e WHERE {' AND '.join(where)} ORDER BY e.seq DESC LIMIT %s"
    return [_event(home, row) for row in await rows(connection, query, [*values, max(limit, 0)])]


async def head(connection: Connection, home: str) -> int:
    found = await rows(connection, "SELECT seq FROM storyforge.homes WHERE name = %s", (home,))
    return int(found[0][0]) if found else 0


async def snapshot(connection: Connection, home: str, doc: str, before: int | None) -> Snapshot | None:
    found = await rows(
        connection,
        """SELECT home, doc, seq, version, body FROM storyforge.snapshots
        WHERE home = %s AND doc = %s AND seq < %s ORDER BY seq DESC LIMIT 1""",
        (home, doc, 2**62 if before is None else before),
    )
    return Snapshot(*found[0]) if found else None


async def response(connection: Connection, home: str, principal: str, key: str) -> StoredResponse | None:
    found = await rows(
        connection,
        """SELECT principal, key, request_hash, body, seq FROM storyforge.responses
        WHERE home = %s AND principal = %s AND key = %s""",
        (home, principal, key),
    )
    return StoredResponse(*found[0]) if found else None


async def view(connection: Connection, kind: str, id: str) -> View | None:
    query = f"SELECT {_VIEW_COLUMNS} FROM storyforge.views WHERE kind = %s AND id = %s"
    found = await rows(connection, query, (kind, id))
    return View(*found[0]) if found else None


def _view_filter(kind: str, home: str | None, parent: str | None) -> tuple[str, list[Any]]:
    where, values = "kind = %s", [kind]
    if home is not None:
        where += " AND home = %s"
        values.append(home)
    if parent is not None:
        where += " AND parent = %s"
        values.append(parent)
    return where, list(values)


async def views(
    connection: Connection,
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
        where += f" AND (order_key, id) {'<' if newest_first else '>'} (%s, %s)"
        values.extend(after)
    direction = "DESC" if newest_first else "ASC"
    query = f"""SELECT {_VIEW_COLUMNS} FROM storyforge.views WHERE {where}
    ORDER BY order_key {direction}, id {direction} LIMIT %s"""
    return [View(*row) for row in await rows(connection, query, [*values, max(limit, 0)])]


async def count_views(connection: Connection, kind: str, home: str | None, parent: str | None) -> int:
    where, values = _view_filter(kind, home, parent)
    return int((await rows(connection, f"SELECT count(*) FROM storyforge.views WHERE {where}", values))[0][0])


async def graph(connection: Connection, home: str, call: Call) -> list[Any]:
    text, values = statement(POSTGRES, home, call)
    cursor = await connection.execute(text, values)
    return [*answer(call, await cursor.fetchall())]


async def change_token(connection: Connection) -> int:
    return int((await rows(connection, CHANGE_TOKEN, ()))[0][0])
