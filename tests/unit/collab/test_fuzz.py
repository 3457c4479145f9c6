"""Hostile frames in both framings: whatever bytes come, one socket closes with a code and the room goes on.

More: FUZZ=n (half in each framing), FUZZ_START=seed.
"""

from __future__ import annotations

import random

import pycrdt
import pytest

from collab import wire
from collab.close_codes import CloseCode
from collab.limits import Limits
from collab.room import Room
from tests.unit.collab.mutations import BASE, BATCH, MEMORY, corpus, hostile, mutated, provider_frames, seeds
from tests.unit.collab.stage import Author, HeldLog, enter, opened, turns
from tests.unit.collab.test_multiplex import Browser, House

pytestmark = pytest.mark.unit

ALLOWED = {None, CloseCode.MALFORMED, CloseCode.TOO_LARGE, CloseCode.RESYNC}
SCENE, NOTES = "scene:scn_1", "notes:scn_1"
KEPT = {
    "empty client block and empty delete range made Yrs panic": "01004dc44d014d0201073a00",
    "a child of a piece of text made Yrs refuse the document": "01024d80112701016d016e0128004d0801710177017200",
    "a child of a piece of text, other client": "01020014874d130008004d08027c3f8000007c4000000000",
}


async def _everybody_goes_on(room: Room, log: HeldLog) -> None:
    """People write, the document reads, and it loads again; nothing of the hostile sockets is left."""
    await room._commits.drain()
    ana, socket = enter(room)
    ana.receive(wire.sync_update(Author(424242).type("still here")))
    await room._commits.drain()
    assert socket.updates()
    for each in (room, await opened(log)):
        each.drop()
        assert "still here" in each.text("script")
    pycrdt.Doc().apply_update(room.document.merged())
    ana.closed()
    assert len(room.presence.states()) <= room.limits.awareness_clients_per_session_max
    assert room.document.size_bytes < room.limits.document_bytes_max
    assert not room._commits.busy


@pytest.mark.parametrize("seed", seeds())
async def test_mutated_frames_harm_nobody_else(seed: int) -> None:
    """W-10: a typed close or nothing; afterwards people write, the document reads, and it loads again."""
    source, frames = random.Random(seed), corpus()
    log = HeldLog(BASE[:6])
    room = await opened(log)
    room.hydrate()
    _, watcher = enter(room, "watcher")
    for _ in range(BATCH):
        session, socket = enter(room, source.choice(("eve", "old")))  # a stranger, or whose ids the document has
        frame = hostile(source, frames)
        session.receive(frame)
        assert socket.code in ALLOWED, frame.hex()
        session.closed()
        await turns(1)
    assert watcher.code is None
    assert room.sessions == 1
    await _everybody_goes_on(room, log)
    await room.close()
    MEMORY.check()


@pytest.mark.parametrize("seed", seeds())
async def test_mutated_multiplexed_frames_harm_nobody_else(seed: int) -> None:
    """W-79: the same in the Hocuspocus framing, several frames a socket, two documents on it: a frame ends at most its
    own socket, the other documents' rooms and sockets go on."""
    source = random.Random(f"multiplexed {seed}")
    house = House(SCENE, NOTES, limits=Limits())
    for room in house.rooms.values():
        await room.open()
    log = house.rooms[SCENE]._log
    assert isinstance(log, HeldLog)
    _, watcher = enter(house.rooms[SCENE], "watcher")
    inner = [source.choice((SCENE, NOTES)) for _ in range(4)]
    outer = [frame for name in (SCENE, NOTES) for frame in provider_frames(name)]
    sent = 0
    while sent < BATCH:
        browser, multiplex = house.socket()
        for name in (SCENE, NOTES):
            if source.random() < 0.9:
                browser.token(name)
        await turns(8)
        for _ in range(source.randint(1, 12)):
            _say_something_hostile(source, browser, outer, source.choice(inner))
            sent += 1
            await turns(source.randint(0, 2))
            if browser.code is not None:
                break
        assert browser.code in ALLOWED | {CloseCode.UNAUTHENTICATED}
        browser.leaves()
        multiplex.end()
        await turns(2)
    assert watcher.code is None
    assert [room.sessions for room in house.rooms.values()] == [1, 0]
    await _everybody_goes_on(house.rooms[SCENE], log)
    await house.close()
    MEMORY.check()


def _say_something_hostile(source: random.Random, browser: Browser, outer: list[bytes], name: str) -> None:
    what = source.random()
    if what < 0.5:
        browser.says(name, hostile(source, corpus()))
    elif what < 0.6:
        browser.raw(source.choice(outer))  # a sound frame at an odd moment
    else:
        browser.raw(mutated(source, source.choice(outer)))


@pytest.mark.parametrize("update", KEPT.values(), ids=KEPT.keys())
async def test_updates_that_once_did_harm(update: str) -> None:
    """W-10."""
    author = Author(77)
    author.type("hello world, here we are")
    room = await opened(HeldLog(author.updates))
    session, socket = enter(room)
    session.receive(wire.sync_update(bytes.fromhex(update)))
    await turns()
    assert socket.code is not None
    assert room.text("script") == "hello world, here we are"
