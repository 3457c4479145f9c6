"""Which structs may have children: a guard for whoever reads the document later.

Yrs refuses to apply a struct whose parent is, say, a piece of text, and with it every update that holds both: one such
update, once committed, would make a document unreadable for good. `get_state` cannot see it. Owns the set of ids that
can be parents. Invariant: a parent is a type, or has lost its content, or the update that names it is not committed.
Built from update headers; asked by `collab.document`.
"""

from __future__ import annotations

from collab.close_codes import CloseCode, CollabError, Malformed
from collab.coverage import RangeSet
from collab.updates import Header, Id


class Parents:
    """Types and content-less structs of a document."""

    __slots__ = ("_gone", "_types")

    def __init__(self) -> None:
        self._types: set[Id] = set()
        self._gone = RangeSet()

    def add(self, header: Header) -> None:
        self._types |= header.types
        self._gone.add_all(header.gone)

    def has(self, found: Id) -> bool:
        return found in self._types or self._gone.covers(found[0], found[1], found[1] + 1)


def refuse(found: Id, structs: RangeSet) -> CollabError:
    """Why an update that names `found` as parent is not accepted: it is no type, or is not here yet (send both)."""
    if structs.covers(found[0], found[1], found[1] + 1):
        return Malformed("parent is not a type")
    return CollabError(CloseCode.RESYNC, "parent is missing")
