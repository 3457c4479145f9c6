"""What the runtime tells of itself: one typed event per fact, so that tests and telemetry await facts, not clocks.

The invariant: an event is announced after its fact is true, on the runtime's own loop, and a listener that raises
harms nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from storage.ledger.protocol import HostRow

logger = logging.getLogger("storyforge.runtime")


@dataclass(frozen=True, slots=True)
class Claimed:
    home: str
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Activated:
    home: str
    actor: str
    events_read: int
    from_snapshot: bool


@dataclass(frozen=True, slots=True)
class Turned:
    """One turn ended: `rows` committed (0: it changed nothing), or refused with `code`."""

    home: str
    actor: str
    message: str
    rows: int
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Stalled:
    """An append failed; later ones of the home wait until the head is read again."""

    home: str
    code: str


@dataclass(frozen=True, slots=True)
class Healed:
    home: str
    seq: int


@dataclass(frozen=True, slots=True)
class Passivated:
    home: str
    actor: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The home is no longer ours: everything of it was dropped."""

    home: str
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Released:
    home: str
    epoch: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Given back for another host, which is to take it; follows `Released`."""

    home: str
    epoch: int
    to: HostRow


@dataclass(frozen=True, slots=True)
class SelfFenced:
    """The host row could not be renewed in time: every home was dropped before somebody else may claim it."""

    homes: int


@dataclass(frozen=True, slots=True)
class Relieved:
    """Memory was short: so many `what` ("documents", "frames", "rooms") were let go of."""

    what: str
    count: int


@dataclass(frozen=True, slots=True)
class SessionMoved:
    """People came to a project, left it, or it was suspended: see `actors.runtime.sessions`."""

    home: str
    state: str


@dataclass(frozen=True, slots=True)
class RowsArchived:
    """`rows` left the ledger for the object store; everything up to `upto` is there."""

    home: str
    upto: int
    rows: int


@dataclass(frozen=True, slots=True)
class SnapshotBad:
    """A snapshot cannot be read, or would not say what it was taken of: an older one, or the log, is used instead."""

    home: str
    doc: str
    seq: int
    why: str


Lifecycle = (
    Claimed
    | Activated
    | Turned
    | Stalled
    | Healed
    | Passivated
    | Lost
    | Released
    | HandedOver
    | SelfFenced
    | Relieved
    | SnapshotBad
    | RowsArchived
    | SessionMoved
)
Listener = Callable[[Lifecycle], None]


class Announcer:
    """Tells every listener."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self.listeners = list(listeners)

    def __call__(self, event: Lifecycle) -> None:
        for listener in self.listeners:
            try:
                listener(event)
            except Exception:
                logger.exception("a lifecycle listener failed", extra={"event": type(event).__name__})
