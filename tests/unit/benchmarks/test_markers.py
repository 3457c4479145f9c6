"""What the load client counts: every edit once a socket, however the bytes are cut or merged."""

from __future__ import annotations

import pytest

from benchmarks.collab_load import client_frame, updates_of, var_bytes
from benchmarks.markers import Book, MarkerScanner, Reader, marker, percentiles
from collab.merging import merge

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("size", [1, 2, 5, 12, 13, 14, 1000])
def test_markers_are_found_wherever_the_stream_is_cut(size: int) -> None:
    """A marker across two or more chunks counts once."""
    stream = (
        b"\x82\x10junk<0001.000"
        + marker(1, 2).encode()
        + b"<"
        + b"".join(b"\x00\xff" + marker(7, n).encode() for n in range(30))
    )
    scanner = MarkerScanner()
    found = [each for at in range(0, len(stream), size) for each in scanner.feed(stream[at : at + size])]
    assert found == [(1, 2), *((7, n) for n in range(30))]


def test_updates_carry_their_markers_alone_and_merged() -> None:
    """What a server merges still shows each edit."""
    updates = updates_of(3, 20)
    assert MarkerScanner().feed(b"".join(updates)) == [(3, n) for n in range(20)]
    assert MarkerScanner().feed(merge(updates, 64)) == [(3, n) for n in range(20)]


def test_an_edit_counts_once_a_socket_and_never_from_another_room() -> None:
    """Repeats and strays are told apart from deliveries; the typist's own is an echo."""
    book = Book(edits_per_typist=4)
    book.sent = {(typist, 0): 10.0 for typist in (0, 1, 2)}
    reader = Reader(book, range(2), own=0)
    reader.feed((marker(0, 0) + marker(1, 0)).encode(), 10.5)
    reader.feed((marker(1, 0) + marker(2, 0) + marker(1, 3)).encode(), 11.0)
    assert list(book.echo_ms) == [500.0]
    assert list(book.delivery_ms) == [500.0]
    assert (book.delivered, book.repeated, book.strayed) == (1, 1, 2)


def test_percentiles_of_few_many_and_none() -> None:
    assert percentiles([]) == {"p50_ms": None, "p99_ms": None, "max_ms": None}
    assert percentiles([2.0], "echo_") == {"echo_p50_ms": 2.0, "echo_p99_ms": 2.0, "echo_max_ms": 2.0}
    told = percentiles([float(n) for n in range(1000, 0, -1)])
    assert told == {"p50_ms": 500.5, "p99_ms": 991.0, "max_ms": 1000.0}


@pytest.mark.parametrize(("size", "head"), [(5, 6), (125, 6), (126, 8), (65_535, 8), (65_536, 14)])
def test_client_frames_are_masked_and_sized_as_rfc_6455_says(size: int, head: int) -> None:
    frame = client_frame(b"x" * size)
    assert frame[0] == 0x82
    assert frame[1] & 0x80
    assert len(frame) == head + size
    assert frame[head - 4 : head] == b"\0\0\0\0"


def test_var_bytes_carry_their_length_in_sevens() -> None:
    assert var_bytes(b"x" * 300)[:2] == bytes((0x80 | (300 & 0x7F), 300 >> 7))
