"""What stands between a socket and the log: every check an update passes before it may be committed.

Owns the verdict on one update: malformed, known already, not allowed, somebody else's, too much, or on its way.
Invariant: what is offered to the log applies to any document that has what the log has, says nothing of any struct id
that the log has already, and takes the document over no limit. Updates come
from `room.accept`, go to `Commits.offer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pycrdt

from collab import wire
from collab.claims import Claims
from collab.close_codes import CloseCode, CollabError, Malformed, TooLarge
from collab.commits import Commits, Pending
from collab.cutting import cut
from collab.document import Document
from collab.editing import PreparedEdit
from collab.limits import Limits
from collab.merging import merge
from collab.ports import Entry, Offer
from collab.proposals import FOREIGN_ID
from collab.receipts import NOTHING_DUE
from collab.session import Session
from collab.updates import Header, Range, read_header


@dataclass(frozen=True, slots=True)
class _Sifted:
    """What a `Pending` is made of, and how much of it would wait."""

    update: bytes
    header: Header
    receipt: int
    leans: bool = False
    whole: bytes | None = None
    waits: int = 0


def read_update(update: bytes, limits: Limits) -> Header:
    """Its header, if applying would not refuse its bytes. Raises `Malformed`, `TooLarge`."""
    header = read_header(update, limits)
    try:
        pycrdt.get_state(update)  # refuses exactly what applying refuses
    except ValueError:
        raise Malformed("update does not decode") from None
    return header


def refuse_retired(retired: frozenset[int], header: Header) -> None:
    """Raises `CollabError` STALE_DOCUMENT for an update of an earlier epoch: merging it would bring the old text back
    beside the new."""
    named = (client for part in (header.structs, header.deletes) for client, _, _ in part)
    if not (retired.isdisjoint(named) and retired.isdisjoint(header.needs)):
        raise CollabError(CloseCode.STALE_DOCUMENT)


class Admission:
    """Of one open room. `announced`: whose presence shows a client id. `park`: takes what comes under ids of others."""

    def __init__(
        self,
        document: Document,
        commits: Commits,
        limits: Limits,
        *,
        announced: Callable[[int], str | None],
        park: Callable[[Session, Offer], None],
    ) -> None:
        self._document, self._commits, self._limits = document, commits, limits
        self._announced, self._park = announced, park
        self._claims: Claims | None = None
        self._reserved: tuple[str, Header] | None = None

    def admit(self, session: Session, update: bytes, header: Header, *, live: bool) -> None:
        """Answer what needs no commit, offer what is new to the log. Raises `CollabError` for what ends the session."""
        document, receipt = self._document, session.receipt(header, live=live)
        if document.retired:
            refuse_retired(document.retired, header)
        if header.empty:
            session.acknowledge(receipt)
            return
        if not session.can_write:
            if document.knows(header):
                session.acknowledge(receipt)
            else:
                session.deny_write()
            return
        claims, principal = self._claimed(), session.principal
        found: _Sifted | None = None
        if not claims.is_next_run(principal, header):
            found = self._sift(session, update, header, receipt, live=live)
            if found is None:
                return
            update, header, receipt = found.update, found.header, found.receipt
        waiting = self._commits.bytes
        if waiting and waiting + len(update) > self._limits.pending_bytes_max:
            raise CollabError(CloseCode.OVERLOADED, "pending_bytes_max")
        if header.parents:
            document.check_parents(header, self._commits.pending_headers())
        self.check_size(update)
        claims.take(principal, header)
        entry = Entry(principal, header.structs[0][0] if header.structs else 0, update, session.user.name)
        if found is None:
            self._commits.offer(Pending(session, entry, header, receipt))
            return
        if found.waits:
            claims.waiting.hold(header, found.waits)
        self._commits.offer(Pending(session, entry, header, receipt, found.leans, found.whole))

    def _sift(self, session: Session, update: bytes, header: Header, receipt: int, *, live: bool) -> _Sifted | None:
        """What is left to commit of an update that is not simply its client's next words; None if nothing is.

        Structs of others are refused in a live update, and parked out of a step 2, whose receipt goes with them.
        """
        claims, committed = self._claimed(), self._document.coverage
        wanted, deletes = claims.missing(header), header.deletes
        if not wanted and committed.has(header):
            session.acknowledge(receipt)
            if live and session.receipts is None:
                session.write(wire.sync_update(update))  # committed before: acknowledge it
            return None
        foreign = claims.foreign(session.principal, wanted)
        # A deletion that is committed already voids nothing more: it came with what the server itself has shown.
        ahead = [each for each in claims.beyond(deletes) if not committed.deletes.covers(*each)]
        voiding = claims.foreign(session.principal, ahead)
        if foreign or voiding:
            if live:
                session.refuse(FOREIGN_ID)
                return None
            self._offer(session, cut(update, foreign, voiding, self._limits), (*foreign, *voiding))
            others = set(foreign)
            wanted, deletes = [each for each in wanted if each not in others], claims.without(deletes, voiding)
            receipt = NOTHING_DUE
            if not wanted and committed.deletes.covers_all(deletes):
                return None
        leans, whole = False, None
        if tuple(wanted) != header.structs or deletes is not header.deletes:
            leans = self._commits.busy and not committed.has_structs(header)
            whole = None if foreign or voiding else update
            update = cut(update, wanted, deletes, self._limits)
            header = read_header(update, self._limits)
        self._check_leaps(claims, header)
        waits = self._check_waiting(claims, header, len(update), live=live)
        return _Sifted(update, header, receipt, leans, whole, waits)

    def _offer(self, session: Session, update: bytes, foreign: Sequence[Range]) -> None:
        owners = {client: self._claimed().owner(client) or "" for client, _, _ in foreign}
        self._park(session, Offer(session.principal, tuple(owners.items()), update))

    def _check_leaps(self, claims: Claims, header: Header) -> None:
        """Raises `CollabError` for a client id that would be used up at one stroke."""
        most = self._limits.clock_gap_max
        for client, start, _ in header.structs:
            if start - claims.structs.end(client) > most:
                raise CollabError(CloseCode.RESYNC, "clock_gap_max")
        for _, start, end in header.gone:
            if end - start > most:
                raise CollabError(CloseCode.RESYNC, "clock_gap_max")

    def _check_waiting(self, claims: Claims, header: Header, length: int, *, live: bool) -> int:
        """How many bytes would wait for structs nobody has sent. Raises `CollabError` if those are too many."""
        waiting, most = claims.waiting, self._limits.waiting_bytes_max
        size = waiting.size(header, length)
        if size and waiting.bytes + size > most:
            waiting.settle()
            if waiting.bytes + size > most:
                raise CollabError(CloseCode.RESYNC if live else CloseCode.TOO_LARGE, "waiting_bytes_max")
        return size

    def reserve(self, principal: str, header: Header) -> bool:
        """Take the ids of an edit by the server; False if one is taken: make it anew under a fresh client id."""
        claims = self._claimed()
        if claims.missing(header) != list(header.structs) or claims.foreign(principal, header.structs):
            return False
        claims.take(principal, header)
        self._reserved = principal, header
        return True

    def adopt(self, offer: Offer) -> PreparedEdit | None:
        """What the document lacks of an accepted offer, its author kept; None if it lacks nothing.

        Raises `CollabError` for what no document may hold.
        """
        header = read_header(offer.update, self._limits)
        refuse_retired(self._document.retired, header)
        claims = self._claimed()
        wanted = claims.missing(header)
        if not wanted and self._document.has_deletes(header):
            return None
        update = cut(offer.update, wanted, header.deletes, self._limits)
        header = read_header(update, self._limits)
        if header.parents:
            self._document.check_parents(header, self._commits.pending_headers())
        self.check_size(update)
        claims.take(offer.principal, header)
        self._reserved = offer.principal, header
        return PreparedEdit(Entry(offer.principal, wanted[0][0] if wanted else 0, update), header)

    def release(self) -> None:
        """A flush failed: only what is committed, or still on its way, is taken."""
        self._claims = None

    def _claimed(self) -> Claims:
        if self._claims is None:
            pending = [(each.entry.principal, each.header) for each in self._commits.pending()]
            pending += [self._reserved] if self._reserved else []
            document = self._document
            self._claims = Claims(document.coverage.structs, document.owners, pending, self._announced)
        return self._claims

    def check_size(self, update: bytes) -> None:
        """Raises `TooLarge` if the document would outgrow its limit with what is pending and this."""
        document, most = self._document, self._limits.document_bytes_max
        if document.size_bytes + self._commits.bytes + len(update) <= most:
            return
        parts = [document.merged(), *self._commits.pending_updates(), update]
        if len(merge(parts, self._limits.merge_updates_max)) > most:
            raise TooLarge("document_bytes_max")
