"""Who owns what, written inside one SQLite transaction: heartbeats, claims, wants, releases.

Owns the SQL of ownership. The invariant: each look and the change it leads to are one transaction under the file's
lock, so of two that want the same the second sees what the first did. Lease times are boot time (`Clocks`).
"""

from __future__ import annotations

from storage.ledger import sqlite_read
from storage.ledger.clock import Clocks
from storage.ledger.errors import Draining
from storage.ledger.protocol import Claim, HostRow, Want
from storage.ledger.rules import check_free, ownership_event
from storage.ledger.sqlite_read import owner_of
from storage.ledger.sqlite_transaction import Transaction

HOST_ROWS_KEPT_MS = 24 * 3600 * 1000
"""How long an expired host row stays, so that `owner` can still name who it was."""


def heartbeat(transaction: Transaction, host: HostRow, ttl_ms: int, clocks: Clocks) -> tuple[Want, ...]:
    """Renew the row; what is asked of the host."""
    boot_now = clocks.boot_ms()
    transaction.connection.execute(
        """INSERT INTO hosts (id, incarnation, pid, peer, boot_id, expires_boot_ms, draining) VALUES (?,?,?,?,?,?,?)
        ON CONFLICT (id, incarnation) DO UPDATE SET
        pid = excluded.pid, peer = excluded.peer, boot_id = excluded.boot_id,
        expires_boot_ms = excluded.expires_boot_ms, draining = excluded.draining""",
        (host.id, host.incarnation, host.pid, host.peer, clocks.boot_id, boot_now + ttl_ms, host.draining),
    )
    transaction.connection.execute(
        "DELETE FROM hosts WHERE boot_id <> ? OR expires_boot_ms < ?", (clocks.boot_id, boot_now - HOST_ROWS_KEPT_MS)
    )
    return sqlite_read.asked(transaction.connection, host, clocks)


def retire(transaction: Transaction, host_id: str, incarnation: str, clocks: Clocks) -> None:
    transaction.connection.execute(
        "UPDATE hosts SET expires_boot_ms = min(expires_boot_ms, ?) WHERE id = ? AND incarnation = ?",
        (clocks.boot_ms(), host_id, incarnation),
    )


def claim(transaction: Transaction, home: str, host: HostRow, depose: str | None, clocks: Clocks) -> Claim:
    """Raises `Owned` and `Draining` before any change."""
    connection = transaction.connection
    row = connection.execute(
        "SELECT draining FROM hosts WHERE id = ? AND incarnation = ?", (host.id, host.incarnation)
    ).fetchone()
    if row is not None and row[0]:
        raise Draining(home, host.id)
    check_free(owner_of(connection, home, clocks), host, depose)
    num, epoch, seq = connection.execute(
        """INSERT INTO homes (name, epoch, seq, owner_id, owner_incarnation, claimed_at_ms) VALUES (?,1,1,?,?,?)
        ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1, seq = seq + 1, owner_id = excluded.owner_id,
        owner_incarnation = excluded.owner_incarnation, claimed_at_ms = excluded.claimed_at_ms,
        wanted_id = NULL, wanted_incarnation = NULL RETURNING num, epoch, seq""",
        (home, host.id, host.incarnation, transaction.now_ms),
    ).fetchall()[0]
    transaction.add_rows(num, epoch, seq, (ownership_event(host),))
    return Claim(home, epoch, seq, transaction.now_ms)


def release(transaction: Transaction, claim: Claim, host: HostRow, to: HostRow | None, clocks: Clocks) -> None:
    found = owner_of(transaction.connection, claim.home, clocks)
    heir = to or (found.wanted_by if found is not None else None)
    kept_for = (None, None) if heir is None else (heir.id, heir.incarnation)
    transaction.connection.execute(
        """UPDATE homes SET owner_id = NULL, owner_incarnation = NULL, wanted_id = ?, wanted_incarnation = ?,
        wanted_at_ms = ? WHERE name = ? AND epoch = ? AND owner_id = ? AND owner_incarnation = ?""",
        (*kept_for, transaction.now_ms, claim.home, claim.epoch, host.id, host.incarnation),
    )


def want(transaction: Transaction, home: str, host: HostRow, epoch: int, clocks: Clocks) -> bool:
    connection, me = transaction.connection, (host.id, host.incarnation)
    found = owner_of(connection, home, clocks)
    if found is None or found.epoch != epoch or found.host is None or not found.live:
        return False
    if (found.host.id, found.host.incarnation) == me:
        return False
    if found.wanted_by is not None and (found.wanted_by.id, found.wanted_by.incarnation) != me:
        return False
    asking = next((each for each in sqlite_read.hosts(connection, clocks) if (each.id, each.incarnation) == me), None)
    if asking is None or asking.draining:
        return False
    connection.execute(
        "UPDATE homes SET wanted_id = ?, wanted_incarnation = ?, wanted_at_ms = ? WHERE name = ?",
        (*me, transaction.now_ms, home),
    )
    return True
