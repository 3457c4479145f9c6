"""Frames in datagrams: when one is believed, and when the file is read instead."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from storage.bus.protocol import EVERYTHING, Topic, Wake, home_stream, pack
from storage.bus.ring import FRAME_BYTES_MAX, Heard, Ring, new_word, unpacked
from storage.bus.sqlite import SqliteBus

pytestmark = pytest.mark.unit


def test_g303_only_who_knows_the_word_is_believed() -> None:
    """G-303: another word, no word, half a head, too long a frame: an empty ring, and the file is read."""
    word, ring = new_word(), Ring("work", 3, 5, b"frame")
    assert unpacked(ring.packed(("work", word)), word) == ring
    assert unpacked(ring.packed(("work", new_word())), word) is None
    assert ring.packed(("work", "attempt")) == b""
    assert ring.packed(("work", "#short")) == b""
    assert unpacked(ring.packed(("work", word))[:20], word) is None
    assert Ring("work", 3, 5, bytes(FRAME_BYTES_MAX + 1)).packed((word,)) == b""


def test_g303_a_frame_is_taken_if_it_follows_what_was_heard_of_its_topic() -> None:
    """G-303: frames of other topics may lie between; one that was missed may not."""
    heard = Heard()
    assert not heard.follows(Ring("work", 0, 1, b""))  # not listening yet
    heard.begin(("work",), 10)
    assert heard.follows(Ring("work", 8, 12, b""))
    assert not heard.follows(Ring("work", 11, 12, b""))
    heard.note("work", 12)
    assert not heard.follows(Ring("work", 10, 12, b""))  # twice
    assert not heard.newer("work", 12)
    assert heard.newer("work", 13)


async def test_g303_forged_late_and_repeated_datagrams_cost_a_look_and_nothing_else(tmp_path: Path) -> None:
    """G-303: every wake-up arrives once, whatever anybody sends to the port."""
    one, two = SqliteBus(tmp_path / "bus.db"), SqliteBus(tmp_path / "bus.db")
    await one.open()
    await two.open()
    heard = two.subscribe(Topic.HOME)
    async with asyncio.timeout(20):
        assert await heard.next() == EVERYTHING
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        out.setblocking(False)
        there = ("127.0.0.1", two._port)
        for forged in (b"", b"x" * 200, Ring("home", 0, 9, pack([Wake("home/forged", 1)])).packed((new_word(),))):
            out.sendto(forged, there)
        for seq in range(1, 40):
            one.publish(home_stream(f"prj_{seq}"), seq)
            if seq == 20:  # repeated, and out of its order
                out.sendto(Ring("home", 0, 1, pack([Wake("home/prj_late", 1)])).packed((two._word,)), there)
            assert await heard.next() == Wake(f"home/prj_{seq}", seq)
        out.close()
    await one.close()
    await two.close()
