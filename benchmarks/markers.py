"""Markers in what arrives, and the book of who has received which.

A typist appends markers ("<0007.000123>") to a text of its own. While the load runs a page only notes the time and
the number of each payload (equal payloads have one number: a fan-out sends the same bytes to everybody); deliveries
are worked out afterwards. Invariant: a marker counts once per socket, and only if its typist is of the socket's own
room and has sent it; the rest is counted as repeated or strayed.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MARKER = re.compile(rb"<(\d{4})\.(\d{6})>")

Times = NDArray[np.float64]


def marker(typist: int, number: int) -> str:
    return f"<{typist:04d}.{number:06d}>"


class Page:
    """One socket's notes: `typists` are those of its room, `own` the number of its own or None."""

    __slots__ = ("own", "payloads", "times", "typists")

    def __init__(self, typists: range, own: int | None) -> None:
        self.typists, self.own = typists, own
        self.payloads = array("I")
        self.times = array("d")


@dataclass
class Outcome:
    """What the pages say. `expected` counts (edit sent, other socket of its room)."""

    expected: int = 0
    delivered: int = 0
    repeated: int = 0
    strayed: int = 0
    delivery_ms: list[Times] = field(default_factory=list)
    echo_ms: list[Times] = field(default_factory=list)


class Book:
    """Send times of all edits and what each payload holds. Times are seconds of one monotonic clock."""

    def __init__(self, typists: int, edits_per_typist: int) -> None:
        self.edits = edits_per_typist
        self.sent: Times = np.full(typists * edits_per_typist, np.nan)
        self.seen = 0
        self._numbers: dict[bytes, int] = {}
        self._places: list[list[int]] = []

    def place(self, typist: int, number: int) -> int:
        return typist * self.edits + number

    def note(self, page: Page, payload: bytes, now: float) -> None:
        number = self._numbers.get(payload)
        if number is None:
            number = self._numbers[payload] = len(self._places)
            self._places.append([self._place(found) for found in MARKER.findall(payload)])
        if found := len(self._places[number]):
            page.payloads.append(number)
            page.times.append(now)
            self.seen += found

    def _place(self, found: tuple[bytes, bytes]) -> int:
        typist, number = int(found[0]), int(found[1])
        place = self.place(typist, number)
        return place if number < self.edits and place < len(self.sent) else -1

    def arrivals(self, page: Page) -> Times:
        """When each edit first came to this socket; NaN for those that have not."""
        came: Times = np.full(len(self.sent), np.nan)
        for number, now in zip(reversed(page.payloads), reversed(page.times), strict=True):
            for place in self._places[number]:
                if place >= 0:
                    came[place] = now
        return came

    def outcome(self, pages: Sequence[Page]) -> Outcome:
        told = Outcome()
        sent_by_typist = (~np.isnan(self.sent)).reshape(-1, self.edits).sum(axis=1)
        for page in pages:
            first, last = page.typists.start, page.typists.stop
            others = int(sent_by_typist[first:last].sum())
            told.expected += others - (0 if page.own is None else int(sent_by_typist[page.own]))
            self._read(page, told)
        return told

    def _read(self, page: Page, told: Outcome) -> None:
        if not page.payloads:
            return
        lists = [self._places[number] for number in page.payloads]
        places = np.array([place for each in lists for place in each], dtype=np.int64)
        times = np.repeat(np.frombuffer(page.times), [len(each) for each in lists])
        low, high = page.typists.start * self.edits, page.typists.stop * self.edits
        known = (places >= low) & (places < high)
        known[known] = ~np.isnan(self.sent[places[known]])
        told.strayed += int((~known).sum())
        places, times = places[known], times[known]
        places, first = np.unique(places, return_index=True)
        told.repeated += len(times) - len(places)
        took = (times[first] - self.sent[places]) * 1000
        echoes = np.zeros(len(places), bool) if page.own is None else places // self.edits == page.own
        told.delivered += int((~echoes).sum())
        told.delivery_ms.append(took[~echoes])
        told.echo_ms.append(took[echoes])


def percentiles(values: Sequence[Times] | Sequence[float], prefix: str = "") -> dict[str, float | None]:
    """p50, p95, p99 and maximum in the unit of the values; None where there are none."""
    flat = np.concatenate([np.atleast_1d(each) for each in values]) if len(values) else np.empty(0)
    names = [f"{prefix}{name}_ms" for name in ("p50", "p95", "p99", "max")]
    if not len(flat):
        return dict.fromkeys(names)
    flat.sort()
    at = [flat[min(len(flat) - 1, int(len(flat) * share))] for share in (0.95, 0.99)]
    told = (np.median(flat), *at, flat[-1])
    return {name: round(float(value), 3) for name, value in zip(names, told, strict=True)}
