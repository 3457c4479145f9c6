"""Shares and rates of the fair queue in memory. The rules are `storage.ledger.fairness`'s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from storage.ledger.fairness import (
    COST_MS_DEFAULT,
    NOTHING,
    POOL,
    Share,
    Turn,
    charged,
    mean_after,
    price_ms,
    took_ms,
    turn,
)
from storage.ledger.places import Waiting
from storage.ledger.protocol import Attempt, AttemptState


class MemoryShares:
    def __init__(self) -> None:
        self._shares: dict[tuple[str, str, str], Share] = {}
        self._rates: dict[tuple[str, str], tuple[int, int]] = {}  # → mean, seen

    def share(self, pool: str, user: str, home: str) -> Share:
        return self._shares.get((pool, user, home), NOTHING)

    def mean_ms(self, step: str, needs: str) -> int:
        return self._rates.get((step, needs), (COST_MS_DEFAULT, 0))[0]

    def rates(self) -> dict[tuple[str, str], int]:
        return {key: mean for key, (mean, _) in self._rates.items()}

    def waiting(self, row: Attempt) -> Waiting:
        claimed_at = None if row.deadline_at_ms is None else row.deadline_at_ms - row.timeout_ms
        keys = ((row.pool, POOL, ""), (row.pool, row.user, ""), (row.pool, row.user, row.home))
        return Waiting(
            row.id, row.pool, row.user, row.home, row.step, row.needs, row.priority, row.weight, claimed_at,
            row.not_before_ms, *(self.share(*key) for key in keys),
        )  # fmt: skip

    def turn(self, row: Attempt) -> Turn:
        shares = (self.share(row.pool, POOL, ""), self.share(row.pool, row.user, ""))
        return turn(row.priority, *shares, self.share(row.pool, row.user, row.home))

    def charge(self, row: Attempt) -> int:
        """Count the claim of a row; what it is charged, unweighted. One that was claimed before has been charged."""
        if row.claims:
            return row.charge_ms
        cost, at = self.mean_ms(row.step, row.needs), self.turn(row)
        price = price_ms(cost, row.weight)
        pool, user, home = ((row.pool, row.user if i else POOL, row.home if i == 2 else "") for i in range(3))
        was = self.share(*pool)
        self._shares[pool] = Share(max(was.vtime_ms, at.start_ms), 0, was.turns + 1)
        person = charged(self.share(*user), at.start_ms, price)
        self._shares[user] = replace(person, inner_ms=max(person.inner_ms, at.inner_ms))
        self._shares[home] = charged(self.share(*home), at.inner_ms, price)
        return cost

    def prune(self, live: Sequence[Attempt]) -> int:
        """Forget what says nothing any more; `live`: attempts that wait or run."""
        homes, people = {(row.pool, row.user, row.home) for row in live}, {(row.pool, row.user) for row in live}
        before = len(self._shares)
        for pool, user, home in [key for key in self._shares if key[2] and key not in homes]:
            if self.share(pool, user, home).vtime_ms <= self.share(pool, user, "").inner_ms:
                del self._shares[pool, user, home]
        idle = {
            (pool, user)
            for pool, user, home in self._shares
            if user != POOL and not home and (pool, user) not in people
            and self.share(pool, user, "").vtime_ms <= self.share(pool, POOL, "").vtime_ms
        }  # fmt: skip
        self._shares = {key: share for key, share in self._shares.items() if key[:2] not in idle}
        return before - len(self._shares)

    def settle(self, row: Attempt, state: AttemptState, now: int) -> None:
        """A claimed row ends, or is given back: what it took is what was used."""
        took = took_ms(now, row.deadline_at_ms, row.timeout_ms)
        more = price_ms(took, row.weight) - price_ms(row.charge_ms, row.weight)
        for key in ((row.pool, row.user, ""), (row.pool, row.user, row.home)):
            if key in self._shares:
                was = self._shares[key]
                self._shares[key] = replace(was, vtime_ms=was.vtime_ms + more)
        if state is AttemptState.DONE:
            mean, seen = self._rates.get((row.step, row.needs), (0, 0))
            self._rates[row.step, row.needs] = (mean_after(mean, seen, took), seen + 1)
