"""A-49, A-50: rooms that come and go, and those who come just then."""

from __future__ import annotations

import asyncio
import random

import pytest

from actors.runtime.errors import HomeLost
from actors.runtime.home import Home
from actors.runtime.rooms import HomeLog, Rooms
from collab import wire
from collab.close_codes import CloseCode
from collab.ports import DocumentLog, Lineage, Refused
from collab.room import Room
from collab.session import Access
from storage.ledger.memory import MemoryLedger
from tests.unit.actors.runtime.test_home import owned, put, scene_of
from tests.unit.actors.story import story
from tests.unit.collab.stage import ANA, Author, HeldLog, Wire, enter, text_of, turns

pytestmark = pytest.mark.unit
DOC = "scene:scn_1"


class Opened:
    """Rooms over one log, and every room that was ever made."""

    def __init__(self, log: HeldLog) -> None:
        self.log = log
        self.made: list[Room] = []
        self.rooms = Rooms(self._make, lambda doc, seq: None)

    def _make(self, doc: str) -> Room:
        self.made.append(Room(doc, self.log))
        return self.made[-1]

    @property
    def open(self) -> list[Room]:
        return [room for room in self.made if not room.closed]


async def test_a_second_client_is_not_served_an_empty_document_while_the_first_load_runs() -> None:
    """A-50: both wait for the one load."""
    it = Opened(HeldLog([Author(5).type("there")]))
    one, two = await asyncio.gather(it.rooms.open(DOC), it.rooms.open(DOC))
    assert one is two
    assert it.log.loads == 1
    assert one.text("script") == "there"


async def test_a_room_that_loads_while_its_home_is_lost_takes_nobody() -> None:
    """A-50, A-97: whoever waits for the load is refused; joined, they would be shown a home that another owns."""
    it = Opened(HeldLog([Author(5).type("there")]))
    waiting = asyncio.gather(it.rooms.open(DOC), return_exceptions=True)
    await asyncio.sleep(0)
    it.rooms.shut(CloseCode.MOVED, "another owns it")
    closing = asyncio.ensure_future(it.rooms.close(CloseCode.MOVED, "another owns it"))
    assert isinstance((await waiting)[0], HomeLost)
    await closing
    assert it.log.loads == 1
    assert it.open == []


async def test_a_failed_load_is_tried_again_and_never_overwrites() -> None:
    """A-50, R-19: nothing is written, the next one loads what is there."""
    it = Opened(HeldLog([Author(5).type("there")]))
    it.log.fail_load = Refused("BUSY", "no", True)
    with pytest.raises(Refused):
        await it.rooms.open(DOC)
    it.log.fail_load = None
    room = await it.rooms.open(DOC)
    assert room.text("script") == "there"
    assert (len(it.log.rows), it.log.snapshot) == (1, None)


async def test_leave_and_return_during_unload() -> None:
    """A-49: whoever returns while a room is closed gets the open room or a fresh one with everything, never a closed
    or empty one; there is never a second room that takes updates."""
    rnd = random.Random(49)
    author = Author(5)
    it = Opened(HeldLog([author.type("a")]))
    typed = "a"

    async def visit() -> None:
        nonlocal typed
        await turns(rnd.randrange(8))
        room = await it.rooms.open(DOC)
        assert not room.closed
        socket = Wire()
        session = room.join(socket, "ana", Access.WRITE, ANA)
        session.receive(wire.sync_step1(b"\x00"))
        assert socket.text() == typed
        session.receive(wire.sync_update(author.type("b")))
        await turns(rnd.randrange(4))
        session.closed()
        await room._commits.drain()
        typed = str(author.script)

    for _ in range(300):
        evicting = [asyncio.ensure_future(_later(rnd, it)) for _ in range(2)]
        await visit()
        await asyncio.gather(*evicting)
        assert len(it.open) <= 1
    assert len(it.made) > 20
    assert text_of([entry.update for row in it.log.rows for entry in row]) == typed


async def _later(rnd: random.Random, it: Opened) -> bool:
    await turns(rnd.randrange(8))
    return await it.rooms.evict(DOC)


async def test_two_rooms_for_one_document_are_impossible() -> None:
    """A-50: openings and closings at once, at any interleaving, leave one room or none."""
    rnd = random.Random(50)
    it = Opened(HeldLog([Author(5).type("a")]))
    for _ in range(200):
        await asyncio.gather(
            *(it.rooms.open(DOC) for _ in range(rnd.randrange(3))), *(_later(rnd, it) for _ in range(rnd.randrange(3)))
        )
        assert len(it.open) <= 1
        if (room := it.rooms.get(DOC)) is not None:
            assert room.text("script") == "a"


async def test_a_room_with_anything_going_on_is_not_closed() -> None:
    """A-49: people, commits, snapshots and edits that a turn prepares all keep it open."""
    it = Opened(HeldLog([Author(5).type("a")], held=True))
    room = await it.rooms.open(DOC)
    session, _ = enter(room)
    assert not await it.rooms.evict(DOC)
    session.receive(wire.sync_update(Author(6).type("b")))
    session.closed()
    assert not await it.rooms.evict(DOC)
    it.log.release()
    await turns()
    async with it.rooms.lock(DOC):
        assert not await it.rooms.evict(DOC)
    compacting = room.compact()
    assert compacting is not None
    assert not await it.rooms.evict(DOC)
    await compacting
    assert await it.rooms.evict(DOC)
    assert room.closed


async def test_a_home_that_is_closed_opens_nothing_more() -> None:
    """A-50."""
    it = Opened(HeldLog())
    opening = asyncio.ensure_future(it.rooms.open(DOC))
    await asyncio.sleep(0)
    await it.rooms.close(CloseCode.MOVED, "gone")
    await asyncio.gather(opening, return_exceptions=True)
    with pytest.raises(HomeLost):
        await it.rooms.open(DOC)
    assert all(room.closed for room in it.made)


async def test_content_is_not_doubled_by_unloading_or_by_another_host() -> None:
    """A-49: what a client brings back after its room was unloaded, or lives elsewhere, is known there."""
    ledger = MemoryLedger()
    async with story(ledger) as one:
        home = await one.create()
        doc = f"scene:{await scene_of(one, home)}"
        mine = await _written(owned(one, home), doc)
        assert await owned(one, home).rooms.evict(doc)
        again = await owned(one, home).room(doc)
        before = again.text("script")
        await _brings_back(again, mine)
        assert again.text("script") == before
    async with story(ledger, "h2") as two:
        await two.runtime.open(home)
        moved = await owned(two, home).room(doc)
        await _brings_back(moved, mine)
        assert moved.text("script") == before
        assert before.count("Mara waits.") == 1


async def _written(home: Home, doc: str) -> bytes:
    room = await home.room(doc)
    await room.edit(put("INT. "), "anna")
    compacting = room.compact()
    assert compacting is not None
    await compacting
    await room.edit(put("!"), "anna")
    return room.document.merged()


async def _brings_back(room: Room, mine: bytes) -> None:
    session, socket = enter(room)
    session.receive(wire.sync_step2(mine))
    session.receive(wire.sync_update(mine))
    await turns()
    assert socket.code is None
    session.closed()


async def test_late_compaction_cannot_trim() -> None:
    """A-50, R-76: a snapshot made by a host that has lost the project is not kept, whatever its sequence; the new
    owner's document is its own."""
    ledger = MemoryLedger()
    async with story(ledger) as one:
        home = await one.create()
        doc = f"scene:{await scene_of(one, home)}"
        old = await owned(one, home).room(doc)
        old_log = HomeLog(ledger, owned(one, home).claim, owned(one, home).pipeline, doc)
        body, seq = old.document.merged(), old.seq
        await one.runtime.kill()
        async with story(ledger, "h2") as two:
            await two.runtime.open(home, depose="h1-1")
            room = await owned(two, home).room(doc)
            await room.edit(put("new "), "anna")
            await _try(old_log, body, seq)
            await _try(old_log, body, room.seq)
            assert await ledger.snapshot(home, doc) is None
            compacting = room.compact()
            assert compacting is not None
            await compacting
            kept = await ledger.snapshot(home, doc)
            assert kept is not None
            await _try(old_log, body, room.seq + 1)
            assert await ledger.snapshot(home, doc) == kept
            assert await owned(two, home).rooms.evict(doc)
            assert (await owned(two, home).room(doc)).text("script").startswith("new ")


async def _try(log: DocumentLog, body: bytes, seq: int) -> None:
    try:
        await log.put_snapshot(body, seq, Lineage())
    except Refused as refused:
        assert refused.fenced  # noqa: PT017 - refusing and ignoring are both right; overwriting is not
