"""Deliberate faults in the real code of ownership, each of which the worlds of homes must notice.

Owns the list: what is broken, and the words in which a world may complain of it. Invariant: a mutant changes one rule
of the code under test and nothing of the worlds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from actors.runtime import turn
from actors.runtime.host import StoryRuntime
from actors.runtime.lease import HostLease
from actors.runtime.pipeline import Pipeline
from serve_app.claims import Claims
from storage.ledger.errors import Fenced, LedgerError, Owned
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Committed

Break = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`says`: what a world that noticed may say, as a regular expression."""

    breaks: Break
    says: str


def claims_from_the_living(patch: pytest.MonkeyPatch) -> None:
    real = MemoryLedger.claim

    async def claim(self: MemoryLedger, home: str, host: Any, **how: Any) -> Any:
        owner = await MemoryLedger.owner(self, home)
        if owner is not None and owner.host is not None:
            how["depose"] = owner.host.incarnation
        return await real(self, home, host, **how)

    patch.setattr(MemoryLedger, "claim", claim)


def never_claims_from_the_dead(patch: pytest.MonkeyPatch) -> None:
    real = MemoryLedger.claim

    async def claim(self: MemoryLedger, home: str, host: Any, **how: Any) -> Any:
        owner = await MemoryLedger.owner(self, home)
        if owner is not None and owner.host is not None and owner.host.incarnation != host.incarnation:
            raise Owned(owner)
        return await real(self, home, host, **how)

    patch.setattr(MemoryLedger, "claim", claim)


def deposes_whoever_is_silent(patch: pytest.MonkeyPatch) -> None:
    async def claim(self: Claims, home: str, **how: Any) -> Any:
        try:
            return await self._open_home(home, **how)
        except Owned as owned:
            host = owned.owner.host
            return await self._open_home(home, depose=host.incarnation if host else None, **how)

    patch.setattr(Claims, "open", claim)


def forgets_epochs(patch: pytest.MonkeyPatch) -> None:
    real = MemoryLedger.release

    async def release(self: MemoryLedger, claim: Any, host: Any, **how: Any) -> None:
        await real(self, claim, host, **how)
        state = self._homes[claim.home]
        if state.owner is None:
            state.epoch = 0

    patch.setattr(MemoryLedger, "release", release)


def appends_without_a_fence(patch: pytest.MonkeyPatch) -> None:
    """The epoch alone is not missed: a claim is a row, so what an old owner expects of the sequence is never true."""
    real = MemoryLedger._commit

    def commit(self: MemoryLedger, append: Any) -> Any:
        state = self._homes[append.home]
        return real(self, replace(append, epoch=state.epoch, expected_seq=state.seq))

    patch.setattr(MemoryLedger, "_commit", commit)


def appends_anywhere(patch: pytest.MonkeyPatch) -> None:
    real = MemoryLedger._commit

    def commit(self: MemoryLedger, append: Any) -> Any:
        return real(self, replace(append, expected_seq=self._homes[append.home].seq))

    patch.setattr(MemoryLedger, "_commit", commit)


def retries_what_was_fenced(patch: pytest.MonkeyPatch) -> None:
    real = Pipeline._landed

    def landed(self: Pipeline, append: Any, future: Any, flight: asyncio.Future[Committed]) -> None:
        error = None if flight.cancelled() else flight.exception()
        if not isinstance(error, Fenced):
            real(self, append, future, flight)
            return
        once_more = replace(append, epoch=error.found_epoch, expected_seq=error.found_seq)
        again = asyncio.ensure_future(self._ledger.append(once_more))
        self._flying.discard(flight)
        self._flying.add(again)
        again.add_done_callback(partial(self._landed, once_more, future))

    patch.setattr(Pipeline, "_landed", landed)


def does_not_fence_itself(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HostLease, "holds", lambda _self: True)


def trusts_timers_alone(patch: pytest.MonkeyPatch) -> None:
    """As a guard without a look at the clock: whoever slept shows until its timer has had its turn."""

    def holds(self: HostLease) -> bool:
        if asyncio.current_task() in self._tasks and self._clock.now_ms() >= self._good_until_ms:
            self._end()
        return self._good_until_ms >= 0

    patch.setattr(HostLease, "holds", holds)


def counts_its_lease_from_the_answer(patch: pytest.MonkeyPatch) -> None:
    real = HostLease.beat

    async def beat(self: HostLease) -> None:
        await real(self)
        self._good_until_ms = self._clock.now_ms() + self._limits.lease_ttl_ms - self._limits.lease_margin_ms

    patch.setattr(HostLease, "beat", beat)


def releases_before_it_drains(patch: pytest.MonkeyPatch) -> None:
    real = StoryRuntime._leave

    async def leave(self: StoryRuntime, home: Any, to: Any, *how: Any) -> None:
        with contextlib.suppress(LedgerError):
            await self.ledger.release(home.claim, self.lease.row, to=to)
        await real(self, home, to, *how)

    patch.setattr(StoryRuntime, "_leave", leave)


def goes_on_after_a_lost_answer(patch: pytest.MonkeyPatch) -> None:
    real = Pipeline._heal

    async def heal(self: Pipeline) -> None:
        with contextlib.suppress(LedgerError):
            owner = await self._ledger.owner(self._claim.home)
            if owner is not None and owner.epoch == self._claim.epoch:
                self.known = owner.seq
        await real(self)

    patch.setattr(Pipeline, "_heal", heal)


def answers_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    real = Pipeline._launch

    def launch(self: Pipeline, parts: Any, future: Any) -> None:
        real(self, parts, future)
        if not future.done():
            future.set_result(Committed(self.head - len(parts.events) + 1, self.head, 0))

    patch.setattr(Pipeline, "_launch", launch)


def keeps_no_answers(patch: pytest.MonkeyPatch) -> None:
    real = turn.compose

    def compose(*args: Any, **how: Any) -> Any:
        return real(*args, **{**how, "response": None})

    patch.setattr(turn, "compose", compose)


MUTANTS: dict[str, Mutant] = {
    each.breaks.__name__: each
    for each in (
        Mutant(claims_from_the_living, r"which lives"),
        Mutant(never_claims_from_the_dead, r"nobody owns"),
        Mutant(deposes_whoever_is_silent, r"which lives"),
        Mutant(forgets_epochs, r"follows"),
        Mutant(appends_without_a_fence, r"writes in e"),
        Mutant(appends_anywhere, r"expected"),
        Mutant(retries_what_was_fenced, r"writes in e|nobody owns|never ends"),
        Mutant(does_not_fence_itself, r"shows|without"),
        Mutant(trusts_timers_alone, r"shows|without"),
        Mutant(counts_its_lease_from_the_answer, r"shows|without"),
        Mutant(releases_before_it_drains, r"shows"),
        Mutant(goes_on_after_a_lost_answer, r"in PROCESSING|replay|not there|without|never ends"),
        Mutant(answers_before_the_commit, r"another one now|is gone|not there|without|replay|never ends|in QUEUED"),
        Mutant(keeps_no_answers, r"two effects|is gone|was answered"),
    )
}
