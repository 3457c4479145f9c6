"""Cold rows of a home as chunks: their bytes, their hash, and the list that says where they are.

Owns the format of an archive chunk and its row in the list, a view of kind `archive` that the home's owner appends like
any other. The invariant: a chunk in the list can be read back whole, or reading it is a typed error that names the
range; rows leave the ledger only after their chunk is in the list. No I/O here: `archived` reads and writes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from storage.codec import CodecError, decode, encode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Event, Kind, View

ARCHIVE = "archive"
"""The kind of view that lists a home's chunks, by their first sequence."""

CHUNK_ROWS = 5_000
CHUNK_BYTES = 4 * 1024 * 1024
"""A chunk ends at so many rows, or after the row whose bodies reach so many bytes. Larger: a look at one old row reads
more; smaller: more objects."""

DOCS_LISTED = 256
"""Streams named in the list for a chunk, so that readers of others skip it. Over: the chunk is read for everybody."""

UNPACKED_BYTES_MAX = 64 * 1024 * 1024
"""An unpacked chunk. Over: it is refused as damaged."""

TRIM_ROWS = 500
"""Rows taken out of the ledger in one transaction. More: whoever types waits for it."""


class ArchiveDamaged(LedgerError):
    """An archive chunk is gone, or is not what was put there. Trying again does not help: restore the object."""

    code = "ARCHIVE_DAMAGED"
    retryable = False

    def __init__(self, home: str, first: int, last: int, key: str, why: str) -> None:
        super().__init__(home, first, last, key, why)
        self.home, self.first, self.last, self.key, self.why = home, first, last, key, why

    def __str__(self) -> str:
        return f"{self.home}: rows {self.first} to {self.last} are archived in {self.key}, which {self.why}"


class ArchiveUnreadable(LedgerError):
    """The object store does not answer now."""

    code = "ARCHIVE_UNREADABLE"
    retryable = True

    def __init__(self, home: str, first: int, last: int, why: str) -> None:
        super().__init__(home, first, last, why)
        self.home, self.first, self.last, self.why = home, first, last, why

    def __str__(self) -> str:
        return f"{self.home}: rows {self.first} to {self.last} are archived and cannot be read now: {self.why}"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows `first` to `last` of a home. `docs`: the streams they belong to, each with its last row here; None: too many
    to list."""

    home: str
    first: int
    last: int
    key: str
    sha256: str
    bytes: int
    docs: tuple[tuple[str, int], ...] | None

    @property
    def id(self) -> str:
        return f"{self.home}/{self.first:015d}"

    def may_hold(self, doc: str | None, after: int) -> bool:
        """Whether there may be rows of the stream after that sequence: whoever has a snapshot there opens no chunk."""
        if self.last <= after:
            return False
        return doc is None or self.docs is None or any(name == doc and last > after for name, last in self.docs)


@runtime_checkable
class Trims(Protocol):
    """A ledger that lets archived rows go."""

    async def archive_list(self, home: str, *, after: tuple[str, str] | None, limit: int) -> list[View]:
        """The home's chunks by their first sequence, as of the newest commit: a list that lags hides rows."""
        ...

    async def trim(self, chunk: Chunk, *, epoch: int, limit: int = TRIM_ROWS) -> int:
        """Delete up to `limit` of the chunk's rows, lowest first; how many. Raises `Fenced` unless `epoch` owns the
        home, `Conflict` unless the chunk is in the list and nothing before it is left, all as of the same
        transaction; then nothing is deleted."""
        ...


@runtime_checkable
class Archive(Trims, Protocol):
    """What an owner asks of a ledger that has an archive. Every method may raise `LedgerError`."""

    async def chunks(self, home: str) -> list[Chunk]:
        """The list, in order."""
        ...

    async def in_ledger(self, home: str, after: int, limit: int) -> list[Event]:
        """Rows that have not left the ledger."""
        ...

    async def store(self, rows: Sequence[Event]) -> Chunk:
        """Put consecutive rows of one home into the object store and read them back. They are in no list yet."""
        ...


def pack(rows: Sequence[Event]) -> tuple[Chunk, bytes]:
    """A chunk of consecutive rows of one home, and the object's bytes: the same for the same rows."""
    body = [
        [e.seq, e.epoch, e.at_ms, e.doc, int(e.kind), e.type, e.body, e.scene, e.turn, e.version, e.source,
         e.confidence, e.narrative_ts]
        for e in rows
    ]  # fmt: skip
    data = zlib.compress(encode(body), 6)
    sha256 = hashlib.sha256(data).hexdigest()
    home, first, last = rows[0].home, rows[0].seq, rows[-1].seq
    docs = tuple(sorted({row.doc: row.seq for row in rows}.items()))
    key = f"internal/archive/{home}/{first:015d}-{last:015d}-{sha256[:16]}"
    return Chunk(home, first, last, key, sha256, len(data), docs if len(docs) <= DOCS_LISTED else None), data


def unpack(chunk: Chunk, data: bytes) -> list[Event]:
    """Raises `ArchiveDamaged`."""

    def damaged(why: str) -> ArchiveDamaged:
        return ArchiveDamaged(chunk.home, chunk.first, chunk.last, chunk.key, why)

    if hashlib.sha256(data).hexdigest() != chunk.sha256:
        raise damaged("has another hash than was listed")
    try:
        rows = decode(zlib.decompressobj().decompress(data, UNPACKED_BYTES_MAX))
        found = [
            Event(chunk.home, seq, epoch, at_ms, doc, Kind(kind), *rest) for seq, epoch, at_ms, doc, kind, *rest in rows
        ]
    except (zlib.error, CodecError, TypeError, ValueError) as error:
        raise damaged(f"does not read ({type(error).__name__})") from error
    if [row.seq for row in found] != list(range(chunk.first, chunk.last + 1)):
        raise damaged("holds other rows than was listed")
    return found


def view_of(chunk: Chunk) -> View:
    """The chunk's row in the list."""
    docs = None if chunk.docs is None else [list(each) for each in chunk.docs]
    body = {
        "first": chunk.first,
        "last": chunk.last,
        "key": chunk.key,
        "sha256": chunk.sha256,
        "bytes": chunk.bytes,
        "docs": docs,
    }
    return View(ARCHIVE, chunk.id, chunk.home, "", f"{chunk.first:015d}", encode(body))


def chunk_of(view: View) -> Chunk:
    body = decode(view.body or b"")
    docs = None if body["docs"] is None else tuple((doc, last) for doc, last in body["docs"])
    return Chunk(view.home, body["first"], body["last"], body["key"], body["sha256"], body["bytes"], docs)


def cut(rows: Sequence[Event]) -> list[Sequence[Event]]:
    """Consecutive rows as chunks."""
    found: list[Sequence[Event]] = []
    start, size = 0, 0
    for at, row in enumerate(rows):
        size += len(row.body)
        if at + 1 - start >= CHUNK_ROWS or size >= CHUNK_BYTES:
            found.append(rows[start : at + 1])
            start, size = at + 1, 0
    if start < len(rows):
        found.append(rows[start:])
    return found
