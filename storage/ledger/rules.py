"""What is true of an append before any database sees it, and the ownership row every implementation writes.

Owns the checks all ledgers share; the invariant is that a malformed append fails its caller alone, at submission.
"""

from __future__ import annotations

from dataclasses import replace

from storage import codec
from storage.ledger.errors import Owned
from storage.ledger.protocol import (
    FINAL_STATES,
    KEPT_MS,
    OWNERSHIP_DOC,
    OWNERSHIP_TYPE,
    WANT_MS,
    WORKER_LOST,
    Append,
    AttemptState,
    HostRow,
    Kind,
    NewEvent,
    Owner,
)

APPEND_BYTES_MAX = 64 * 1024 * 1024
"""One append, bodies and all. Lower: a large import must be split; higher: one writer holds the file for longer."""

NAME_BYTES_MAX = 512
"""Homes, documents, ids and keys. They sit in every index entry."""


def check_append(append: Append) -> None:
    """Raise `ValueError` for an append no ledger may store."""
    _check_names(append.home, *(e.doc for e in append.events), *(v.id for v in append.views))
    if any(v.home != append.home for v in append.views) or any(a.home != append.home for a in append.attempts):
        raise ValueError("a view or attempt names another home than its append")
    if any(not isinstance(e.body, bytes) for e in append.events):
        raise ValueError("an event body is bytes")
    if append.size_bytes() > APPEND_BYTES_MAX:
        raise ValueError(f"append of {append.size_bytes()} bytes is over {APPEND_BYTES_MAX}")


def _check_names(*names: str) -> None:
    for name in names:
        if not name or len(name.encode("utf-8", "surrogatepass")) > NAME_BYTES_MAX:
            raise ValueError(f"a name has 1..{NAME_BYTES_MAX} bytes")


def check_final(state: AttemptState) -> None:
    if state not in FINAL_STATES:
        raise ValueError(f"{state} is not a final state")


def worker_lost(claims: int) -> bytes:
    """The error of an attempt that took that many workers with it."""
    said = f"{claims} workers were lost while they ran it"
    return codec.encode({"code": WORKER_LOST, "message": said, "retryable": False})


def want_stands(owned: bool, at_ms: int, now_ms: int) -> bool:
    """Whether a want of that time still counts; in a home nobody owns, whether it is still kept. A clock that was set
    back ends it: it is asked again."""
    return 0 <= now_ms - at_ms < (WANT_MS if owned else KEPT_MS)


def check_free(found: Owner | None, host: HostRow, depose: str | None) -> None:
    """Raise `Owned` while another live host owns the home, or it is kept for one, that is not to be deposed."""
    if found is None:
        return
    kept = found.host is None and found.wanted_by is not None
    holder = found.wanted_by if kept else found.host if found.live else None
    if holder is None or (holder.id, holder.incarnation) == (host.id, host.incarnation):
        return
    if holder.incarnation != depose:
        raise Owned(replace(found, host=holder, live=True))


def ownership_event(host: HostRow) -> NewEvent:
    """The first row of an epoch."""
    body = codec.encode({"host": host.id, "incarnation": host.incarnation, "peer": host.peer})
    return NewEvent(OWNERSHIP_DOC, Kind.OWNERSHIP, OWNERSHIP_TYPE, body, source=host.id)
