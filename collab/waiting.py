"""What of a document cannot be applied yet: structs after a gap, or after a struct that nobody has sent.

Owns the measure that bounds them (`waiting_bytes_max`): they are kept, for they may be somebody's words out of order,
but a stranger could send them for ever. Invariant: never less is counted than waits among what came since the room
opened, and of gaps from before; more may be, until `settle` has looked again. Fed and asked by `collab.admission`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collab.coverage import RangeSet
from collab.updates import Header, Range

HELD_BYTES_MIN = 64
"""What one update that waits counts at least: about what it costs to remember it."""

SETTLE_PASSES_MAX = 4
"""What was freed may free others, so looking once is not enough; a chain longer than this waits for the next look."""


@dataclass(frozen=True, slots=True)
class _Held:
    header: Header
    size: int


class Waiting:
    """`structs`: everything taken, kept current by its owner."""

    __slots__ = ("_held", "_hung", "_since_settled", "_structs", "bytes")

    def __init__(self, structs: RangeSet) -> None:
        self._structs = structs
        self._hung: dict[int, int] = {}  # client → its first clock that waits for another client's struct
        self._held: list[_Held] = []
        self._since_settled = 0
        self.bytes = 0
        for each in structs.beyond_gaps():
            self.hold(Header((each,), ()), max(HELD_BYTES_MIN, each[2] - each[1]))

    def ready(self, client: int, needs: Mapping[int, int]) -> bool:
        """Whether the next run of this client, which names these ids of others, can be applied at once."""
        return client not in self._hung and self._structs.whole(client) and (not needs or self._met(needs))

    def _met(self, needs: Mapping[int, int]) -> bool:
        hung = self._hung
        for client, clock in needs.items():
            if self._structs.clock(client) <= clock or hung.get(client, clock + 1) <= clock:
                return False
        return True

    def size(self, header: Header, length: int) -> int:
        """How many bytes of an update would wait (one for each clock at most); `header` is not taken yet."""
        met, clocks = self._met(_outer(header)), 0
        by_client: dict[int, list[Range]] = {}
        for run in header.structs:
            by_client.setdefault(run[0], []).append(run)
        for client, runs in by_client.items():
            reached, hung = self._structs.clock_with(client, runs), self._hung.get(client)
            for _, start, end in runs:
                if not met or reached < end or (hung is not None and hung <= start):
                    clocks += end - start
        return max(HELD_BYTES_MIN, min(length, clocks)) if clocks else 0

    def hold(self, header: Header, size: int) -> None:
        """Count an update that was taken."""
        if not self._met(_outer(header)):
            for client, start, _ in header.structs:
                self._hung[client] = min(start, self._hung.get(client, start))
        self._held.append(_Held(header, size))
        self.bytes += size

    def settle(self) -> None:
        """Look again at what waits. Costs as much as what is held, so it is done once in an eighth as many calls."""
        self._since_settled += 1
        if self._since_settled * 8 < len(self._held):
            return
        self._since_settled = 0
        for _ in range(SETTLE_PASSES_MAX):
            before = len(self._held)
            held, self._held, self._hung, self.bytes = self._held, [], {}, 0
            for each in held:
                if not self._complete(each.header):
                    self.hold(each.header, each.size)
            if len(self._held) in (0, before):
                return

    def _complete(self, header: Header) -> bool:
        return self._met(_outer(header)) and all(
            self._structs.clock(client) >= end and self._hung.get(client, end) > start
            for client, start, end in header.structs
        )


def _outer(header: Header) -> Mapping[int, int]:
    """What it needs of clients that it does not itself bring."""
    if not header.needs:
        return header.needs
    own = {client for client, _, _ in header.structs}
    return {client: clock for client, clock in header.needs.items() if client not in own}
