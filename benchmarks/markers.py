"""Markers in a byte stream, and the book of who has received which.

A typist appends markers ("<0007.000123>") to a text of its own. Every socket looks for them in what arrives, so an
update that the server merged counts once for each edit in it, whatever the framing. Invariant: a marker counts once per
socket, and only if its typist is of the socket's own room; the rest is counted as repeated or strayed.
"""

from __future__ import annotations

import re
import statistics
from array import array

MARKER = re.compile(rb"<(\d{4})\.(\d{6})>")
MARKER_BYTES = 13


def marker(typist: int, number: int) -> str:
    return f"<{typist:04d}.{number:06d}>"


class MarkerScanner:
    """Finds markers in chunks of bytes that may cut one anywhere."""

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, chunk: bytes) -> list[tuple[int, int]]:
        """(typist, number) of each marker that this chunk completes."""
        window = self._tail + chunk
        found = []
        end = 0
        for match in MARKER.finditer(window):
            found.append((int(match[1]), int(match[2])))
            end = match.end()
        self._tail = window[max(end, len(window) - MARKER_BYTES + 1) :]
        return found


class Book:
    """Send times of all edits, and deliveries of one run. Times are seconds of one monotonic clock."""

    def __init__(self, edits_per_typist: int) -> None:
        self.edits = edits_per_typist
        self.sent: dict[tuple[int, int], float] = {}
        self.delivered = 0
        self.repeated = 0
        self.strayed = 0
        self.delivery_ms = array("d")
        self.echo_ms = array("d")


class Reader:
    """One socket's page of the book: `typists` are those of its room, `own` the number of its own or None."""

    __slots__ = ("_book", "_first", "_got", "_own", "_scanner", "_typists")

    def __init__(self, book: Book, typists: range, own: int | None) -> None:
        self._book, self._typists, self._own = book, typists, own
        self._scanner = MarkerScanner()
        self._first = typists.start
        self._got = bytearray(len(typists) * book.edits)

    def feed(self, chunk: bytes, now: float) -> None:
        book = self._book
        for typist, number in self._scanner.feed(chunk):
            at = book.sent.get((typist, number))
            if at is None or typist not in self._typists:
                book.strayed += 1
                continue
            place = (typist - self._first) * book.edits + number
            if self._got[place]:
                book.repeated += 1
                continue
            self._got[place] = 1
            if typist == self._own:
                book.echo_ms.append((now - at) * 1000)
            else:
                book.delivered += 1
                book.delivery_ms.append((now - at) * 1000)


def percentiles(values: array[float] | list[float], prefix: str = "") -> dict[str, float | None]:
    """p50, p99 and maximum in the unit of the values; None where there are none."""
    if not values:
        return {f"{prefix}p50_ms": None, f"{prefix}p99_ms": None, f"{prefix}max_ms": None}
    ordered = sorted(values)
    return {
        f"{prefix}p50_ms": round(statistics.median(ordered), 3),
        f"{prefix}p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
        f"{prefix}max_ms": round(ordered[-1], 3),
    }
