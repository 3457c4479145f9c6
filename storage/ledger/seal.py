"""Snapshots with a seal: what is read back is what was written, or it is refused.

Owns the sealed form of a snapshot's body: a SHA-256 over document, sequence, version and bytes stands before the bytes
(not over the home: a copy of a project has another), and the version column says that it does (`SEALED` is added). The
invariant: a body that was changed, cut, or put under another document or sequence never reads as a snapshot. Snapshots
older than seals have none and are believed. Rooms and actors seal what they keep and open what they load.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Snapshot

SEALED = 256
"""Added to the version of a sealed snapshot. Bodies' own versions are 1..255 (`storage.codec`)."""

_DIGEST_BYTES = 32


class CorruptSnapshot(LedgerError):
    """A kept snapshot is not what was written. An older one, or the log, says the same."""

    code = "SNAPSHOT_CORRUPT"
    retryable = False

    def __init__(self, home: str, doc: str, seq: int, why: str) -> None:
        super().__init__(home, doc, seq, why)
        self.home, self.doc, self.seq, self.why = home, doc, seq, why

    def __str__(self) -> str:
        return f"{self.home} {self.doc}: the snapshot at sequence {self.seq} {self.why}"


def seal(snapshot: Snapshot) -> Snapshot:
    """The form to store."""
    return replace(snapshot, version=snapshot.version + SEALED, body=digest_of(snapshot) + snapshot.body)


def unseal(stored: Snapshot) -> Snapshot:
    """The snapshot as it was sealed. Raises `CorruptSnapshot`."""
    if stored.version < SEALED:
        return stored
    digest, body = stored.body[:_DIGEST_BYTES], stored.body[_DIGEST_BYTES:]
    found = replace(stored, version=stored.version - SEALED, body=body)
    if digest != digest_of(found):
        raise CorruptSnapshot(stored.home, stored.doc, stored.seq, "has another hash than it was kept with")
    return found


def digest_of(snapshot: Snapshot) -> bytes:
    """The hash of an unsealed snapshot."""
    digest = hashlib.sha256()
    for word in (snapshot.doc, str(snapshot.seq), str(snapshot.version)):
        raw = word.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(4, "big") + raw)
    digest.update(snapshot.body)
    return digest.digest()
