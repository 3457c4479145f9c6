"""Who owns what, in PostgreSQL: heartbeats, claims, wants, releases, and the snapshots only an owner may store.

Owns the SQL of ownership. The invariant: what was looked at and what it led to are tied by compare-and-set: the change
is made only if the home still stands as it was seen, else it is looked at again. Leases end by the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from storage.ledger.errors import Draining, Unavailable
from storage.ledger.postgres_connect import Connection
from storage.ledger.postgres_time import NOW
from storage.ledger.protocol import Claim, HostRow, Owner, Snapshot, Want
from storage.ledger.rules import check_free, ownership_event, want_stands

HOST_ROWS_KEPT_MS = 24 * 3600 * 1000
"""How long an expired host row stays, so that `owner` can still name who it was."""

LOOKS_MAX = 20
"""Each look that comes to nothing is a change by somebody else. More than this many in a row is a fault."""

_CLOCK = f"WITH clock AS MATERIALIZED (SELECT {NOW} AS now)"
_HOST = "{0}.id, {0}.incarnation, {0}.pid, {0}.peer, {0}.expires_at_ms, {0}.draining"
_LOOK = f"""{_CLOCK} SELECT clock.now, h.epoch, h.seq, h.claimed_at_ms, h.owner_id, h.owner_incarnation,
h.wanted_incarnation, h.wanted_at_ms, {_HOST.format("r")}, {_HOST.format("w")}
FROM clock LEFT JOIN storyforge.homes h ON h.name = %(home)s
LEFT JOIN storyforge.hosts r ON r.id = h.owner_id AND r.incarnation = h.owner_incarnation
LEFT JOIN storyforge.hosts w ON w.id = h.wanted_id AND w.incarnation = h.wanted_incarnation"""
_SEEN = """h.name = %(home)s AND h.epoch = %(epoch)s AND h.owner_incarnation IS NOT DISTINCT FROM %(owner)s::text
AND h.wanted_incarnation IS NOT DISTINCT FROM %(wanted)s::text AND h.wanted_at_ms = %(wanted_at)s"""
_OWNERSHIP_ROW = """, stored AS (
  INSERT INTO storyforge.events (home, seq, epoch, at_ms, doc, kind, type, body, scene, turn, version, source,
    confidence, narrative_ts)
  SELECT num, seq, epoch, claimed_at_ms, %(doc)s, %(kind)s, %(type)s, %(body)s, NULL, 0, %(version)s, %(source)s,
    NULL, 0 FROM won)
SELECT epoch, seq, claimed_at_ms FROM won"""
_CLAIM = f"""{_CLOCK}, won AS (
  UPDATE storyforge.homes h SET epoch = h.epoch + 1, seq = h.seq + 1, owner_id = %(id)s,
  owner_incarnation = %(incarnation)s, claimed_at_ms = clock.now, wanted_id = NULL, wanted_incarnation = NULL
  FROM clock WHERE {_SEEN} RETURNING h.num, h.epoch, h.seq, h.claimed_at_ms){_OWNERSHIP_ROW}"""
_CLAIM_NEW = f"""{_CLOCK}, won AS (
  INSERT INTO storyforge.homes (name, epoch, seq, owner_id, owner_incarnation, claimed_at_ms)
  SELECT %(home)s, 1, 1, %(id)s, %(incarnation)s, clock.now FROM clock
  ON CONFLICT (name) DO NOTHING RETURNING num, epoch, seq, claimed_at_ms){_OWNERSHIP_ROW}"""
_HEARTBEAT = f"""{_CLOCK}, gone AS (
  DELETE FROM storyforge.hosts USING clock
  WHERE expires_at_ms < clock.now - {HOST_ROWS_KEPT_MS} AND incarnation <> %(incarnation)s)
INSERT INTO storyforge.hosts (id, incarnation, pid, peer, expires_at_ms, draining)
SELECT %(id)s, %(incarnation)s, %(pid)s, %(peer)s, clock.now + %(ttl)s::bigint, %(draining)s FROM clock
ON CONFLICT (id, incarnation) DO UPDATE SET pid = excluded.pid, peer = excluded.peer,
expires_at_ms = excluded.expires_at_ms, draining = excluded.draining RETURNING expires_at_ms"""
_ASKED = f"""{_CLOCK} SELECT clock.now, h.name, h.owner_id IS NOT NULL, h.wanted_at_ms, {_HOST.format("w")}
FROM storyforge.homes h CROSS JOIN clock
JOIN storyforge.hosts w ON w.id = h.wanted_id AND w.incarnation = h.wanted_incarnation
WHERE h.wanted_incarnation IS NOT NULL AND (
  (h.owner_id = %(id)s AND h.owner_incarnation = %(incarnation)s AND h.wanted_incarnation <> %(incarnation)s)
  OR (h.owner_id IS NULL AND h.wanted_incarnation = %(incarnation)s)) ORDER BY h.name"""


@dataclass(frozen=True, slots=True)
class _Look:
    """A home as it was seen; `seen` are the values a change must still find."""

    now: int
    owner: Owner | None
    seen: dict[str, Any]


async def _rows(connection: Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query, values)).fetchall()


def _host(row: Sequence[Any]) -> HostRow | None:
    return None if row[0] is None else HostRow(*row)


def _wanting(row: Sequence[Any], owned: bool, at_ms: int, now: int) -> HostRow | None:
    """Whose want stands, or for whom the home is kept."""
    host = _host(row)
    if host is None or host.draining or host.expires_at_ms <= now or not want_stands(owned, at_ms, now):
        return None
    return host


async def _look(connection: Connection, home: str, now: int | None) -> _Look:
    row = (await _rows(connection, _LOOK, {"now": now, "home": home}))[0]
    at, epoch, seq, claimed_at_ms, owner_id, owner_incarnation, wanted, wanted_at = row[:8]
    if epoch is None:
        return _Look(at, None, {"home": home})
    host = _host(row[8:14])
    live = host is not None and host.expires_at_ms > at
    wanted_by = _wanting(row[14:20], owner_id is not None, wanted_at, at)
    owner = Owner(home, epoch, seq, host, live, wanted_by, claimed_at_ms)
    seen = {"home": home, "epoch": epoch, "owner": owner_incarnation, "wanted": wanted, "wanted_at": wanted_at}
    return _Look(at, owner, seen)


async def owner(connection: Connection, home: str, now: int | None) -> Owner | None:
    return (await _look(connection, home, now)).owner


async def hosts(connection: Connection, now: int | None) -> list[HostRow]:
    query = f"""{_CLOCK} SELECT {_HOST.format("r")} FROM storyforge.hosts r CROSS JOIN clock
    WHERE r.expires_at_ms > clock.now ORDER BY r.id, r.incarnation"""
    return [HostRow(*row) for row in await _rows(connection, query, {"now": now})]


async def heartbeat(connection: Connection, host: HostRow, ttl_ms: int, now: int | None) -> HostRow:
    me = {
        "now": now,
        "id": host.id,
        "incarnation": host.incarnation,
        "pid": host.pid,
        "peer": host.peer,
        "ttl": ttl_ms,
        "draining": host.draining,
    }
    expires_at_ms = int((await _rows(connection, _HEARTBEAT, me))[0][0])
    asked: list[Want] = []
    for at, home, owned, wanted_at, *row in await _rows(connection, _ASKED, me):
        wanting = _wanting(row, owned, wanted_at, at)
        if wanting is not None:
            asked.append(Want(home, wanting, wanted_at))
    return replace(host, expires_at_ms=expires_at_ms, asked=tuple(asked))


async def retire(connection: Connection, host_id: str, incarnation: str, now: int | None) -> None:
    await connection.execute(
        f"""UPDATE storyforge.hosts SET expires_at_ms = least(expires_at_ms, {NOW})
        WHERE id = %(id)s AND incarnation = %(incarnation)s""",
        {"now": now, "id": host_id, "incarnation": incarnation},
    )


async def _is_draining(connection: Connection, host: HostRow) -> bool:
    query = "SELECT draining FROM storyforge.hosts WHERE id = %(id)s AND incarnation = %(incarnation)s"
    rows = await _rows(connection, query, {"id": host.id, "incarnation": host.incarnation})
    return bool(rows and rows[0][0])


async def claim(connection: Connection, home: str, host: HostRow, depose: str | None, now: int | None) -> Claim:
    """Raises `Owned` and `Draining` before any change."""
    first = ownership_event(host)
    event = {"doc": first.doc, "kind": int(first.kind), "type": first.type, "body": first.body}
    event |= {"version": first.version, "source": first.source}
    me = {"now": now, "id": host.id, "incarnation": host.incarnation}
    if await _is_draining(connection, host):
        raise Draining(home, host.id)
    for _ in range(LOOKS_MAX):
        look = await _look(connection, home, now)
        check_free(look.owner, host, depose)
        query = _CLAIM_NEW if look.owner is None else _CLAIM
        won = await _rows(connection, query, {**me, **event, **look.seen})
        if won:
            epoch, seq, at_ms = won[0]
            return Claim(home, epoch, seq, at_ms)
    raise Unavailable(f"{home} changes hands too fast to be claimed")


async def release(connection: Connection, claim: Claim, host: HostRow, to: HostRow | None, now: int | None) -> None:
    look = await _look(connection, claim.home, now)
    heir = to or (look.owner.wanted_by if look.owner is not None else None)
    await connection.execute(
        f"""UPDATE storyforge.homes SET owner_id = NULL, owner_incarnation = NULL, wanted_id = %(heir)s,
        wanted_incarnation = %(heir_incarnation)s, wanted_at_ms = {NOW}
        WHERE name = %(home)s AND epoch = %(epoch)s AND owner_id = %(id)s AND owner_incarnation = %(incarnation)s""",
        {
            "now": now,
            "home": claim.home,
            "epoch": claim.epoch,
            "id": host.id,
            "incarnation": host.incarnation,
            "heir": None if heir is None else heir.id,
            "heir_incarnation": None if heir is None else heir.incarnation,
        },
    )


async def want(connection: Connection, home: str, host: HostRow, epoch: int, now: int | None) -> bool:
    me = (host.id, host.incarnation)
    for _ in range(LOOKS_MAX):
        look = await _look(connection, home, now)
        found = look.owner
        if found is None or found.epoch != epoch or found.host is None or not found.live:
            return False
        if (found.host.id, found.host.incarnation) == me:
            return False
        if found.wanted_by is not None and (found.wanted_by.id, found.wanted_by.incarnation) != me:
            return False
        asking = next((each for each in await hosts(connection, now) if (each.id, each.incarnation) == me), None)
        if asking is None or asking.draining:
            return False
        changed = await connection.execute(
            f"""UPDATE storyforge.homes h SET wanted_id = %(id)s, wanted_incarnation = %(incarnation)s,
            wanted_at_ms = {NOW} WHERE {_SEEN}""",
            {"now": now, "id": host.id, "incarnation": host.incarnation, **look.seen},
        )
        if changed.rowcount == 1:
            return True
    return False


async def put_snapshot(connection: Connection, new: Snapshot, epoch: int) -> bool:
    values = {"home": new.home, "doc": new.doc, "seq": new.seq, "version": new.version, "body": new.body}
    stored = await connection.execute(
        """WITH kept AS (
          INSERT INTO storyforge.snapshots (home, doc, seq, version, body)
          SELECT %(home)s, %(doc)s, %(seq)s, %(version)s, %(body)s FROM storyforge.homes
          WHERE name = %(home)s AND epoch = %(epoch)s AND seq >= %(seq)s AND owner_id IS NOT NULL
          AND NOT EXISTS (
            SELECT 1 FROM storyforge.snapshots WHERE home = %(home)s AND doc = %(doc)s AND seq >= %(seq)s)
          ON CONFLICT (home, doc, seq) DO NOTHING RETURNING seq),
        old AS (
          DELETE FROM storyforge.snapshots WHERE home = %(home)s AND doc = %(doc)s AND EXISTS (SELECT 1 FROM kept)
          AND seq < (SELECT max(seq) FROM storyforge.snapshots WHERE home = %(home)s AND doc = %(doc)s))
        SELECT seq FROM kept""",
        {**values, "epoch": epoch},
    )
    return await stored.fetchone() is not None
