"""R-77: the two lanes of a document, and what a compaction may and may not do."""

from __future__ import annotations

import asyncio
from typing import Any

import pycrdt
import pytest

from collab import wire
from collab.folding import LocalFolder
from collab.limits import Limits
from collab.ports import Lineage, Refused
from collab.room import Room
from collab.updates import read_header
from tests.unit.collab.stage import Author, HeldLog, enter, opened, text_of, turns

pytestmark = pytest.mark.unit
FINDINGS = 20_000


def findings(key: str) -> list[bytes]:
    """One update for each finding added, and for each removed again. `key`: where in a Map, `{}` its number."""
    updates: list[bytes] = []
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=5)
    shown = doc.get("findings", type=pycrdt.Map)
    subscription = doc.observe(lambda event: updates.append(event.update))
    for at in range(FINDINGS):
        shown[key.format(at)] = f"a finding with some words about scene {at}"
        del shown[key.format(at)]
    doc.unobserve(subscription)
    return updates


async def compacted(updates: list[bytes], *, collect_garbage: bool) -> tuple[HeldLog, Room]:
    log = HeldLog(updates)
    room = Room("live", log, collect_garbage=collect_garbage)
    await room.open()
    task = room.compact()
    assert task is not None
    await task
    assert log.snapshot is not None
    return log, room


@pytest.mark.parametrize(("key", "bytes_max"), [("scn_1", 200), ("fnd_{}", 450_000)])
async def test_the_lane_without_history_stays_small_and_the_other_keeps_everything(key: str, bytes_max: int) -> None:
    """R-77: 20,000 findings added and removed, under the fixed key of their scene as in `live`, and each under its own
    (then a collected document still has the keys); raw rows stay in both lanes, for time travel."""
    updates = findings(key)
    small, room = await compacted(updates, collect_garbage=True)
    whole, _ = await compacted(updates, collect_garbage=False)
    assert small.snapshot is not None
    assert whole.snapshot is not None
    assert len(small.snapshot[0]) < bytes_max
    assert len(whole.snapshot[0]) > 3 * len(small.snapshot[0])
    assert len(small.rows) == len(whole.rows) == 2 * FINDINGS
    assert room.map("findings") == {}
    assert pycrdt.get_state(small.snapshot[0]) == pycrdt.get_state(whole.snapshot[0])


async def test_a_collected_document_takes_late_updates_and_returners() -> None:
    """R-77: clocks stay what they were, so nobody's copy is made to disagree."""
    author = Author(5)
    first = author.type("old")
    del author.script[0:3]
    author.type("new")
    log, room = await compacted(list(author.updates), collect_garbage=True)
    ben, socket = enter(room)
    late = Author(6, first)
    ben.receive(wire.sync_update(late.type("!")))
    await turns()
    assert room.text("script") == "new!"
    assert text_of([first, late.updates[-1], *author.updates, *socket.updates()]) == "new!"
    assert log.snapshot is not None


class SlowFolder(LocalFolder):
    """Folds when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may: asyncio.Event = asyncio.Event()

    async def fold(self, updates: Any) -> bytes:
        await self.may.wait()
        return await super().fold(updates)


async def test_a_fold_that_comes_back_late_changes_nothing() -> None:
    """R-76, R-77: the room was closed meanwhile: its result is not written, and what was committed is all there."""
    author = Author(5)
    log, folder = HeldLog([author.type("a")]), SlowFolder()
    room = await opened(log, folder=folder)
    task = room.compact()
    assert task is not None
    await room.close()
    folder.may.set()
    await asyncio.gather(task, return_exceptions=True)
    assert log.snapshot is None
    assert (await opened(log)).text("script") == "a"


async def test_edits_while_a_fold_is_under_way_are_in_memory_and_in_the_next_load() -> None:
    """R-06, R-77: for as long as it takes; joiners of that time get them as well."""
    author = Author(5)
    log, folder = HeldLog([author.type("a")]), SlowFolder()
    room = await opened(log, folder=folder)
    ana, _ = enter(room)
    task = room.compact()
    assert task is not None
    for letter in "bcd":
        ana.receive(wire.sync_update(author.type(letter)))
        await turns()
        await asyncio.sleep(0.003)
    folder.may.set()
    await task
    _, joiner = enter(room, synced=False)
    list(room._fanout.sessions)[-1].receive(wire.sync_step1(b"\x00"))
    assert joiner.text() == room.text("script") == "abcd"
    assert log.snapshot is not None
    assert log.snapshot[1] == 1
    assert (await opened(log)).text("script") == "abcd"


async def test_a_snapshot_that_is_refused_costs_nothing_and_is_tried_again() -> None:
    """R-77: memory keeps its tail, so the next fold has everything; a busy ledger is not asked in a hurry."""
    author = Author(5)

    class Busy(HeldLog):
        refusals = 1

        async def put_snapshot(self, snapshot: bytes, seq: int, lineage: Lineage) -> None:
            if self.refusals:
                self.refusals -= 1
                raise Refused("BUSY", "later", True)
            await super().put_snapshot(snapshot, seq, lineage)

    log = Busy()
    room = await opened(log, Limits(compact_updates=2, compact_retry_s=0.0))
    ana, _ = enter(room)
    for letter in "abcdef":
        ana.receive(wire.sync_update(author.type(letter)))
        await turns(10)
        await asyncio.sleep(0.003)
    assert log.refusals == 0
    assert log.snapshot is not None
    assert (await opened(log)).text("script") == "abcdef"


async def test_what_a_growing_document_costs_in_snapshots_grows_with_it_and_not_with_its_square() -> None:
    """A snapshot is due when the tail is a share of the document: all of them together are a few times its size, and
    what a joiner must be sent beside the last one stays below that share."""

    class Counting(HeldLog):
        def __init__(self) -> None:
            super().__init__()
            self.sizes: list[int] = []

        async def put_snapshot(self, snapshot: bytes, seq: int, lineage: Lineage) -> None:
            self.sizes.append(len(snapshot))
            await super().put_snapshot(snapshot, seq, lineage)

    author, log = Author(7), Counting()
    limits = Limits(compact_bytes=2_000, flush_window_s_min=0, flush_window_s_per_session=0)
    room = await opened(log, limits)
    ana, _ = enter(room)
    for _ in range(200):
        ana.receive(wire.sync_update(author.type("x" * 500)))
        await turns(6)
    written = room.document.size_bytes
    assert written > 100_000
    assert 5 <= len(log.sizes) <= 20
    assert sum(log.sizes) < 4 * written
    assert room.document.tail_bytes <= limits.compact_share * written + limits.compact_bytes
    assert (await opened(log)).text("script") == "x" * 100_000


async def test_a70_a_deletion_that_follows_from_merging_is_in_no_update_and_missed_in_no_snapshot() -> None:
    """A-70, found by a world: two people set one key at once, so one value is deleted without anybody saying so; who
    then repeats it says nothing new, and the snapshot after that is kept."""
    made: list[bytes] = []
    for client in (5, 6):
        doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client)
        doc.get("params", type=pycrdt.Map)["light"] = f"of {client}"
        made.append(doc.get_update())
    merged: pycrdt.Doc[Any] = pycrdt.Doc(client_id=7)
    for update in made:
        merged.apply_update(update)
    log = HeldLog(made)
    room = Room("scene:scn_1", log)
    await room.open()
    header = read_header(merged.get_update(), Limits())
    document = room._document
    assert not document.coverage.has_deletes(header), "the log does not say it"
    assert document.knows(header)
    task = room.compact()
    assert task is not None
    await task
    assert log.snapshot is not None
