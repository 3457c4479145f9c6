"""The rooms of one home: documents opened on demand, over its own log.

Owns which documents are open and the `DocumentLog` they write through. The invariant: a room's rows go through the
home's pipeline like everything else, so a home that is lost takes its rooms with it, and the refusal says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from actors.commands import CommandError
from actors.runtime.errors import HomeLost
from actors.runtime.lifecycle import Announcer
from actors.runtime.lineage import RENEWED_TYPE, SNAPSHOT_VERSION, UPDATES_TYPE, Fold, pack, unpack
from actors.runtime.pipeline import Parts, Pipeline, Waiting
from actors.runtime.snapshots import Snapshots
from collab.close_codes import CloseCode
from collab.ports import DocumentLog, Entry, Lineage, Loaded, ProposalLog, Refused, RequestKey
from collab.room import Room
from storage.codec import CodecError, encode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Claim, Kind, Ledger, NewEvent, Snapshot, StoredResponse
from storage.ledger.seal import CorruptSnapshot, unseal

READ_ROWS = 1_000
"""Rows per read of a document's tail."""

RoomFactory = Callable[[str, DocumentLog, ProposalLog, Callable[[], bool]], Room]
"""Document, its log, its proposals, and whether it is still ours to show (see `Room`)."""


def scene_of(doc: str) -> str | None:
    """The scene a document belongs to: `scene:scn_…`, `notes:scn_…`, `draft:scn_…:user`."""
    kind, _, rest = doc.partition(":")
    if kind in ("scene", "notes"):
        return rest or None
    return rest.partition(":")[0] or None if kind == "draft" else None


def updates_row(doc: str, entries: Sequence[Entry]) -> NewEvent:
    """One flush as one row; authorship survives merging because every entry names its principal."""
    body = encode([[e.principal, e.client, e.update, *([e.name] if e.name else ())] for e in entries])
    source = entries[0].principal if entries else ""
    return NewEvent(doc, Kind.UPDATES, UPDATES_TYPE, body, scene=scene_of(doc), source=source)


def answered(key: RequestKey | None) -> StoredResponse | None:
    """What a retry of the request will find, in the form of a command's answer."""
    return None if key is None else StoredResponse(key.principal, key.key, key.request_hash, encode({"ids": {}}))


class HomeLog:
    """`collab.ports.DocumentLog` of one document of a home that is ours."""

    def __init__(
        self, ledger: Ledger, claim: Claim, pipeline: Pipeline, doc: str, snapshots: Snapshots | None = None
    ) -> None:
        self._ledger, self._claim, self._pipeline, self._doc = ledger, claim, pipeline, doc
        self._snapshots = snapshots or Snapshots(claim.home, claim.epoch, ledger, 1, Announcer())

    async def load(self) -> Loaded:
        """From the newest snapshot that reads, else the one before it, else from the first row."""
        async for stored in self._snapshots.stored(self._doc):
            try:
                snapshot = unseal(stored)
                body, lineage = unpack(snapshot)
            except (CorruptSnapshot, CodecError, ValueError, TypeError) as fault:
                self._snapshots.bad(stored, getattr(fault, "why", f"does not read: {type(fault).__name__}"))
                continue
            if lineage is None:  # written before owners were kept
                lineage = (await self._read(Fold(), upto=snapshot.seq)).lineage()
            self._snapshots.met(snapshot)
            return (await self._read(Fold(body, snapshot.seq, lineage))).loaded()
        return (await self._read(Fold())).loaded()

    async def _read(self, fold: Fold, upto: int | None = None) -> Fold:
        while True:
            rows = await self._ledger.read(
                self._claim.home, doc=self._doc, after=fold.seq, upto=upto, kinds=(Kind.UPDATES,), limit=READ_ROWS
            )
            for row in rows:
                fold.add(row)
            if len(rows) < READ_ROWS:
                return fold

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[int]:
        landed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        try:
            waiting = self._pipeline.submit(Parts((updates_row(self._doc, entries),)))
        except (LedgerError, CommandError) as error:
            landed.set_exception(refused(error))
        else:
            waiting.add_done_callback(partial(land, landed))
        return landed

    async def updates(self) -> Sequence[bytes]:
        try:
            return (await self._read(Fold())).loaded().tail
        except LedgerError as error:
            raise refused(error) from error

    async def renew(self, epoch: int, entry: Entry, by: str, key: RequestKey | None) -> int:
        row = replace(updates_row(self._doc, (entry,)), type=RENEWED_TYPE, turn=epoch, source=by)
        try:
            return (await asyncio.shield(self._pipeline.submit(Parts((row,), response=answered(key))))).last_seq
        except (LedgerError, CommandError) as error:
            raise refused(error) from error

    async def put_snapshot(self, snapshot: bytes, seq: int, lineage: Lineage) -> None:
        """Raises `Refused` unless this snapshot, or one as new, is kept when it returns."""
        row = Snapshot(self._claim.home, self._doc, seq, SNAPSHOT_VERSION, pack(snapshot, lineage))
        try:
            if await self._snapshots.keep(row):
                return
            owner = await self._ledger.owner(self._claim.home)
            found = await self._ledger.snapshot(self._claim.home, self._doc)
        except LedgerError as error:
            raise refused(error) from error
        lost = owner is None or owner.epoch != self._claim.epoch
        if lost or found is None or found.seq < seq:  # nothing may be forgotten on its account
            raise Refused("SNAPSHOT_NOT_KEPT", "the ledger did not keep the snapshot", fenced=lost)


def land(landed: asyncio.Future[int], waiting: Waiting) -> None:
    """Pass the outcome of an append on, as a sequence."""
    if landed.done():
        return
    error = waiting.exception()
    if error is None:
        landed.set_result(waiting.result().last_seq)
    else:
        landed.set_exception(refused(error) if isinstance(error, LedgerError | CommandError) else error)


def refused(error: LedgerError | CommandError) -> Refused:
    """In the words of rooms."""
    return Refused(error.code, str(error), error.retryable, isinstance(error, HomeLost))


class Rooms:
    """Open rooms of a home, single-flight."""

    def __init__(self, make: Callable[[str], Room], on_commit: Callable[[str, int], None]) -> None:
        self._make, self._on_commit = make, on_commit
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._ended: str | None = None

    async def open(self, doc: str) -> Room:
        """The open room, loaded first if it was not; open still when this returns. Raises `HomeLost`, `Refused`."""
        while True:
            if self._ended is not None:
                raise HomeLost(doc, self._ended)
            task = self._opening.get(doc)
            if task is None or ((open_room := self.get(doc)) is not None and open_room.closed):
                task = asyncio.get_running_loop().create_task(self._open(doc))
                self._opening[doc] = task
                task.add_done_callback(lambda done: self._forget_failed(doc, done))
            room = await asyncio.shield(task)
            if self._ended is None and not room.closed:
                return room  # else it was closed before we had our turn: idle, or its home was lost

    async def _open(self, doc: str) -> Room:
        room = self._make(doc)
        await room.open()
        room.on_committed(lambda seq: self._on_commit(doc, seq))
        return room

    def _forget_failed(self, doc: str, done: asyncio.Task[Room]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._opening.get(doc) is done:
            del self._opening[doc]

    def get(self, doc: str) -> Room | None:
        """The room if it is open now."""
        task = self._opening.get(doc)
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    def lock(self, doc: str) -> asyncio.Lock:
        """Held by a turn from preparing a server edit until its commit: two edits of one server never share a clock."""
        return self._locks.setdefault(doc, asyncio.Lock())

    @property
    def open_docs(self) -> list[str]:
        return [doc for doc in self._opening if self.get(doc) is not None]

    def open_rooms(self) -> list[tuple[str, Room]]:
        return [(doc, room) for doc in self._opening if (room := self.get(doc)) is not None]

    @property
    def sessions(self) -> int:
        return sum(room.sessions for doc in self._opening if (room := self.get(doc)) is not None)

    async def evict(self, doc: str) -> bool:
        """Close a room nobody is in; it is rebuilt from the log at the next need.

        Nothing is awaited between the look and the closing: whoever joins before finds it open, whoever joins after
        opens a fresh one, and what the old one committed is in the log by then.
        """
        room = self.get(doc)
        lock = self._locks.get(doc)
        if room is None or room.idle_since is None or (lock is not None and lock.locked()):
            return False
        del self._opening[doc]
        self._locks.pop(doc, None)
        await room.close(CloseCode.GOING_AWAY, "idle")
        return True

    def shut(self, code: CloseCode, reason: str) -> None:
        """Close every open room at once, waiting for nothing: nobody is shown another byte. Follow with `close`."""
        self._ended = reason
        for _, room in self.open_rooms():
            room.shut(code, reason)

    async def close(self, code: CloseCode, reason: str) -> None:
        """Close every room, those still loading too; sockets are told `code`."""
        self._ended = reason
        tasks = list(self._opening.values())
        self._opening.clear()
        await asyncio.gather(*tasks, return_exceptions=True)
        rooms = [t.result() for t in tasks if not t.cancelled() and t.exception() is None]
        await asyncio.gather(*(room.close(code, reason) for room in rooms), return_exceptions=True)
