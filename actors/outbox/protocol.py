"""The outbox: effects outside the ledger that a commit owes, as rows of that very commit.

Owns what an entry is, how its rows look, and the port it is delivered through; holds no I/O. The one invariant: *an
entry exists exactly when the events it speaks of are committed, under an id that never changes*, so that whatever
crashes, it is delivered at least once, and a receiver that keeps ids takes it exactly once. Only the owner of a home
dispatches its entries; what became of one is written by a later fenced append.

Rows (`View`; id: the entry's, parent: its target, home: its home):
  outbox      · waits; order_key: when it is due, so that what is due anywhere is the beginning of one index
  outbox_dead · given up; order_key: when it was made. Somebody may put it back
  delivery    · confirmed, the newest of each target; order_key: when it was made
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Protocol

from storage.codec import decode, encode
from storage.ledger.protocol import View

WAITING, DEAD, DELIVERED = "outbox", "outbox_dead", "delivery"


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Bounds of one target's entries, with their units."""

    tries_max: int = 12
    """Tries of one entry, about 15 hours; then it is dead until somebody puts it back."""

    retry_ms_min: int = 1_000
    """After the first failed try; four times as long after each further one, each half random."""

    retry_ms_max: int = 4 * 3_600_000
    """The longest wait between two tries."""

    waiting_max: int = 1_000
    """Entries of one target that wait. Over: the newest is dead at once, to be put back when there is room."""

    dead_max: int = 1_000
    """Dead entries kept of one target. Over: the oldest is forgotten, and the log says so."""

    delivered_max: int = 100
    """Confirmed entries kept of one target, for people to look at. Over: the oldest is forgotten."""

    in_flight_max: int = 8
    """Entries of one home under way at the same time; one of a target."""

    loaded_max: int = 10_000
    """Entries of one home held in memory; the rest is read when these are done."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`id`: the receiver's idempotency key, for ever. `seq`: of the event it speaks of: order within a target."""

    id: str
    home: str
    kind: str  # which receiver takes it
    target: str  # whom it is for: one lane
    type: str
    seq: int
    at_ms: int
    body: Mapping[str, Any] = field(default_factory=dict)
    tries: int = 0
    due_ms: int = 0
    problem: str = ""  # of the last try
    status: int = 0  # a number the receiver answered with; 0: none
    done_ms: int = 0  # confirmed or given up

    def row(self, kind: str) -> View:
        """The entry as a row of that kind."""
        order = f"{self.due_ms:015d}" if kind == WAITING else f"{self.at_ms:015d}.{self.seq:015d}"
        return View(kind, self.id, self.home, self.target, order, encode({**asdict(self), "body": dict(self.body)}))

    def no_row(self, kind: str) -> View:
        """Takes the row of that kind away."""
        return View(kind, self.id, self.home, self.target, "", None)

    @classmethod
    def of(cls, row: View) -> Entry:
        data = decode(row.body or b"")
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in data.items() if name in known})

    def again(self) -> Entry:
        """As new: for a person who puts it back."""
        return replace(self, tries=0, due_ms=0, problem="", status=0, done_ms=0)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The receiver has it, and keeps its id."""

    status: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Try again later. `after_ms`: not before, if the receiver said so."""

    problem: str
    status: int = 0
    after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Hopeless:
    """Trying again cannot help. `gone`: nor will anything else for this target."""

    problem: str
    status: int = 0
    gone: bool = False


Outcome = Confirmed | Failed | Hopeless


class OutboxReceiver(Protocol):
    """Takes entries of one kind. Whoever has one registers it with the runtime; without one entries of it wait."""

    ordered: ClassVar[bool]
    """Whether an entry of a target waits until those before it are confirmed or dead."""

    async def deliver(self, entry: Entry) -> Outcome:
        """One try. What it raises counts as `Failed`. May be cancelled at any await, and asked again later."""
        ...
