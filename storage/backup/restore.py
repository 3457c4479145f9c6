"""A backup made a living ledger again: into an empty place, behind a fence.

Owns the lifting of epochs. The invariant: a host of before the backup, revived, can write nothing: every home begins a
new epoch that is higher than any the old world can have reached (the wall clock's milliseconds: it would have had to
claim the home once a millisecond ever since), and the first row of that epoch says that the home was restored.
"""

from __future__ import annotations

from pathlib import Path

from storage import codec
from storage.backup import objects, stream
from storage.backup.manifest import LEDGER_FILE, OBJECTS_FILE, Manifest
from storage.backup.tables import EVENTS, TABLES, Head, Row, Sink
from storage.ledger.protocol import OWNERSHIP_DOC, OWNERSHIP_TYPE, Kind
from storage.objects.protocol import ObjectStore

RESTORED_BY = "@restore"
_TABLES = {table.name: table for table in TABLES}


def lifted(epoch: int, now_ms: int) -> int:
    """An epoch above everything the world of `epoch` can have reached by now."""
    return max(epoch + 1, now_ms)


def ownership_row(seq: int, epoch: int, now_ms: int, origin: str) -> Row:
    """The first row of a restored home's new epoch. `origin`: the backup's date."""
    body = codec.encode({"host": RESTORED_BY, "incarnation": origin, "peer": ""})
    named = {
        "seq": seq,
        "epoch": epoch,
        "at_ms": now_ms,
        "doc": OWNERSHIP_DOC,
        "kind": int(Kind.OWNERSHIP),
        "type": OWNERSHIP_TYPE,
        "body": body,
        "scene": None,
        "turn": 0,
        "version": 1,
        "source": RESTORED_BY,
        "confidence": None,
        "narrative_ts": 0,
    }
    return [named[column] for column in EVENTS.columns]


def restore_ledger(folder: Path, manifest: Manifest, sink: Sink, now_ms: int) -> int:
    """Fill the sink and commit it; how many homes. Raises `Damaged`; then nothing is stored."""
    homes = 0
    try:
        for record in stream.read(folder / LEDGER_FILE):
            if record.kind == EVENTS.name:
                sink.events(record.home, record.rows)
            elif record.kind == "home":
                epoch, seq, _ = record.rows[0]
                epoch, seq = lifted(epoch, now_ms), seq + 1
                sink.events(record.home, [ownership_row(seq, epoch, now_ms, manifest.taken_at)])
                sink.home(Head(record.home, epoch, seq))
                homes += 1
            elif record.kind in _TABLES:
                sink.rows(_TABLES[record.kind], record.rows)
            else:
                raise stream.Damaged(
                    LEDGER_FILE, f"{record.kind!r} is unknown to this version: restore with a newer one"
                )
        sink.commit()
    except BaseException:
        sink.abort()
        raise
    return homes


async def restore_objects(folder: Path, store: ObjectStore, told: objects.Listed) -> None:
    """Put every object of the backup into the store."""
    done = size = 0
    for record in stream.read(folder / OBJECTS_FILE):
        for row in record.rows:
            await objects.give_back(store, folder, row)
            done, size = done + 1, size + row[objects.SIZE]
            told(done, size)
