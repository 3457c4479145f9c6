"""Seeded worlds of homes: whatever fails, nobody is told a thing that is not true for ever.

`SEEDS` and `SEED_START` choose how many worlds and which. A seed that ever failed stays in `HURT`.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.homes_world import run_world

pytestmark = pytest.mark.simulation

SEEDS = int(os.environ.get("SEEDS", "200"))
SEED_START = int(os.environ.get("SEED_START", "1"))
HURT: tuple[int, ...] = (44, 1171)


@pytest.mark.parametrize("seed", sorted({*HURT, *range(SEED_START, SEED_START + SEEDS)}))
def test_world(seed: int) -> None:
    """A-01 A-02 A-03 A-04 A-05 G-14: acknowledged is for ever, one writer, replay is live, one effect a key."""
    run_world(seed)
