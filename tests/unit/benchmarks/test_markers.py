"""What the load client counts: every edit once a socket, however the bytes were cut or merged."""

from __future__ import annotations

import pytest

from benchmarks.documents import prose, updates_of
from benchmarks.markers import MARKER, Book, Page, marker, percentiles
from collab.merging import merge

pytestmark = pytest.mark.unit


def test_updates_carry_their_markers_alone_and_merged() -> None:
    """What a server merges still shows each edit."""
    updates = updates_of(3, 20)
    expected = [(b"0003", b"%06d" % n) for n in range(20)]
    assert MARKER.findall(b"".join(updates)) == expected
    assert MARKER.findall(merge(updates, 64)) == expected


def test_prose_is_of_its_size_and_the_same_each_time() -> None:
    """Every server gets the same document, and no text of it looks like a marker."""
    updates = prose("script", 20_000, 1_000, seed=3)
    assert len(updates) == 20
    assert 20_000 <= sum(map(len, updates)) < 22_000
    assert [update.count(b"the") for update in updates] == [
        update.count(b"the") for update in prose("script", 20_000, 1_000, seed=3)
    ]
    assert b"<" not in b"".join(updates)


def test_an_edit_counts_once_a_socket_and_never_from_another_room() -> None:
    """Repeats and strays are told apart from deliveries; the typist's own is an echo."""
    book = Book(typists=3, edits_per_typist=4)
    for typist in (0, 1, 2):
        book.sent[book.place(typist, 0)] = 10.0
    page = Page(range(2), own=0)
    book.note(page, (marker(0, 0) + marker(1, 0)).encode(), 10.5)
    book.note(page, b"nothing to see", 10.6)
    book.note(page, (marker(1, 0) + marker(2, 0) + marker(1, 3) + marker(9, 9)).encode(), 11.0)
    told = book.outcome([page])
    assert (told.expected, told.delivered, told.repeated, told.strayed) == (1, 1, 1, 3)
    assert percentiles(told.echo_ms)["p50_ms"] == 500.0
    assert percentiles(told.delivery_ms)["p50_ms"] == 500.0
    assert book.seen == 6


def test_the_same_bytes_to_many_sockets_count_for_each_of_them() -> None:
    """One payload, one number: what a fan-out shares is read once and counted for everybody."""
    book = Book(typists=1, edits_per_typist=2)
    book.sent[:] = 1.0
    pages = [Page(range(1), own=0), *(Page(range(1), own=None) for _ in range(3))]
    for number, page in enumerate(pages):
        book.note(page, (marker(0, 0) + marker(0, 1)).encode(), 1.0 + number / 1000)
    told = book.outcome(pages)
    assert (told.expected, told.delivered) == (6, 6)
    assert sorted(round(float(ms)) for each in told.delivery_ms for ms in each) == [1, 1, 2, 2, 3, 3]
    assert list(book.arrivals(pages[2])) == [1.002, 1.002]


def test_what_has_not_come_is_missing_and_not_zero() -> None:
    book = Book(typists=1, edits_per_typist=2)
    book.sent[:] = 1.0
    page = Page(range(1), own=None)
    told = book.outcome([page])
    assert (told.expected, told.delivered) == (2, 0)
    assert percentiles(told.delivery_ms)["p99_ms"] is None
    assert str(book.arrivals(page)[0]) == "nan"


def test_percentiles_of_few_many_and_none() -> None:
    assert percentiles([]) == dict.fromkeys(("p50_ms", "p95_ms", "p99_ms", "max_ms"))
    assert percentiles([2.0], "echo_")["echo_p99_ms"] == 2.0
    told = percentiles([float(n) for n in range(1000, 0, -1)])
    assert told == {"p50_ms": 500.5, "p95_ms": 951.0, "p99_ms": 991.0, "max_ms": 1000.0}
