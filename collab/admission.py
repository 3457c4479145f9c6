"""What stands between a socket and the log: every check an update passes before it may be committed.

Owns the verdict on one update: malformed, known already, not allowed, too much, or on its way to the log. Invariant:
what is offered to the log applies to any document that has what the log has, says nothing of any struct id
that the log has already, and takes the document over no limit. Updates come
from `room.accept`, go to `Commits.offer`.
"""

from __future__ import annotations

import pycrdt

from collab import wire
from collab.claims import Claims
from collab.close_codes import CloseCode, CollabError, Malformed, TooLarge
from collab.commits import Commits, Pending
from collab.cutting import cut
from collab.document import Document
from collab.limits import Limits
from collab.merging import merge
from collab.ports import Entry
from collab.session import Session
from collab.updates import Header, read_header


def read_update(update: bytes, limits: Limits) -> Header:
    """Its header, if applying would not refuse its bytes. Raises `Malformed`, `TooLarge`."""
    header = read_header(update, limits)
    try:
        pycrdt.get_state(update)  # refuses exactly what applying refuses
    except ValueError:
        raise Malformed("update does not decode") from None
    return header


class Admission:
    """Of one open room."""

    def __init__(self, document: Document, commits: Commits, limits: Limits) -> None:
        self._document, self._commits, self._limits = document, commits, limits
        self._claims: Claims | None = None
        self._reserved: Header | None = None

    def admit(self, session: Session, update: bytes, header: Header, *, live: bool) -> None:
        """Answer what needs no commit, offer what is new to the log. Raises `CollabError` for what ends the session."""
        document, receipt = self._document, session.receipt(header, live=live)
        if header.empty:
            session.acknowledge(receipt)
            return
        if not session.can_write:
            if document.knows(header):
                session.acknowledge(receipt)
            else:
                session.deny_write()
            return
        leans = False
        if not self._claimed().is_next_run(header):
            wanted = self._claimed().missing(header)
            if not wanted and document.coverage.has(header):
                session.acknowledge(receipt)
                if live and session.receipts is None:
                    session.write(wire.sync_update(update))  # committed before: acknowledge it
                return
            if len(wanted) != len(header.structs) or tuple(wanted) != header.structs:
                update = cut(update, wanted, header.deletes, self._limits)
                header, leans = read_header(update, self._limits), self._commits.busy
        if self._commits.bytes + len(update) > self._limits.pending_bytes_max:
            raise CollabError(CloseCode.OVERLOADED, "pending_bytes_max")
        if header.parents:
            document.check_parents(header, self._commits.pending_headers())
        self.check_size(update)
        self._claimed().take(header)
        client = header.structs[0][0] if header.structs else 0
        entry = Entry(session.principal, client, update, session.user.name)
        self._commits.offer(Pending(session, entry, header, receipt, leans))

    def reserve(self, header: Header) -> bool:
        """Take the ids of an edit by the server; False if one is taken: make it anew under a fresh client id."""
        if self._claimed().missing(header) != list(header.structs):
            return False
        self._claimed().take(header)
        self._reserved = header
        return True

    def release(self) -> None:
        """A flush failed: only what is committed, or still on its way, is taken."""
        self._claims = None

    def _claimed(self) -> Claims:
        if self._claims is None:
            pending = [*self._commits.pending_headers(), *([self._reserved] if self._reserved else ())]
            self._claims = Claims(self._document.coverage.structs, pending)
        return self._claims

    def check_size(self, update: bytes) -> None:
        """Raises `TooLarge` if the document would outgrow its limit with what is pending and this."""
        document, most = self._document, self._limits.document_bytes_max
        if document.size_bytes + self._commits.bytes + len(update) <= most:
            return
        parts = [document.merged(), *self._commits.pending_updates(), update]
        if len(merge(parts, self._limits.merge_updates_max)) > most:
            raise TooLarge("document_bytes_max")
