"""One ledger out of two places: rows that are in the database, and older ones in the object store.

Owns the join and a few unpacked chunks. The invariant: whoever reads gets every row once, in order, wherever it is, or
a typed error that names the missing range; never a shorter history. A row may move while it is read: the database is
read first and the list of chunks after it, and a chunk is listed before its rows leave, so a row that had left is found
in a chunk. Everything that is not a read of rows goes straight to the ledger behind.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, cast

from storage.ledger.archive import (
    TRIM_ROWS,
    ArchiveDamaged,
    ArchiveUnreadable,
    Chunk,
    Trims,
    chunk_of,
    pack,
    unpack,
)
from storage.ledger.protocol import Event, Kind, Ledger
from storage.objects.protocol import ObjectStore, ObjectStoreError

CHUNKS_KEPT = 4
"""Unpacked chunks in memory. One page of history after another reads the same one."""

LIST_ROWS = 1_000
"""Chunks read of a list at once."""


class ArchivedLedger:
    """`storage.ledger.protocol.Ledger` and `storage.ledger.archive.Archive` over a ledger and an object store."""

    def __init__(self, inner: Ledger, objects: ObjectStore) -> None:
        self._inner, self._objects = inner, objects
        self._kept: OrderedDict[str, list[Event]] = OrderedDict()
        self.append = inner.append  # the hot path: no frame of ours

    def __repr__(self) -> str:
        return f"<archived {self._inner!r}>"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(
        self,
        home: str,
        *,
        doc: str | None = None,
        after: int = 0,
        upto: int | None = None,
        kinds: Sequence[Kind] | None = None,
        limit: int = 1000,
    ) -> list[Event]:
        start = after
        while True:
            rows = await self._inner.read(home, doc=doc, after=start, upto=upto, kinds=kinds, limit=limit)
            chunks = await self.chunks(home)
            archived = chunks[-1].last if chunks else 0
            if archived <= start:
                break
            start = archived
        old: list[Event] = []
        for chunk in chunks:
            if len(old) >= limit or (upto is not None and chunk.first > upto):
                break
            if chunk.may_hold(doc, after):
                old += [
                    row
                    for row in await self._rows(chunk)
                    if row.seq > after
                    and (upto is None or row.seq <= upto)
                    and (doc is None or row.doc == doc)
                    and (kinds is None or row.kind in kinds)
                ]
        return [*old, *rows][: max(limit, 0)]

    async def read_back(self, home: str, *, before: int | None, scene: str | None, limit: int) -> list[Event]:
        rows = await self._inner.read_back(home, before=before, scene=scene, limit=limit)
        if len(rows) >= limit or (rows and rows[-1].seq == 1):
            return rows
        chunks = await self.chunks(home)
        if not chunks:
            return rows
        rows = [row for row in rows if row.seq > chunks[-1].last]  # older ones may have been leaving: the chunks say
        below = chunks[-1].last + 1 if before is None else before
        for chunk in reversed(chunks):
            if len(rows) >= limit:
                break
            if chunk.first < below:
                rows += [
                    row
                    for row in reversed(await self._rows(chunk))
                    if row.seq < below and (scene is None or row.scene == scene)
                ]
        return rows[: max(limit, 0)]

    async def chunks(self, home: str) -> list[Chunk]:
        found: list[Chunk] = []
        after: tuple[str, str] | None = None
        while True:
            page = await cast(Trims, self._inner).archive_list(home, after=after, limit=LIST_ROWS)
            found += map(chunk_of, page)
            if len(page) < LIST_ROWS:
                return found
            after = page[-1].order_key, page[-1].id

    async def in_ledger(self, home: str, after: int, limit: int) -> list[Event]:
        return await self._inner.read(home, after=after, limit=limit)

    async def store(self, rows: Sequence[Event]) -> Chunk:
        """Raises `ArchiveUnreadable` when the store refuses, `ArchiveDamaged` when it gives back something else."""
        chunk, data = await asyncio.to_thread(pack, rows)
        try:
            await self._objects.put(chunk.key, data, content_type="application/octet-stream")
        except ObjectStoreError as error:
            raise ArchiveUnreadable(chunk.home, chunk.first, chunk.last, str(error)) from error
        if await self._fetch(chunk) != list(rows):
            raise ArchiveDamaged(chunk.home, chunk.first, chunk.last, chunk.key, "holds something else")
        return chunk

    async def trim(self, chunk: Chunk, *, epoch: int, limit: int = TRIM_ROWS) -> int:
        return await cast(Trims, self._inner).trim(chunk, epoch=epoch, limit=limit)

    async def _rows(self, chunk: Chunk) -> list[Event]:
        found = self._kept.get(chunk.key)
        if found is None:
            found = self._kept[chunk.key] = await self._fetch(chunk)
        self._kept.move_to_end(chunk.key)
        while len(self._kept) > CHUNKS_KEPT:
            self._kept.popitem(last=False)
        return found

    async def _fetch(self, chunk: Chunk) -> list[Event]:
        try:
            data = await self._objects.get(chunk.key)
        except ObjectStoreError as error:
            if error.code == "NOT_FOUND":
                raise ArchiveDamaged(chunk.home, chunk.first, chunk.last, chunk.key, "is gone") from error
            raise ArchiveUnreadable(chunk.home, chunk.first, chunk.last, str(error)) from error
        return await asyncio.to_thread(unpack, chunk, data)


def with_archive(inner: Ledger, objects: ObjectStore) -> Ledger:
    """The ledger whose rows may have gone to these objects."""
    return cast(Ledger, ArchivedLedger(inner, objects))
