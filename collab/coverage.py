"""What a document holds, as ranges of clocks: the answer to "is there anything new in this update?".

Owns interval sets per client for structs and for deletions. Invariant: a range is covered only if the committed log
holds or implies it; nothing is ever removed. Built from update headers, read by `collab.document`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from collab.updates import Header, Range

BULK_RANGES = 64
"""Above this many new ranges, sorting them in beats inserting them one by one."""


class RangeSet:
    """Disjoint, sorted, half-open intervals per client. Appending at a client's end is O(1)."""

    __slots__ = ("_count", "_ends", "_starts")

    def __init__(self) -> None:
        self._count = 0
        self._starts: dict[int, list[int]] = {}
        self._ends: dict[int, list[int]] = {}

    def add(self, client: int, start: int, end: int) -> None:
        starts, ends = self._starts.get(client), self._ends.get(client)
        if starts is None or ends is None:
            self._starts[client], self._ends[client] = [start], [end]
            self._count += 1
            return
        if start > ends[-1]:
            self._count += 1
            starts.append(start)
            ends.append(end)
        elif start >= starts[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            before = len(starts)
            self._splice(starts, ends, start, end)
            self._count += len(starts) - before

    @staticmethod
    def _splice(starts: list[int], ends: list[int], start: int, end: int) -> None:
        first = bisect_right(starts, start)
        if first and ends[first - 1] >= start:
            first -= 1
            start = starts[first]
        last = bisect_right(starts, end)
        if last > first:
            end = max(end, ends[last - 1])
        starts[first:last], ends[first:last] = [start], [end]

    def add_all(self, ranges: Sequence[Range]) -> None:
        """Many at once, in any order, in time linear in what is held and n log n in what comes."""
        if len(ranges) <= BULK_RANGES:
            for client, start, end in ranges:
                self.add(client, start, end)
            return
        by_client: dict[int, list[tuple[int, int]]] = {}
        for client, start, end in ranges:
            by_client.setdefault(client, []).append((start, end))
        for client, fresh in by_client.items():
            starts, ends = self._starts.pop(client, ()), self._ends.pop(client, ())
            held = zip(starts, ends, strict=True)
            self._count -= len(starts)
            for start, end in sorted((*held, *fresh)):
                self.add(client, start, end)

    def covers(self, client: int, start: int, end: int) -> bool:
        starts = self._starts.get(client)
        if starts is None:
            return False
        index = bisect_right(starts, start) - 1
        return index >= 0 and self._ends[client][index] >= end

    def missing(self, client: int, start: int, end: int) -> list[Range]:
        """What of start <= i < end is not covered, ascending."""
        starts, ends = self._starts.get(client), self._ends.get(client)
        if starts is None or ends is None:
            return [(client, start, end)]
        found: list[Range] = []
        index = bisect_right(ends, start)  # the first range that ends after `start`
        while start < end:
            if index == len(starts) or starts[index] >= end:
                found.append((client, start, end))
                break
            if starts[index] > start:
                found.append((client, start, starts[index]))
            start = ends[index]
            index += 1
        return found

    def end(self, client: int) -> int:
        """The clock after the last one covered; 0 for a client nothing is known of."""
        ends = self._ends.get(client)
        return ends[-1] if ends else 0

    def whole(self, client: int) -> bool:
        """Whether nothing is missing between clock 0 and the last one covered."""
        starts = self._starts.get(client)
        return starts is None or (len(starts) == 1 and starts[0] == 0)

    def clock_with(self, client: int, more: Sequence[Range]) -> int:
        """Where the run from clock 0 would end if these ranges of the client were covered too."""
        held = zip(self._starts.get(client, ()), self._ends.get(client, ()), strict=True)
        end = 0
        for start, until in sorted((*held, *((start, until) for _, start, until in more))):
            if start > end:
                break
            end = max(end, until)
        return end

    def beyond_gaps(self) -> list[Range]:
        """Every range that does not start at its client's clock 0."""
        found: list[Range] = []
        for client, starts in self._starts.items():
            if len(starts) > 1 or starts[0]:
                found += ((client, a, b) for a, b in zip(starts, self._ends[client], strict=True) if a)
        return found

    def copy(self) -> RangeSet:
        found = RangeSet()
        found._count = self._count
        found._starts = {client: list(each) for client, each in self._starts.items()}
        found._ends = {client: list(each) for client, each in self._ends.items()}
        return found

    def covers_all(self, ranges: Iterable[Range]) -> bool:
        return all(self.covers(*each) for each in ranges)

    def __len__(self) -> int:
        """Ranges held."""
        return self._count

    def ranges(self) -> list[Range]:
        """All, ascending for each client."""
        return [
            (client, start, end)
            for client, starts in self._starts.items()
            for start, end in zip(starts, self._ends[client], strict=True)
        ]

    def gapped(self) -> set[int]:
        """The clients with a gap before something of theirs."""
        return {client for client, starts in self._starts.items() if len(starts) > 1 or starts[0]}

    def gapless(self) -> bool:
        """Whether every client's clocks run from 0 without a gap."""
        return all(len(starts) == 1 and starts[0] == 0 for starts in self._starts.values())

    def clock(self, client: int) -> int:
        """Where the run from clock 0 ends."""
        starts = self._starts.get(client)
        return self._ends[client][0] if starts and starts[0] == 0 else 0

    def clocks(self) -> dict[int, int]:
        """The state vector: clients whose run starts at 0, with its end."""
        return {client: self._ends[client][0] for client, starts in self._starts.items() if starts[0] == 0}


class Coverage:
    """Structs and deletions a document has."""

    __slots__ = ("deletes", "structs")

    def __init__(self) -> None:
        self.structs, self.deletes = RangeSet(), RangeSet()

    def add(self, header: Header) -> None:
        self.structs.add_all(header.structs)
        self.deletes.add_all(header.deletes)

    def copy(self) -> Coverage:
        found = Coverage()
        found.structs, found.deletes = self.structs.copy(), self.deletes.copy()
        return found

    def has_structs(self, header: Header) -> bool:
        return self.structs.covers_all(header.structs)

    def has_deletes(self, header: Header) -> bool:
        return self.deletes.covers_all(header.deletes)

    def has(self, header: Header) -> bool:
        return self.has_structs(header) and self.has_deletes(header)
