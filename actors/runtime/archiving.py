"""Old rows of an owned home leave for the archive: what may go, in which order, and how it goes on after a crash.

Owns the steps of one run. The invariant: an object is written and read back, then it is listed, then its rows are let
go; each step may be the last one of this process, and the next run begins by finishing what is listed. Only rows behind
a checkpoint go, which everybody has re-read and a verified snapshot holds: so no actor and no room needs an archived
row to become live. Streams that keep no snapshots (ownership, proposals) are read through the archive.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.commands import CommandError
from actors.runtime.lifecycle import RowsArchived
from actors.runtime.limits import NEVER_MS
from actors.runtime.rooms import HomeLog
from collab.coverage import Coverage
from collab.folding import collect, fold, held
from collab.ports import Loaded, Refused
from collab.updates import read_header
from collab.verifying import UNBOUNDED, missing
from storage.ledger.archive import CHUNK_BYTES, CHUNK_ROWS, Archive, Chunk, view_of
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Event, Kind
from storage.ledger.seal import CorruptSnapshot, unseal

if TYPE_CHECKING:
    from actors.runtime.home import Home

logger = logging.getLogger("storyforge.runtime")

PAGE_ROWS = 500
"""Rows read at once on the way into a chunk."""


class NoArchive(LedgerError):
    """This ledger has no object store behind it."""

    code = "ARCHIVE_UNSUPPORTED"
    retryable = False


@dataclass(frozen=True, slots=True)
class Archived:
    """What a run did. `upto`: the last archived sequence of the home; `rows`: how many went in this run."""

    upto: int
    rows: int
    chunks: int


class Archiver:
    """Of one home; one run at a time."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._one = asyncio.Lock()
        self._looked_at_ms = 0

    async def run(self, *, before_ms: int, rows_min: int = 1) -> Archived:
        """Archive what was written before `before_ms` (database time) and may go; nothing, if it is under `rows_min`.

        Raises `LedgerError`: `ArchiveUnreadable` when the store refuses, `NoArchive`; then every row is where it was.
        """
        ledger = self._home.ledger
        if not isinstance(ledger, Archive):
            raise NoArchive("this ledger has no archive")
        async with self._one:
            chunks = await ledger.chunks(self._home.id)
            for chunk in chunks:
                await self._let_go(ledger, chunk)
            done = chunks[-1].last if chunks else 0
            upto = await self._upto(ledger, done, before_ms)
            rows = count = 0
            while upto - done >= (rows_min if not count else 1):
                part = await self._next(ledger, done, upto)
                if not part:
                    break
                chunk = await ledger.store(part)
                await asyncio.shield(self._home.append((), views=(view_of(chunk),)))
                await self._let_go(ledger, chunk)
                done, rows, count = chunk.last, rows + len(part), count + 1
            if count:
                self._home.announce(RowsArchived(self._home.id, done, rows))
            return Archived(done, rows, count)

    def look(self) -> None:
        """From time to time: what is old enough by the host's policy goes, beside everything else."""
        limits, now = self._home.limits, self._home.now_ms()
        if limits.archive_after_ms < NEVER_MS and now - self._looked_at_ms >= limits.archive_look_ms:
            self._looked_at_ms = now
            self._home.chore(self._go(now - limits.archive_after_ms))

    async def _go(self, before_ms: int) -> None:
        try:
            await self.run(before_ms=before_ms, rows_min=self._home.limits.archive_rows_min)
        except (LedgerError, CommandError) as error:
            logger.warning("old rows stay where they are", extra={"home": self._home.id, "code": error.code})

    async def _let_go(self, ledger: Archive, chunk: Chunk) -> None:
        """A listed chunk's rows leave the ledger, those that have not."""
        while await ledger.trim(chunk, epoch=self._home.epoch):
            pass

    async def _upto(self, ledger: Archive, done: int, before_ms: int) -> int:
        """The last sequence that may go."""
        home = self._home
        old = await self._older(ledger, done, before_ms)
        if old > done and home.checkpointed_upto() < old:
            await home.checkpoint()
        upto = min(old, home.checkpointed_upto(), home.reread_upto())
        if upto <= done:
            return done
        return await self._verified(ledger, done, upto)

    async def _older(self, ledger: Archive, done: int, before_ms: int) -> int:
        """The last row before that time; times grow with sequences."""
        low, high = done, self._home.pipeline.known
        while low < high:
            middle = (low + high + 1) // 2
            row = await ledger.in_ledger(self._home.id, middle - 1, 1)
            if row and row[0].at_ms < before_ms:
                low = middle
            else:
                high = middle - 1
        return low

    async def _verified(self, ledger: Archive, done: int, upto: int) -> int:
        """How far every stream with rows in the range is held by a verified snapshot, made now where it is not."""
        last: dict[str, int] = {}
        first: dict[str, list[int]] = {}
        after = done
        while after < upto:
            page = [row for row in await ledger.in_ledger(self._home.id, after, PAGE_ROWS) if row.seq <= upto]
            if not page:
                break
            for row in page:
                if row.kind is not Kind.OWNERSHIP:
                    last[row.doc] = row.seq
                    first.setdefault(row.doc, []).append(row.seq)
            after = page[-1].seq
        actors = self._home.actors_by_stream()
        for stream, seq in last.items():
            if stream.startswith("@") and stream not in actors:
                continue
            held_upto = await self._snapshot(stream, actors.get(stream), seq)
            upto = min([upto, *(each - 1 for each in first[stream] if each > held_upto)])
        return upto

    async def _snapshot(self, stream: str, actor: str | None, seq: int) -> int:
        """The sequence of a verified snapshot of the stream, made now if the newest is older than `seq`."""
        home = self._home
        async for stored in home.snapshots.stored(stream):
            try:
                found = unseal(stored)
            except CorruptSnapshot as fault:
                home.snapshots.bad(stored, fault.why)
                continue
            if found.seq >= seq and found.version == stored.version:
                break  # from before seals: nothing says that it is whole
            if found.seq >= seq:
                return found.seq
            break
        if actor is not None:
            live = home.find(actor) or await home.read_actor(actor)
            row = home.snapshots.of(live)
            return row.seq if await home.snapshots.keep_actor(type(live), actor, row) else 0
        return await self._document(stream)

    async def _document(self, doc: str) -> int:
        home = self._home
        log = HomeLog(home.ledger, home.claim, home.pipeline, doc, home.snapshots)
        loaded = await log.load()
        snapshot = await asyncio.to_thread(_folded, loaded, doc == "live")
        if snapshot is None:
            return 0
        try:
            await log.put_snapshot(snapshot, loaded.seq, loaded.lineage)
        except Refused:
            return 0
        return loaded.seq

    async def _next(self, ledger: Archive, done: int, upto: int) -> Sequence[Event]:
        """The rows of one chunk."""
        found: list[Event] = []
        size = 0
        while size < CHUNK_BYTES and len(found) < CHUNK_ROWS:
            after = found[-1].seq if found else done
            page = [row for row in await ledger.in_ledger(self._home.id, after, PAGE_ROWS) if row.seq <= upto]
            for row in page:
                found.append(row)
                size += len(row.body)
                if size >= CHUNK_BYTES or len(found) >= CHUNK_ROWS:
                    return found
            if not page:
                break
        return found


async def archived_upto(ledger: object, home: str) -> int:
    """The last row of a home that has left the ledger, or may have; 0: none."""
    chunks = await ledger.chunks(home) if isinstance(ledger, Archive) else []
    return chunks[-1].last if chunks else 0


def _folded(loaded: Loaded, garbage: bool) -> bytes | None:
    """A document's snapshot, verified against every update it is made of; None if it is not the same."""
    parts = [*([loaded.snapshot] if loaded.snapshot is not None else ()), *loaded.tail]
    if not parts:
        return None
    committed = Coverage()
    for part in parts:
        committed.add(read_header(part, UNBOUNDED))
    merged = fold(parts)
    if garbage:
        merged = collect(merged)
    return None if missing(committed, held(merged)) else merged
