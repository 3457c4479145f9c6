"""Who wrote a struct, from the log: the principal of the entry that brought its id first, and that entry's sequence.

Owns the map from (client id, clock) to writer. Invariant: a pure fold of committed rows in order; the first entry that
brings an id is its writer for ever, since later ones with the same id say nothing new (R-60). Client ids alone would
not do: they bind to a principal, but an accepted proposal brings structs under somebody else's id. Rows come from the
ledger; readers are history and whoever must name an author.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right, insort
from collections.abc import Iterable

from collab.coverage import RangeSet
from collab.limits import Limits
from collab.ports import Entry
from collab.updates import read_header

_LOGGED = dataclasses.replace(Limits(), structs_per_update_max=1 << 53, delete_ranges_per_update_max=1 << 53)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Written:
    """Clocks start <= i < end of one client, written by `principal` in row `seq`."""

    start: int
    end: int
    principal: str
    seq: int


class Authors:
    """Grows by `add`; asked at any time."""

    def __init__(self) -> None:
        self._written: dict[int, list[Written]] = {}
        self._seen = RangeSet()

    def add(self, seq: int, entries: Iterable[Entry]) -> None:
        """One committed row. Rows come in ascending order. Raises `Malformed` for bytes that are no update."""
        for entry in entries:
            for run in read_header(entry.update, _LOGGED).structs:
                for client, start, end in self._seen.missing(*run):
                    insort(self._written.setdefault(client, []), Written(start, end, entry.principal, seq))
                self._seen.add(*run)

    def of(self, client: int, clock: int) -> Written | None:
        """Who wrote one struct; None: the log does not hold it."""
        written = self._written.get(client, [])
        index = bisect_right(written, clock, key=lambda each: each.start) - 1
        return written[index] if index >= 0 and clock < written[index].end else None

    def between(self, client: int, start: int, end: int) -> list[Written]:
        """The writers of start <= i < end, ascending, cut to it; neighbours of one row and principal are one."""
        found: list[Written] = []
        for each in self._written.get(client, []):
            first, last = max(start, each.start), min(end, each.end)
            if first >= last:
                continue
            joins = found and (found[-1].end, found[-1].principal, found[-1].seq) == (first, each.principal, each.seq)
            begin = found.pop().start if joins else first
            found.append(Written(begin, last, each.principal, each.seq))
        return found
