"""Which struct ids are taken: committed, or on their way to the log.

Owns the answer to "is anything in this update new, and which part". Invariant: a struct id that was offered to the log
is never offered again, so the log holds one content for each id and whatever order it is merged in gives one document;
two contents for one id could give a child to a piece of text, and a document no Yrs applies. Filled by
`collab.admission`; a flush that failed frees its ids by building the claims anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from collab.coverage import RangeSet
from collab.updates import Header, Range


class Claims:
    """Of one open room."""

    __slots__ = ("structs",)

    def __init__(self, committed: RangeSet, pending: Iterable[Header]) -> None:
        self.structs = committed.copy()
        for header in pending:
            self.structs.add_all(header.structs)

    def is_next_run(self, header: Header) -> bool:
        """Whether it is what nearly every update is: the next clocks of one client, and nothing to look into."""
        structs = header.structs
        return len(structs) == 1 and self.structs.end(structs[0][0]) == structs[0][1]

    def missing(self, header: Header) -> list[Range]:
        """The part of its structs that nobody has taken, ascending for each client."""
        missing = self.structs.missing
        return [part for run in header.structs for part in missing(*run)]

    def take(self, header: Header) -> None:
        self.structs.add_all(header.structs)
