"""A ledger as one file: checked frames of rows, homes one after the other, then the other tables.

Owns the file's form. The invariant: a reader is given a frame's rows only if its checksum holds, and a file without its
last frame is told from a whole one. Written by `take`, read by `restore`, `check` and the copy of one project.

File: MAGIC, then frames: length (u32), CRC-32 of length and payload (u32), payload: zlib of a codec blob [kind, home,
rows]. The last frame is ["end", "", [[records]]].
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from storage import codec
from storage.backup.tables import EVENTS, TABLES, Record, Row, Source

MAGIC = b"SFBK1\n"
_FRAME = struct.Struct(">II")

BATCH_BYTES = 512 * 1024
BATCH_ROWS = 1000
"""Rows of a frame: what is held in memory, and what is lost sight of when one byte is wrong."""

FRAME_BYTES_MAX = 2 * codec.BLOB_BYTES_MAX
"""A length above it is a damaged one."""

COMPRESSION = 1
"""zlib's fastest: most bytes are CRDT updates and pictures' metadata; more effort takes the hosts' time for little."""


class Damaged(Exception):
    """A file of a backup is not what was written. `where` names the place."""

    code = "BACKUP_DAMAGED"
    retryable = False

    def __init__(self, file: str, where: str) -> None:
        super().__init__(file, where)
        self.file, self.where = file, where

    def __str__(self) -> str:
        return f"{self.file}: {self.where}"


def digest_of(home: str) -> hashlib._Hash:
    """The rolling hash of a home's rows: begin here, `update` with `row_bytes` of each."""
    return hashlib.sha256(home.encode())


def row_bytes(row: Row) -> bytes:
    return codec.encode(row)


def records(source: Source) -> Iterator[Record]:
    """Everything of a ledger; a home's digest comes after its events."""
    for head in source.homes():
        digest = digest_of(head.home)
        for batch in _batches(source.events(head.home)):
            for row in batch:
                digest.update(row_bytes(row))
            yield Record(EVENTS.name, head.home, batch)
        yield Record("home", head.home, [[head.epoch, head.seq, digest.hexdigest()]])
    for table in TABLES:
        for batch in _batches(source.rows(table)):
            yield Record(table.name, "", batch)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if size >= BATCH_BYTES or len(batch) >= BATCH_ROWS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def write(found: Iterable[Record], out: BinaryIO, told: Callable[[Record], None] = lambda _: None) -> str:
    """Write a stream; returns the SHA-256 of the file."""
    digest = hashlib.sha256()

    def put(data: bytes) -> None:
        out.write(data)
        digest.update(data)

    put(MAGIC)
    count = 0
    for record in found:
        put(_framed(record))
        count += 1
        told(record)
    put(_framed(Record("end", "", [[count]])))
    return digest.hexdigest()


def _framed(record: Record) -> bytes:
    payload = zlib.compress(codec.encode(list(record)), COMPRESSION)
    length = struct.pack(">I", len(payload))
    return length + struct.pack(">I", zlib.crc32(payload, zlib.crc32(length))) + payload


def read(path: Path, on_damage: Callable[[Damaged], None] | None = None) -> Iterator[Record]:
    """The records of a file. Raises `Damaged`, or tells it and goes on with the next frame where that can be found."""
    tell = on_damage or _raise
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            tell(Damaged(path.name, "it does not begin as a backup of a ledger does"))
            return
        count, last = 0, "the beginning"
        while head := file.read(_FRAME.size):
            place = f"frame {count + 1} at byte {file.tell() - len(head)}, after {last}"
            length, crc = _FRAME.unpack(head) if len(head) == _FRAME.size else (FRAME_BYTES_MAX, 0)
            payload = file.read(length) if length < FRAME_BYTES_MAX else b""
            if len(payload) < length:
                tell(Damaged(path.name, f"{place}: it is cut short or its length is wrong"))
                return
            count += 1
            record = _opened(payload) if zlib.crc32(payload, zlib.crc32(head[:4])) == crc else None
            if record is None:
                tell(Damaged(path.name, f"{place}: its checksum does not hold"))
                continue
            if record.kind == "end":
                if record.rows != [[count - 1]] or file.read(1):
                    tell(Damaged(path.name, f"{place}: the end says {record.rows} records"))
                return
            last = f"{record.kind} {record.home}".strip()
            yield record
        tell(Damaged(path.name, f"it ends after {last}, without its last frame"))


def _opened(payload: bytes) -> Record | None:
    try:
        kind, home, rows = codec.decode(zlib.decompress(payload), bytes_max=codec.BLOB_BYTES_MAX)
    except (zlib.error, ValueError, TypeError):
        return None
    table = _TABLES.get(kind)
    return Record(kind, home, rows if table is None else [table.whole(row) for row in rows])


_TABLES = {table.name: table for table in TABLES}


def _raise(damage: Damaged) -> None:
    raise damage
