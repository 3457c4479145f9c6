"""The snapshots of one home: verified before they are kept, believed only if their seal holds, never needed.

Owns when an actor's snapshot is due, and what loading does when one cannot be read. Two invariants: a snapshot is kept
only after it was decoded again into an actor that dumps the same bytes; whoever loads tries the newest, then the one
before it, then the log, so that a bad snapshot costs time and a warning, nothing else. Bytes go to and come from the
ledger; `Home` and `HomeLog` ask.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from actors.runtime.actor import Actor
from actors.runtime.facts import fact_of
from actors.runtime.lifecycle import Announcer, SnapshotBad
from storage.codec import decode, encode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Kind, Ledger, Snapshot
from storage.ledger.seal import CorruptSnapshot, digest_of, seal, unseal

logger = logging.getLogger("storyforge.runtime")

EVENT_ROWS = 1_000
"""Rows per read while an actor is loaded."""

VERIFIED_BESIDE_BYTES = 64 * 1024
"""From this size on a snapshot of an actor is read back beside the loop, which it would hold for some milliseconds."""

SNAPSHOTS_TRIED = 2
"""As many as the ledger keeps of a stream."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A verified snapshot that the ledger has: its sequence and the hash of what it holds."""

    seq: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LoadedActor:
    """`rows`: folded after the snapshot; `snapshot_seq`: 0 without one."""

    rows: int
    snapshot_seq: int


class Snapshots:
    """`every`: rows of an actor between two snapshots."""

    def __init__(self, home: str, epoch: int, ledger: Ledger, every: int, announce: Announcer) -> None:
        self._home, self._epoch, self._ledger, self._every, self._announce = home, epoch, ledger, every, announce
        self._since: dict[str, int] = {}
        self.kept: dict[str, Kept] = {}  # by stream or document, as far as this owner met them

    # actors
    async def load(self, actor: Actor) -> LoadedActor:
        """Fill an empty actor: newest usable snapshot, then the events after it. Raises `LedgerError`."""
        bad = 0
        async for stored in self.stored(actor.stream):
            fault = _load_into(actor, stored)
            if fault is None:
                self.kept[actor.stream] = _kept(unseal(stored))
                break
            bad += 1
            self.bad(stored, fault)
        snapshot_seq, rows = actor.seq, 0
        while True:
            page = await self._ledger.read(
                self._home, doc=actor.stream, after=actor.seq, kinds=(Kind.EVENT,), limit=EVENT_ROWS
            )
            actor.fold(fact_of(row) for row in page)
            rows += len(page)
            if len(page) < EVENT_ROWS:
                break
        self._since[actor.id] = self._every if bad else rows  # a bad one is replaced at the next commit
        return LoadedActor(rows, snapshot_seq)

    def due(self, actor: Actor, events: int) -> Snapshot | None:
        """Called in the moment after a commit: what to keep now, if it is time. No await lies between fold and dump."""
        since = self._since[actor.id] = self._since.get(actor.id, 0) + events
        return self.of(actor) if since >= self._every else None

    def of(self, actor: Actor) -> Snapshot:
        """The actor as it stands. It counts from here again."""
        self._since[actor.id] = 0
        return Snapshot(self._home, actor.stream, actor.seq, actor.snapshot_version, encode(actor.dump()))

    def behind(self, actor: Actor) -> bool:
        """Whether the actor has rows that no snapshot of this owner's holds."""
        return self._since.get(actor.id, 0) > 0

    async def keep_actor(self, actor_type: type[Actor], id: str, row: Snapshot) -> bool:
        """Verify and keep; whether it is kept. Never raises: without it the next load is slower."""
        twin = actor_type(self._home, id)
        large = len(row.body) >= VERIFIED_BESIDE_BYTES
        fault = await asyncio.to_thread(_differs, twin, row) if large else _differs(twin, row)
        if fault is not None:
            self.bad(row, fault)
            return False
        try:
            return await self.keep(row)
        except LedgerError as error:
            logger.warning("a snapshot could not be kept", extra={"home": self._home, "code": error.code})
            return False

    # both
    async def keep(self, row: Snapshot) -> bool:
        """Store a verified snapshot; False when the ledger has one as new, or the home is another's."""
        stored = await self._ledger.put_snapshot(seal(row), epoch=self._epoch)
        if stored:
            self.kept[row.doc] = _kept(row)
        return stored

    async def stored(self, doc: str) -> AsyncIterator[Snapshot]:
        """What the ledger keeps of a stream, newest first, as it was stored."""
        before: int | None = None
        for _ in range(SNAPSHOTS_TRIED):
            found = await self._ledger.snapshot(self._home, doc, before=before)
            if found is None:
                return
            yield found
            before = found.seq

    def met(self, snapshot: Snapshot) -> None:
        """A snapshot of a document was loaded: it is the newest that reads."""
        self.kept[snapshot.doc] = _kept(snapshot)

    def bad(self, snapshot: Snapshot, why: str) -> None:
        """Say that a snapshot is of no use: a warning for people, a fact for counters."""
        extra = {"home": self._home, "doc": snapshot.doc, "seq": snapshot.seq, "why": why}
        logger.warning("a snapshot is of no use", extra=extra)
        self._announce(SnapshotBad(self._home, snapshot.doc, snapshot.seq, why))


def _kept(snapshot: Snapshot) -> Kept:
    return Kept(snapshot.seq, digest_of(snapshot).hex())


def _load_into(actor: Actor, stored: Snapshot) -> str | None:
    """Take a snapshot over whole, or leave the actor empty and say why."""
    try:
        row = unseal(stored)
    except CorruptSnapshot as fault:
        return fault.why
    if row.version != actor.snapshot_version:
        return f"is of version {row.version}, this one reads {actor.snapshot_version}"
    try:
        data = decode(row.body)
        type(actor)(actor.home, actor.id).load(data)  # on a twin first: a fault in the middle leaves half an actor
        actor.load(data)
    except Exception as error:  # noqa: BLE001 - whatever a damaged body makes `load` do
        return f"does not load: {type(error).__name__}"
    actor.seq = row.seq
    return None


def _differs(twin: Actor, row: Snapshot) -> str | None:
    """Why the snapshot is not the state it was taken of; None: it is."""
    try:
        twin.load(decode(row.body))
        same = encode(twin.dump()) == row.body
    except Exception as error:  # noqa: BLE001 - a fold that cannot be read back must not be kept
        return f"does not load: {type(error).__name__}"
    return None if same else "loads as something else"
