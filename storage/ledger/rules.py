"""What is true of an append before any database sees it, and the ownership row every implementation writes.

Owns the checks all ledgers share; the invariant is that a malformed append fails its caller alone, at submission.
"""

from __future__ import annotations

from storage import codec
from storage.ledger.protocol import (
    FINAL_STATES,
    OWNERSHIP_DOC,
    OWNERSHIP_TYPE,
    Append,
    AttemptState,
    HostRow,
    Kind,
    NewEvent,
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


def ownership_event(host: HostRow) -> NewEvent:
    """The first row of an epoch."""
    body = codec.encode({"host": host.id, "incarnation": host.incarnation, "peer": host.peer})
    return NewEvent(OWNERSHIP_DOC, Kind.OWNERSHIP, OWNERSHIP_TYPE, body, source=host.id)
