"""Bugs that other servers had, where no other test holds them; the whole list is docs/regressions.md."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from pathlib import Path

import pycrdt
import pytest

from collab import wire
from collab.close_codes import CloseCode
from collab.limits import Limits
from collab.room import Room
from tests.unit.collab.stage import BEN, Author, HeldLog, enter, opened, turns
from tests.unit.collab.test_presence import say

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[3]
LISTED = 22


def test_every_bug_of_the_list_is_held_by_a_test_that_exists() -> None:
    """R-105: docs/regressions.md names a test for each, and the tests are there."""
    text = (ROOT / "docs/regressions.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| bug")]
    assert len(rows) == LISTED
    for row in rows:
        named = re.findall(r"`(tests/\S+\.py)::(\w+)`", row)
        assert named, row
        for path, name in named:
            assert re.search(rf"def {name}\(", (ROOT / path).read_text(encoding="utf-8")), (path, name)


async def test_awareness_alone_grows_nothing() -> None:
    """R-106: a day of carets leaves no row, no document, no memory."""
    log = HeldLog()
    room = await opened(log, Limits(presence_tick_s_min=0.0, presence_tick_s_max=0.0, presence_tick_s_per_session=0.0))
    ana, ana_wire = enter(room)
    ben, ben_wire = enter(room, "ben", user=BEN)

    async def carets(first: int, count: int) -> None:
        for clock in range(first, first + count):
            ana.receive(say((5, clock, {"cursor": {"at": clock}})))
            ben.receive(say((6, clock, {"cursor": {"at": clock}})))
            await asyncio.sleep(0)
            for socket in (ana_wire, ben_wire):
                socket.sent.clear()
                socket.shared.clear()

    await carets(1, 300)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    await carets(301, 3_000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 64 * 1024
    assert (log.rows, log.waiting, room.document.mark, room.document.tail_bytes) == ([], [], 0, 0)
    assert sorted(room.presence.states()) == [5, 6]
    await room.close()


async def test_nothing_is_doubled_by_reloads() -> None:
    """R-107: the room leaves memory and comes back, from its log and from a snapshot; clients that never noticed bring
    everything they have, each time: the log does not grow and the words are there once."""
    log = HeldLog()
    ana, ben = Author(5), Author(6)
    ana.type("ana ")
    ben.doc.apply_update(ana.updates[0])
    ben.type("ben ")
    room = await opened(log)
    for author in (ana, ben):
        session, _ = enter(room, str(author.doc.client_id))
        session.receive(wire.sync_step2(author.doc.get_update()))
    await room._commits.drain()
    rows = len(log.rows)
    for life in range(4):
        if life == 2:
            log.snapshot = (room.document.merged(), len(log.rows))
        await room.close()
        room = await opened(log)
        for author in (ana, ben, ana):
            session, socket = enter(room, str(author.doc.client_id), synced=False)
            session.receive(wire.sync_step1(author.doc.get_state()))
            session.receive(wire.sync_step2(author.doc.get_update()))
            await turns()
            assert socket.code is None
            for update in socket.updates():
                author.doc.apply_update(update)
        assert room.text("script") == "ana ben "
    assert len(log.rows) == rows
    assert str(ana.script) == str(ben.doc.get("script", type=pycrdt.Text)) == "ana ben "
    await room.close()


async def test_nobody_is_served_an_empty_document_while_it_loads() -> None:
    """R-108: two come while the first load runs: both wait for it, neither hears of an empty document."""
    log = HeldLog([Author(5).type("kept")])
    free, plain = asyncio.Event(), log.load

    async def slow() -> object:
        await free.wait()
        return await plain()

    log.load = slow  # type: ignore[method-assign,assignment]
    room = Room("scene:scn_1", log)
    first, second = asyncio.ensure_future(room.open()), asyncio.ensure_future(room.open())
    await turns()
    assert not first.done()
    assert not second.done()
    free.set()
    await asyncio.gather(first, second)
    for name in ("ana", "ben"):
        session, socket = enter(room, name, synced=False)
        session.receive(wire.sync_step1(b"\x00"))
        assert socket.text() == "kept"
    assert log.loads == 1
    await room.close(CloseCode.GOING_AWAY)
