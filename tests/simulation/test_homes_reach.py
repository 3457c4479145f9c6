"""Worlds of homes are worth what happens in them: what is hard in owning is met by some of the first seeds."""

from __future__ import annotations

from collections import Counter

import pytest

from actors.runtime.lifecycle import Announcer, Lifecycle, Lost
from storage.ledger.errors import Fenced, Owned
from tests.simulation import homes_trouble
from tests.simulation.homes_ledger import HomesLedger
from tests.simulation.homes_world import run_world

pytestmark = pytest.mark.simulation

SEEDS = range(1, 121)
EXPECTED = {
    "Stalled",
    "Healed",
    "Released",
    "SelfFenced",
    "Passivated",
    "lost: epoch",
    "lost: this host's lease ended",
    "lost: a commit's answer was lost",
    "an old owner's append arrives",
    "a live host's home is asked for",
    "a dead owner is deposed",
    *(happening.__name__ for happening in homes_trouble.HAPPENINGS),
}


def test_the_first_worlds_of_homes_meet_what_is_hard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-98: or the other worlds of homes prove less than they say."""
    met: Counter[str] = Counter()
    announce, commit, claim = Announcer.__call__, HomesLedger._commit, HomesLedger.claim

    def announced(self: Announcer, event: Lifecycle) -> None:
        met[type(event).__name__] += 1
        if isinstance(event, Lost):
            met["lost: epoch" if event.reason.startswith("epoch") else f"lost: {event.reason}"] += 1
        announce(self, event)

    def committed(self: HomesLedger, append: object) -> object:
        try:
            return commit(self, append)  # type: ignore[arg-type]
        except Fenced as fenced:
            if fenced.found_epoch > fenced.epoch:
                met["an old owner's append arrives"] += 1
            raise

    async def claimed(self: HomesLedger, *args: object, **how: object) -> object:
        if how.get("depose") is not None:
            met["a dead owner is deposed"] += 1
        try:
            return await claim(self, *args, **how)  # type: ignore[arg-type]
        except Owned:
            met["a live host's home is asked for"] += 1
            raise

    monkeypatch.setattr(Announcer, "__call__", announced)
    monkeypatch.setattr(HomesLedger, "_commit", committed)
    monkeypatch.setattr(HomesLedger, "claim", claimed)
    for seed in SEEDS:
        met.update(line.split(None, 2)[2] for line in run_world(seed).trace.lines)
        if met.keys() >= EXPECTED:
            return
    missed = sorted(EXPECTED - met.keys())
    assert not missed, f"{missed} in {dict(met)}"
