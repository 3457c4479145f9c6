"""What is taken of a document: struct ids and client ids that are committed, or on their way to the log.

Owns the answers to "what in this update is new" and "whose is this client id". Invariants: a struct id that was offered
to the log is never offered again, so the log holds one content for each id and whatever order it is merged in gives one
document (two contents for one id could give a child to a piece of text, and a document no Yrs applies); a client id
belongs to the principal who used it first, for ever. Filled by `collab.admission`; a flush that failed frees what it
had taken by building the claims anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from collab.coverage import RangeSet
from collab.updates import Header, Range
from collab.waiting import Waiting


def bind(owners: dict[int, str], principal: str, header: Header) -> None:
    """Client ids nobody owns yet are the principal's whose structs they bring."""
    for client, _, _ in header.structs:
        owners.setdefault(client, principal)


class Claims:
    """Of one open room. `announced`: which principal shows a client id in its presence; before the id is bound, that
    person has not typed yet, and nobody else may use it first."""

    __slots__ = ("_announced", "_owners", "structs", "waiting")

    def __init__(
        self,
        committed: RangeSet,
        owners: Mapping[int, str],
        pending: Iterable[tuple[str, Header]],
        announced: Callable[[int], str | None] = lambda _client: None,
    ) -> None:
        self.structs, self._owners, self._announced = committed.copy(), dict(owners), announced
        for principal, header in pending:
            self.take(principal, header)
        self.waiting = Waiting(self.structs)

    def is_next_run(self, principal: str, header: Header) -> bool:
        """Whether it is what nearly every update is: the next clocks of a client of theirs, nothing to look into."""
        structs = header.structs
        if len(structs) != 1 or header.gone:
            return False
        client, start, _ = structs[0]
        return (
            self.structs.end(client) == start
            and self._owners.get(client) == principal
            and (not header.deletes or not self.beyond(header.deletes))
            and self.waiting.ready(client, header.needs)
        )

    def owner(self, client: int) -> str | None:
        return self._owners.get(client) or self._announced(client)

    def missing(self, header: Header) -> list[Range]:
        """The part of its structs that nobody has taken, ascending for each client."""
        missing = self.structs.missing
        return [part for run in header.structs for part in missing(*run)]

    def foreign(self, principal: str, runs: Iterable[Range]) -> list[Range]:
        """Those under client ids of others."""
        return [each for each in runs if self.owner(each[0]) not in (None, principal)]

    def beyond(self, deletes: Iterable[Range]) -> list[Range]:
        """What of deletions reaches past a client's last clock: it would void what that client has yet to write."""
        found: list[Range] = []
        for client, start, end in deletes:
            known = self.structs.end(client)
            if end > known:
                found.append((client, max(start, known), end))
        return found

    @staticmethod
    def without(deletes: Iterable[Range], cut_off: Iterable[Range]) -> tuple[Range, ...]:
        """Deletions without those ends of theirs."""
        ends = {(client, end): start for client, start, end in cut_off}
        kept = [(client, start, min(end, ends.get((client, end), end))) for client, start, end in deletes]
        return tuple(each for each in kept if each[1] < each[2])

    def take(self, principal: str, header: Header) -> None:
        self.structs.add_all(header.structs)
        bind(self._owners, principal, header)
