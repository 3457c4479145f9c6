"""The echo that confirms an edit to a y-websocket client, also when its socket broke in between."""

from __future__ import annotations

import pytest

from collab import wire
from collab.limits import Limits
from collab.updates import read_header
from tests.unit.collab.stage import Author, HeldLog, Wire, enter, opened, turns

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
