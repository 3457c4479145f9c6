"""What a returner lacks, found without reading the document: it has all but the tail.

Owns the cheap answer to a step 1 with a state vector. Invariant: the answer holds every struct and every deletion the
peer lacks, or there is no cheap answer. Reads `collab.document`'s tail and its coverage; deletions are always sent
whole, because a state vector says nothing about them.
"""

from __future__ import annotations

from collab.cutting import delete_set
from collab.document import Document
from collab.folding import diff, fold
from collab.wire import state_vector

DELETE_RANGES_MAX = 20_000
"""Ranges written into a cheap answer (about 1 us each). Above, comparing with the document is no dearer."""


def tail_answer(document: Document, clocks: dict[int, int], bytes_max: int) -> bytes | None:
    """One update with what a peer with this state vector lacks; None if that is more than the tail has, or than
    `bytes_max`."""
    coverage, mark = document.coverage, document.base()[1]
    behind, deletes = document.base_clocks, coverage.deletes
    if behind is None or not coverage.structs.gapless() or len(deletes) > DELETE_RANGES_MAX:
        return None
    if any(clocks.get(client, 0) < clock for client, clock in behind.items()):
        return None
    gone, tail = b"\x00" + delete_set(deletes.ranges()), document.since(mark)
    lacking = gone if tail is None else fold([diff(tail, state_vector(clocks)), gone])
    return lacking if len(lacking) <= bytes_max else None
