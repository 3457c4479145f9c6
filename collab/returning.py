"""What a returner lacks, found without reading the document: it has all but the tail.

Owns the cheap answer to a step 1 with a state vector. Invariant: the answer holds every struct and every deletion the
peer lacks, or there is no cheap answer. Reads `collab.document`'s tail and its coverage; deletions are always sent
whole, because a state vector says nothing about them.
"""

from __future__ import annotations

from collab.cutting import delete_set
from collab.document import Document

DELETE_RANGES_MAX = 20_000
"""Ranges written into a cheap answer (about 1 us each). Above, comparing with the document is no dearer."""


def tail_answer(document: Document, clocks: dict[int, int]) -> bytes | None:
    """One update with what a peer with this state vector lacks; None if it lacks more than the tail has."""
    behind, deletes = document.base_clocks, document.coverage.deletes
    if behind is None or not document.coverage.structs.gapless() or len(deletes) > DELETE_RANGES_MAX:
        return None
    if any(clocks.get(client, 0) < clock for client, clock in behind.items()):
        return None
    return document.tail_with(b"\x00" + delete_set(deletes.ranges()))
