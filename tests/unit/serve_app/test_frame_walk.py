"""R-23: messages that go past the parser and those that go through it are one stream, wherever the reads cut it."""

from __future__ import annotations

import random

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Protocol, Side

from serve_app.frame_walk import WHOLE_BYTES_MAX, FrameWalk

pytestmark = pytest.mark.unit


def raw(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, rsv: int = 0) -> bytes:
    """One client frame as RFC 6455 section 5.2 lays it out."""
    head = bytes(((0x80 if fin else 0) | rsv | opcode,))
    marker = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes((marker | len(payload),))
    elif len(payload) < 1 << 16:
        head += bytes((marker | 126,)) + len(payload).to_bytes(2, "big")
    else:
        head += bytes((marker | 127,)) + len(payload).to_bytes(8, "big")
    if not masked:
        return head + payload
    key = b"\x11\x22\x33\x44"
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


class Library:
    """The library alone, as it reads a server's connection."""

    def __init__(self) -> None:
        self.conn = Protocol(Side.SERVER, state=OPEN, max_size=1 << 20)

    def feed(self, data: bytes) -> list[tuple[int, bool, bytes]]:
        self.conn.receive_data(data)
        events = self.conn.events_received()
        return [(int(e.opcode), e.fin, bytes(e.data)) for e in events if isinstance(e, Frame)]


class Walked:
    """The walk in front of a library of its own."""

    def __init__(self) -> None:
        self.walk, self.library = FrameWalk(), Library()
        self.plain = 0

    def feed(self, data: bytes) -> list[tuple[int, bool, bytes]]:
        found: list[tuple[int, bool, bytes]] = []
        for plain, part in self.walk.feed(data):
            if self.library.conn.parser_exc is not None:
                break
            if plain:
                self.plain += 1
                found.append((int(Opcode.BINARY), True, part))
            else:
                found += self.library.feed(part)
        return found


def frames(source: random.Random) -> list[bytes]:
    """A conversation a sound client might have, with a fault now and then."""
    made: list[bytes] = []
    for _ in range(source.randint(1, 12)):
        size = source.choice((0, 1, 5, 125, 126, 200, 3_000, WHOLE_BYTES_MAX, WHOLE_BYTES_MAX + 1, 70_000))
        payload = source.randbytes(size)
        what = source.random()
        if what < 0.6:
            made.append(raw(2, payload))
        elif what < 0.7:
            made.append(raw(1, b"text"))
        elif what < 0.8:
            made.append(raw(9, payload[:125]))
        elif what < 0.93:
            made += [
                raw(2, payload, fin=False),
                raw(9, b"between"),
                raw(0, b"middle", fin=False),
                raw(2 if source.random() < 0.1 else 0, b"last"),
            ]
        else:
            made.append(source.choice((raw(2, b"x", masked=False), raw(3, b"x"), raw(2, b"x", rsv=0x40), raw(0, b"x"))))
    return made


@pytest.mark.parametrize("seed", range(150))
def test_r23_the_same_messages_come_out_wherever_the_stream_is_cut(seed: int) -> None:
    source = random.Random(seed)
    stream = b"".join(frames(source))
    cuts = sorted(source.randrange(len(stream) + 1) for _ in range(source.randint(0, 30)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    library, walked = Library(), Walked()
    expected = [event for piece in pieces if library.conn.parser_exc is None for event in library.feed(piece)]
    found = [event for piece in pieces if walked.library.conn.parser_exc is None for event in walked.feed(piece)]
    assert found == expected
    fault, ours = library.conn.parser_exc, walked.library.conn.parser_exc
    assert (type(ours), str(ours)) == (type(fault), str(fault))


def test_r23_plain_messages_do_go_past_the_parser() -> None:
    walked = Walked()
    walked.feed(raw(2, b"a") + raw(2, b"b" * 500) + raw(2, b"c" * (WHOLE_BYTES_MAX + 1)) + raw(9, b""))
    assert walked.plain == 2


def test_r23_a_frame_that_comes_byte_by_byte_is_kept_within_bounds() -> None:
    walked = Walked()
    frame = raw(2, b"x" * 5_000)
    found = [event for at in range(len(frame)) for event in walked.feed(frame[at : at + 1])]
    assert found == [(2, True, b"x" * 5_000)]
    endless = raw(2, b"x" * 100_000)[:90_000]
    for at in range(0, len(endless), 1_000):
        walked.feed(endless[at : at + 1_000])
    assert len(walked.walk._held) <= WHOLE_BYTES_MAX + 14
