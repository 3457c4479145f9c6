"""A project at a point of its past as a new project: out of the living ledger or a backup, into the living ledger.

Owns the order of the work and its answer. Invariants: the original is read, never written; the copy appears whole, by
its last transaction; asked again with the same key it is the same copy. Objects are shared with the original: they are
written once and never changed; out of a backup, those that are gone come back with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from actors.commands import CommandError
from actors.project.copying import Copied, Copying
from actors.runtime.ids import derive_id
from serve_app.row_stores import open_into, open_source
from serve_app.stores import objects_from_environment
from storage.backup import objects, stream
from storage.backup.check import named_objects
from storage.backup.manifest import LEDGER_FILE, OBJECTS_FILE, folder_of, load
from storage.backup.tables import EVENTS, RESPONSES, VIEWS, Into, Row, Source
from storage.codec import decode, encode
from storage.ledger.archive import ARCHIVE, chunk_of, unpack
from storage.ledger.protocol import Event, Kind, View
from storage.objects.protocol import ObjectStore

BATCH_ROWS = 500
BATCH_BYTES = 512 * 1024
"""Of one transaction: how long others may wait behind it (about 10 ms)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`at`: the last sequence that is in the copy; `at_ms`: the last moment; neither: all there is. `key`: names the
    request, so that a retry is the same copy."""

    project: str
    by: str
    key: str
    at: int | None = None
    at_ms: int | None = None

    @property
    def home(self) -> str:
        return derive_id("prj", "copy", self.by, self.key)

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(encode([self.project, self.at, self.at_ms])).digest()


@dataclass(frozen=True, slots=True)
class Done:
    project: str
    sequence: int
    title: str
    replayed: bool = False


def copy_living(data_dir: Path, asked: Asked, now_ms: int, database_url: str = "") -> Done:
    """Raises `CommandError` NOT_FOUND, BAD_SEQUENCE, IDEMPOTENCY_KEY_REUSED, and the ledger's `Unavailable`."""
    source, into = open_source(data_dir, database_url), open_into(data_dir, database_url)
    try:
        rows = with_archived(source, objects_from_environment(data_dir, os.environ), asked.project)
        return copy(rows, into, asked, now_ms)[0]
    finally:
        into.close()
        source.close()


def with_archived(source: Source, store: ObjectStore, home: str) -> Iterator[Row]:
    """Every row of a project: those that have gone to the object store, then those that have not.

    Raises `ArchiveDamaged`, `ObjectStoreError`.
    """
    last = 0
    for view in source.rows(VIEWS):
        if view[VIEWS.at("kind")] == ARCHIVE and view[VIEWS.at("home")] == home:
            chunk = chunk_of(View(*view))
            for event in unpack(chunk, asyncio.run(store.get(chunk.key))):
                yield [getattr(event, name) for name in EVENTS.columns]
            last = chunk.last
    yield from (row for row in source.events(home) if row[EVENTS.at("seq")] > last)


def copy_from_backup(place: Path, data_dir: Path, asked: Asked, now_ms: int, database_url: str = "") -> Done:
    """As `copy_living`, and `Damaged`. The backup is believed as far as it is read: every frame has its checksum."""
    folder = folder_of(place)
    into = open_into(data_dir, database_url)
    try:
        origin = load(folder).taken_at
        rows = _rows_of(folder, asked.project)
        done, views = copy(rows, into, asked, now_ms, origin)
    finally:
        into.close()
    asyncio.run(_bring_objects(folder, objects_from_environment(data_dir, os.environ), views))
    return done


def copy(rows: Iterable[Row], into: Into, asked: Asked, now_ms: int, origin: str = "") -> tuple[Done, list[View]]:
    """The whole of it, over whatever gives rows and takes them."""
    if not into.begin(asked.home):
        return _replayed(into, asked), []
    try:
        return _copied(rows, into, asked, now_ms, origin)
    except BaseException:
        into.begin(asked.home)  # wipes what was written of it
        raise


def _copied(rows: Iterable[Row], into: Into, asked: Asked, now_ms: int, origin: str) -> tuple[Done, list[View]]:
    copying = Copying(asked.project, asked.home, by=asked.by, now_ms=now_ms, origin=origin)
    batch: list[Row] = []
    size = last = 0
    for event in _upto(rows, asked):
        if not last and event.seq > 1:
            words = "its oldest rows have left the ledger: copy it out of a backup from before"
            raise CommandError("ROWS_ARCHIVED", words, ("projectId",))
        made = copying.take(event)
        batch.append(_row(made))
        size, last = size + len(made.body), event.seq
        if size >= BATCH_BYTES or len(batch) >= BATCH_ROWS:
            into.rows(asked.home, batch)
            batch, size = [], 0
    if asked.at is not None and last < asked.at:
        raise CommandError("BAD_SEQUENCE", f"the project has no sequence {asked.at}: its last is {last}", ("sequence",))
    copied = copying.finish()
    end = [*batch, *map(_row, copied.rows)]
    seq = copied.rows[-1].seq
    into.end(asked.home, end, [_view(view) for view in copied.views], [_answer(asked, copied, seq)])
    return Done(asked.home, seq, copied.title), copied.views


def _upto(rows: Iterable[Row], asked: Asked) -> Iterator[Event]:
    for row in rows:
        named = dict(zip(EVENTS.columns, row, strict=True))
        if (asked.at is not None and named["seq"] > asked.at) or (
            asked.at_ms is not None and named["at_ms"] > asked.at_ms
        ):
            return
        yield Event(home=asked.project, **{**named, "kind": Kind(named["kind"])})


def _replayed(into: Into, asked: Asked) -> Done:
    found = into.answer(asked.home, asked.by, asked.key)
    if found is None or found[0] != asked.digest:
        raise CommandError("IDEMPOTENCY_KEY_REUSED", "this key was used for another request", ("idempotencyKey",))
    return Done(asked.home, found[2], str(decode(found[1])["title"]), replayed=True)


def _row(event: Event) -> Row:
    return [int(event.kind) if column == "kind" else getattr(event, column) for column in EVENTS.columns]


def _view(view: View) -> Row:
    return [getattr(view, column) for column in VIEWS.columns]


def _answer(asked: Asked, copied: Copied, seq: int) -> Row:
    named = {
        "home": asked.home,
        "principal": asked.by,
        "key": asked.key,
        "request_hash": asked.digest,
        "body": encode({"ids": {"project": asked.home}, "title": copied.title}),
        "seq": seq,
    }
    return [named[column] for column in RESPONSES.columns]


def _rows_of(folder: Path, project: str) -> Iterator[Row]:
    for record in stream.read(folder / LEDGER_FILE):
        if record.home == project:
            if record.kind != EVENTS.name:
                return
            yield from record.rows


async def _bring_objects(folder: Path, store: ObjectStore, views: list[View]) -> None:
    """What the copy's projections name and whatever lies beside it (a playlist's pieces), where it is gone."""
    named = {key for view in views for key in named_objects(decode(view.body or b""))}
    beside = {key.rpartition("/")[0] for key in named}
    for record in stream.read(folder / OBJECTS_FILE):
        for row in record.rows:
            key = row[objects.KEY]
            if key.rpartition("/")[0] in beside and await store.head(key) is None:
                await objects.give_back(store, folder, row)
