"""What rows and snapshots say of a document beside its bytes: who owns which client id, and which epoch it is in.

Owns the versioned body of a document's snapshot (1: the bytes alone; 2: bytes, owners, epoch, retired ids) and the fold
of its rows. Invariant: the fold of snapshot and rows after it equals the fold of all rows, which can always be read: a
snapshot of version 1 has its owners read from them again. Rows come from the ledger; goes to `collab` rooms and whoever
reads history.
"""

from __future__ import annotations

import dataclasses

from collab.limits import Limits
from collab.ports import Entry, Lineage, Loaded
from collab.renewal import without_burial
from collab.updates import read_header
from storage.codec import decode, decode_versioned, encode
from storage.ledger.protocol import Event, Snapshot

UPDATES_TYPE = "updates"

RENEWED_TYPE = "renewed"
"""A row that starts an epoch (its number is the row's turn). Its one entry holds the whole document under fresh ids,
and a deletion of everything before it: who folds all rows, as history does, reads the right text too."""

SNAPSHOT_VERSION = 2

_LOGGED = dataclasses.replace(Limits(), structs_per_update_max=1 << 53, delete_ranges_per_update_max=1 << 53)


def pack(snapshot: bytes, lineage: Lineage) -> bytes:
    """The body of a snapshot of version 2."""
    by_owner: dict[str, list[int]] = {}
    for client, principal in lineage.owners.items():
        by_owner.setdefault(principal, []).append(client)
    owners = [[principal, clients] for principal, clients in by_owner.items()]
    return encode([snapshot, owners, lineage.epoch, sorted(lineage.retired)], version=SNAPSHOT_VERSION)


def unpack(snapshot: Snapshot) -> tuple[bytes, Lineage | None]:
    """The document's bytes; its lineage is None in version 1: fold the rows up to the snapshot for it.

    Raises `CodecError` for a body that is neither.
    """
    if snapshot.version == 1:
        return snapshot.body, None
    _, (body, owners, epoch, retired) = decode_versioned(snapshot.body)
    bound = {client: principal for principal, clients in owners for client in clients}
    return body, Lineage(bound, epoch, frozenset(retired))


def updates_of(body: bytes) -> list[Entry]:
    """The entries of a row of kind UPDATES, names included where they were known."""
    return [Entry(*fields) for fields in decode(body)]


class Fold:
    """A document read from its snapshot and the rows after it, in order."""

    def __init__(self, snapshot: bytes | None = None, seq: int = 0, lineage: Lineage | None = None) -> None:
        known = lineage or Lineage()
        self._snapshot, self._snapshot_seq, self.seq = snapshot, seq, seq
        self._owners, self._epoch, self._retired = dict(known.owners), known.epoch, set(known.retired)
        self._tail: list[bytes] = []

    def add(self, row: Event) -> None:
        renewed = row.type == RENEWED_TYPE
        if renewed:
            self._epoch = row.turn
            self._retired.update(self._owners)
            self._owners.clear()
            self._tail.clear()
            self._snapshot, self._snapshot_seq = None, row.seq
        for entry in updates_of(row.body):
            self._tail.append(without_burial(entry.update) if renewed else entry.update)
            self._bind(entry)
        self.seq = row.seq

    def _bind(self, entry: Entry) -> None:
        blocks = entry.update[0]  # how many clients it brings structs of
        if blocks == 1 and entry.client:
            self._owners.setdefault(entry.client, entry.principal)
        elif blocks:
            for client, _, _ in read_header(entry.update, _LOGGED).structs:
                self._owners.setdefault(client, entry.principal)

    def lineage(self) -> Lineage:
        return Lineage(dict(self._owners), self._epoch, frozenset(self._retired))

    def loaded(self) -> Loaded:
        return Loaded(self._snapshot, self._snapshot_seq, self._tail, self.seq, self.lineage())
