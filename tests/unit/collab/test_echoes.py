"""The echo that confirms an edit to a y-websocket client, also when its socket broke in between."""

from __future__ import annotations

import pytest

from collab import wire
from collab.coverage import RangeSet
from collab.limits import Limits
from collab.updates import read_header
from tests.unit.collab.stage import Author, HeldLog, Wire, enter, opened, turns, until

pytestmark = pytest.mark.unit


def echoed(socket: Wire) -> list[tuple[int, int, int]]:
    return [each for update in socket.updates() for each in read_header(update, Limits()).structs]


@pytest.mark.parametrize("slow_reader", [False, True])
async def test_what_is_committed_between_a_socket_and_its_step_1_is_echoed_to_it(slow_reader: bool) -> None:
    """R-90: an edit that was under way on a socket that broke commits after the next socket has been greeted: step 1
    claims it and step 2 leaves it out, so it must come as an update, or the light of its author never says saved
    (simulation seed 355)."""
    log = HeldLog(held=True)
    room = await opened(log)
    author = Author(5)
    old, _ = enter(room)
    old.receive(wire.sync_update(author.type("a")))
    old.closed()
    ana, socket = enter(room, synced=False)
    log.release()
    await turns()
    socket.sent.clear()
    socket.owed = 1 << 30 if slow_reader else 0
    ana.receive(wire.sync_step1(author.doc.get_state()))
    socket.drain()
    assert (5, 0, 1) in echoed(socket)
    other, quiet = enter(room, synced=False)
    quiet.sent.clear()
    other.receive(wire.sync_step1(author.doc.get_state()))
    assert echoed(quiet) == []  # nothing happened meanwhile: nothing is sent twice
    await room.close()


@pytest.mark.parametrize("slow_reader", [False, True])
async def test_what_is_committed_behind_a_gap_is_echoed_when_the_rest_comes(slow_reader: bool) -> None:
    """R-90: the first words of an id were lost with a flush, the next ones were committed on another socket. Step 2
    brings all of them: the lost ones are committed, and both come back, also to a slow reader (simulation seed 96)."""
    log = HeldLog()
    room = await opened(log)
    author = Author(5)
    lost, kept = author.type("a"), author.type("b")
    old, _ = enter(room)
    old.receive(wire.sync_update(kept))
    old.closed()
    ana, socket = enter(room, synced=False)
    ana.receive(wire.sync_step1(author.doc.get_state()))
    socket.sent.clear()
    socket.owed = 1 << 30 if slow_reader else 0
    ana.receive(wire.sync_step2(author.doc.get_update()))
    await until(lambda: len(log.rows) == 2)
    await turns()
    socket.drain()
    back = RangeSet()
    back.add_all(echoed(socket))
    assert back.covers(5, 0, 2)
    assert [entry.update for row in log.rows for entry in row] == [kept, lost]
    await room.close()
