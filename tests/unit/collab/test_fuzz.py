"""Hostile frames: whatever bytes come, one socket closes with a code and the room goes on. More: FUZZ=n."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pycrdt
import pytest

from collab import wire
from collab.close_codes import CloseCode
from tests.unit.collab.stage import Author, HeldLog, enter, opened, turns

pytestmark = pytest.mark.unit

GOLDEN = json.loads((Path(__file__).parents[2] / "data/golden/collab-wire.json").read_text())
FUZZ = int(os.environ.get("FUZZ", "4000"))
BATCH = 1000
INTERESTING = (0, 1, 2, 4, 7, 8, 9, 10, 0x27, 0x28, 0x7F, 0x80, 0x84, 0xFF)
ALLOWED = {None, CloseCode.MALFORMED, CloseCode.TOO_LARGE, CloseCode.RESYNC}
KEPT = {
    "empty client block and empty delete range made Yrs panic": "01004dc44d014d0201073a00",
    "a child of a piece of text made Yrs refuse the document": "01024d80112701016d016e0128004d0801710177017200",
    "a child of a piece of text, other client": "01020014874d130008004d08027c3f8000007c4000000000",
}


def mutated(source: random.Random, frame: bytes) -> bytes:
    data = bytearray(frame)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data)) if data else 0
        what = source.random()
        if what < 0.6 and data:
            data[at] = source.choice((*INTERESTING, source.randrange(256)))
        elif what < 0.8:
            data[at:at] = bytes((source.choice((*INTERESTING, source.randrange(256))),))
        elif len(data) > 1:
            del data[at : at + source.randint(1, 3)]
    return bytes(data)


def corpus() -> list[bytes]:
    updates = [bytes.fromhex(each) for each in (*GOLDEN["updates"], GOLDEN["full"], GOLDEN["both"])]
    frames = [bytes.fromhex(each) for each in GOLDEN["frames"].values()]
    return [*frames, *(wire.sync_update(each) for each in updates), *(wire.sync_step2(each) for each in updates)]


@pytest.mark.parametrize("seed", range(max(1, FUZZ // BATCH)))
async def test_mutated_frames_harm_nobody_else(seed: int) -> None:
    """W-10: a typed close or nothing; afterwards people write, the document reads, and it loads again."""
    source, frames = random.Random(seed), corpus()
    base = [bytes.fromhex(each) for each in GOLDEN["updates"]]
    log = HeldLog(base[:6])
    room = await opened(log)
    room.hydrate()
    _, watcher = enter(room, "watcher")
    for _ in range(BATCH):
        session, socket = enter(room, "eve")
        # The payload is mutated, its frame is sound, so that the update reader gets to see it.
        kind, body = source.choice(frames), b""
        if kind[0] == 0 and source.random() < 0.8:
            message = wire.read_message(kind, room.limits)
            if isinstance(message, wire.SyncUpdate | wire.SyncStep2):
                body = wire.sync_update(mutated(source, message.update))
        session.receive(body or mutated(source, kind))
        assert socket.code in ALLOWED, kind.hex()
        session.closed()
        await turns(1)
    await room._commits.drain()
    assert watcher.code is None
    ana, socket = enter(room)
    ana.receive(wire.sync_update(Author(424242).type("still here")))
    await room._commits.drain()
    assert socket.updates()
    for each in (room, await opened(log)):
        each.drop()
        assert "still here" in each.text("script")
    pycrdt.Doc().apply_update(room.document.merged())


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
