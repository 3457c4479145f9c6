"""The raw client: frames as RFC 6455 says, cut right wherever the stream is, both dialects' documents recognised."""

from __future__ import annotations

import pytest

from benchmarks.client import BINARY, PING, Dialect, FrameCutter, client_frame, var_bytes
from collab.transport import encode_binary_frame

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("size", "head"), [(5, 6), (125, 6), (126, 8), (65_535, 8), (65_536, 14)])
def test_client_frames_are_masked_and_sized_as_rfc_6455_says(size: int, head: int) -> None:
    frame = client_frame(b"x" * size)
    assert frame[0] == 0x82
    assert frame[1] & 0x80
    assert len(frame) == head + size
    assert frame[head - 4 : head] == b"\0\0\0\0"


def test_var_bytes_carry_their_length_in_sevens() -> None:
    assert var_bytes(b"x" * 300)[:2] == bytes((0x80 | (300 & 0x7F), 300 >> 7))


@pytest.mark.parametrize("step", [1, 2, 7, 100, 1 << 20])
def test_frames_are_cut_wherever_the_stream_is(step: int) -> None:
    """A large payload that nobody wants is counted and its first bytes told; the rest comes whole."""
    payloads = [b"", b"a", b"b" * 125, b"c" * 126, b"h" + b"d" * 70_000, b"e" * 65_535, b"f" * 300]
    stream = b"".join(map(encode_binary_frame, payloads)) + b"\x89\x00"
    cutter = FrameCutter(keep=1000)
    found = [each for at in range(0, len(stream), step) for each in cutter.feed(stream[at : at + step])]
    assert [size for _, _, size in found] == [*map(len, payloads), 0]
    assert [opcode for opcode, _, _ in found] == [BINARY] * 7 + [PING]
    for (_, told, size), payload in zip(found, payloads, strict=False):
        assert told == payload if size <= 1000 else payload.startswith(told)
    assert found[4][1].startswith(b"hd")


def test_a_document_is_recognised_and_unpacked_in_both_dialects() -> None:
    for kind, prefix in (("y-websocket", b""), ("hocuspocus", var_bytes(b"room"))):
        dialect = Dialect(kind, "")
        payload = prefix + b"\0\1" + var_bytes(b"u" * 200)
        assert dialect.is_document("room", payload[:64])
        assert dialect.update_of("room", payload) == b"u" * 200
        part = prefix + b"\0\2" + var_bytes(b"u")
        assert (dialect.is_document("room", part), dialect.is_part("room", part)) == (False, True)
