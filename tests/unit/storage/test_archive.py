"""A-77: an archive chunk that is gone or damaged is an error that names its rows, never a shorter history."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from storage.backup.source_sqlite import SqliteSource
from storage.backup.verify import verify_living
from storage.ledger.archive import (
    CHUNK_BYTES,
    CHUNK_ROWS,
    ArchiveDamaged,
    ArchiveUnreadable,
    Chunk,
    chunk_of,
    cut,
    pack,
    unpack,
    view_of,
)
from storage.ledger.archived import ArchivedLedger
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Event, HostRow, Kind, NewEvent
from storage.ledger.sqlite import SqliteLedger
from storage.ledger.verify import faults
from storage.objects.local import LocalObjects
from storage.objects.protocol import ObjectStoreError

pytestmark = pytest.mark.unit
HOST = HostRow("h", "i", 1, "127.0.0.1:1")


def row(seq: int, body: bytes = b"b", doc: str = "@project") -> Event:
    return Event("prj_1", seq, 1, 1_700_000_000_000 + seq, doc, Kind.EVENT, "t", body, "s", 2, 1, "me", 0.5, 7)


async def archived(folder: Path) -> tuple[ArchivedLedger, Chunk]:
    """Ten rows, the first six of them in a chunk alone."""
    inner = MemoryLedger()
    await inner.heartbeat(HOST, 60_000)
    claim = await inner.claim("prj_1", HOST)
    rows = tuple(NewEvent("@project", Kind.EVENT, "t", b"%d" % n) for n in range(9))
    await inner.append(Append("prj_1", claim.epoch, claim.seq, rows))
    ledger = ArchivedLedger(inner, LocalObjects(folder))
    chunk = await ledger.store(await ledger.in_ledger("prj_1", 0, 6))
    await inner.append(Append("prj_1", claim.epoch, 10, (), (view_of(chunk),)))
    assert await ledger.trim(chunk, epoch=claim.epoch) == 6
    return ledger, chunk


def test_a_chunk_and_its_list_row_read_back() -> None:
    """A-77, S-41: every column; the same rows make the same object."""
    rows = [row(3), replace(row(4, b"", "scene:s"), scene=None, confidence=None, kind=Kind.UPDATES)]
    chunk, data = pack(rows)
    assert unpack(chunk, data) == rows
    assert pack(rows) == (chunk, data)
    assert chunk_of(view_of(chunk)) == chunk
    assert chunk.docs == (("@project", 3), ("scene:s", 4))
    many = pack([row(n, doc=f"d{n}") for n in range(1, 400)])[0]
    assert many.docs is None
    assert chunk_of(view_of(many)) == many


def test_what_is_not_the_chunk_is_refused() -> None:
    """A-77: other bytes, or other rows under a hash that fits."""
    chunk, data = pack([row(1), row(2)])
    other, others = pack([row(1), row(3)])
    for bad in (
        lambda: unpack(chunk, data[:-1]),
        lambda: unpack(chunk, data + b"x"),
        lambda: unpack(replace(chunk, sha256=other.sha256), others),
        lambda: unpack(replace(chunk, sha256=_sha(b"no")), b"no"),
    ):
        with pytest.raises(ArchiveDamaged, match=r"prj_1: rows 1 to 2 are archived in internal/archive/prj_1/"):
            bad()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


READS: dict[str, Callable[[ArchivedLedger], Awaitable[object]]] = {
    "read": lambda ledger: ledger.read("prj_1"),
    "read_back": lambda ledger: ledger.read_back("prj_1", before=None, scene=None, limit=50),
}


@pytest.mark.parametrize("how", sorted(READS))
async def test_a_damaged_or_missing_object_is_named(tmp_path: Path, how: str) -> None:
    """A-77: both ways of reading; newer rows are served as before."""
    ledger, chunk = await archived(tmp_path)
    path = tmp_path / "data" / chunk.key
    whole = path.read_bytes()
    path.write_bytes(whole[:-3] + b"bad")
    with pytest.raises(ArchiveDamaged, match="has another hash"):
        await READS[how](ArchivedLedger(ledger._inner, ledger._objects))
    assert [r.seq for r in await ledger.read("prj_1", after=6)] == [7, 8, 9, 10]
    assert [r.seq for r in await ledger.read_back("prj_1", before=None, scene=None, limit=4)] == [10, 9, 8, 7]
    path.unlink()
    fresh = ArchivedLedger(ledger._inner, ledger._objects)
    with pytest.raises(ArchiveDamaged, match=r"rows 1 to 6.*is gone"):
        await READS[how](fresh)
    assert await faults(fresh, "prj_1") == [  # type: ignore[arg-type]
        f"prj_1: rows 1 to 6 are archived in {chunk.key}, which is gone"
    ]
    path.write_bytes(whole)
    await READS[how](fresh)
    assert await faults(fresh, "prj_1") == []  # type: ignore[arg-type]


class Away(LocalObjects):
    """A store that cannot be reached."""

    async def get(self, key: str) -> bytes:
        raise ObjectStoreError("IO", "the store is away", True)


async def test_a_store_that_does_not_answer_is_retryable(tmp_path: Path) -> None:
    """A-77: nothing is said to be gone that only cannot be reached; and nothing is listed that was not read back."""
    ledger, _ = await archived(tmp_path)
    away = ArchivedLedger(ledger._inner, Away(tmp_path))
    with pytest.raises(ArchiveUnreadable) as fault:
        await away.read("prj_1")
    assert fault.value.retryable
    with pytest.raises(ArchiveUnreadable):
        await away.store(await away.in_ledger("prj_1", 6, 2))


async def test_readers_of_other_streams_open_no_chunk(tmp_path: Path) -> None:
    """A-77: the list says which streams a chunk holds."""
    ledger, chunk = await archived(tmp_path)
    (tmp_path / "data" / chunk.key).unlink()
    assert await ledger.read("prj_1", doc="scene:s1") == []
    assert [r.seq for r in await ledger.read("prj_1", doc="@project", after=6)] == [7, 8, 9, 10]
    with pytest.raises(ArchiveDamaged):
        await ledger.read("prj_1", doc="@project", after=5)


def test_chunks_end_by_rows_or_bytes() -> None:
    """A-77: whichever comes first."""
    rows = [row(n, b"x" * 10) for n in range(1, CHUNK_ROWS + 3)]
    assert [len(part) for part in cut(rows)] == [CHUNK_ROWS, 2]
    large = [row(n, b"x" * (CHUNK_BYTES // 2)) for n in range(1, 6)]
    assert [len(part) for part in cut(large)] == [2, 2, 1]


async def test_verification_of_a_whole_installation_knows_the_archive(tmp_path: Path) -> None:
    """A-77: archived rows are no gap, and their objects are looked at; rows that are nowhere are named."""
    objects = LocalObjects(tmp_path / "objects")
    inner = SqliteLedger(tmp_path / "ledger.db")
    await inner.open()
    await inner.heartbeat(HOST, 60_000)
    claim = await inner.claim("prj_1", HOST)
    rows = tuple(NewEvent("@project", Kind.EVENT, "t", b"%d" % n) for n in range(9))
    await inner.append(Append("prj_1", claim.epoch, claim.seq, rows))
    ledger = ArchivedLedger(inner, objects)
    chunk = await ledger.store(await ledger.in_ledger("prj_1", 0, 6))
    await inner.append(Append("prj_1", claim.epoch, 10, (), (view_of(chunk),)))
    await ledger.trim(chunk, epoch=claim.epoch)
    assert await living(tmp_path, objects) == []
    await objects.delete(chunk.key)
    assert len(await living(tmp_path, objects)) == 1
    await inner.append(Append("prj_1", claim.epoch, 10, (), (replace(view_of(chunk), body=None),)))
    assert await living(tmp_path, objects) == [
        "prj_1: rows up to 6 are neither in the ledger nor in the archive's list"
    ]
    await inner.close()


async def living(folder: Path, objects: LocalObjects) -> list[str]:
    source = SqliteSource(folder / "ledger.db")
    try:
        return (await verify_living(source, objects)).faults
    finally:
        source.close()
