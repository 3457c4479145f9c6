"""What must be true of homes at every step, whatever fails: checked as it happens, not at the end.

Owns what was ever true of epochs, sequences and keys. Invariants: an epoch belongs to one host and none comes back · a
row is written by the owner of its epoch, directly behind the row before it · a live owner is deposed only when it is
dead · a key has one effect · who shows a home owns it, on a lease that has not ended in database time · a read holds
whatever was acknowledged before it was asked. What breaks ends the world, whatever the code under test makes of it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextvars import ContextVar
from typing import TYPE_CHECKING

from storage.ledger.protocol import Append, Claim, Committed, Owner
from tests.simulation.clock import VirtualLoop

if TYPE_CHECKING:
    from tests.simulation.homes_host import HomesHost

WRITER: ContextVar[str] = ContextVar("writer", default="")
"""Incarnation of the host whose query the ledger is answering."""


class Watch:
    def __init__(self) -> None:
        self.epochs: dict[str, list[str]] = defaultdict(list)  # home → incarnation of epoch 1, 2, …
        self.heads: dict[str, int] = defaultdict(int)
        self.effects: set[tuple[str, str, str]] = set()
        self.dead: set[str] = set()  # incarnations whose process is gone, so that its peer port refuses
        self.reads = self.shown = 0

    def claimed(self, claim: Claim, by: str, before: Owner | None) -> None:
        had = self.epochs[claim.home]
        demand(claim.epoch == len(had) + 1, f"epoch {claim.epoch} of {claim.home} follows {len(had)}")
        demand(claim.seq == self.heads[claim.home] + 1, f"{claim.home}: the claim is row {claim.seq}")
        if before is not None and before.live and before.host is not None and before.host.incarnation != by:
            deposed = before.host.incarnation
            demand(deposed in self.dead, f"{by} took {claim.home} from {deposed}, which lives")
        had.append(by)
        self.heads[claim.home] = claim.seq

    def appended(self, append: Append, committed: Committed, by: str) -> None:
        had = self.epochs[append.home]
        demand(len(had) == append.epoch, f"epoch {append.epoch} of {append.home} writes in epoch {len(had)}")
        demand(had[-1] == by, f"{by} writes in epoch {append.epoch} of {append.home}, which is {had[-1]}'s")
        expected = append.expected_seq
        demand(committed.first_seq == expected + 1, f"row {committed.first_seq}, its writer expected {expected + 1}")
        demand(committed.first_seq == self.heads[append.home] + 1, f"{append.home}: a gap at {committed.first_seq}")
        demand(committed.last_seq == committed.first_seq + len(append.events) - 1, "rows are missing")
        self.heads[append.home] = committed.last_seq
        if append.response is not None:
            key = append.home, append.response.principal, append.response.key
            demand(key not in self.effects, f"{key} has a second effect")
            self.effects.add(key)

    def shows(self, host: HomesHost, home: str, what: str) -> None:
        """A host says something of a home: an answer to a join or a read, an edit, presence."""
        self.shown += 1
        why = host.ledger.unlawful(home, host.row.incarnation)
        demand(why is None or host.clock.broken, f"{host.row.incarnation} shows {what} of {home}: {why}")

    def read(self, host: HomesHost, home: str, text: str, before: list[str]) -> None:
        """`before`: what was acknowledged when the question was asked."""
        self.reads += 1
        missing = [mark for mark in before if mark not in text]
        demand(not missing or host.clock.broken, f"{host.row.incarnation} answers a read of {home} without {missing}")


def demand(holds: bool, what: str) -> None:
    if not holds:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.fail(AssertionError(what))
