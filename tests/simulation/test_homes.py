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
HURT: tuple[int, ...] = (44, 361, 1171, 1364, 202611280601, 202611290848, 202611291222, 202612010148)
"""Seeds that once failed. …0848 and …1222: a look at an exit was refused by the ledger and never made again. …0148:
the world's own fault: it lost patience with a process that was starting, and started it again beside that."""
HURT_STOPS = ((9, 30), (9, 31))
CRASH_SEEDS, ZOMBIE_SEEDS = (5, 9), (9,)
CRASHES_IN_TEST = 8


@pytest.mark.parametrize("seed", sorted({*HURT, *range(SEED_START, SEED_START + SEEDS)}))
def test_world(seed: int) -> None:
    """A-01 A-02 A-03 A-04 A-05 A-96 A-97 A-98 A-99 G-14 G-330: acknowledged is for ever, one writer, replay is live,
    one effect a key; nothing is shown by who lost it; nobody starves."""
    run_world(seed)


def test_a_seed_is_one_run() -> None:
    """R-91: of homes it is the same events at the same times (their bytes hold ids that a library draws)."""
    assert run_world(2).trace.digest() == run_world(2).trace.digest()


def steps_of_the_first_host(seed: int) -> int:
    return run_world(seed).everyone[0].process.steps


@pytest.mark.parametrize("seed", CRASH_SEEDS)
def test_a_host_may_die_at_any_await(seed: int) -> None:
    """R-92: turns, claims, snapshots and hand-overs included."""
    steps = steps_of_the_first_host(seed)
    for dies_at in range(1 + seed, steps, max(1, steps // CRASHES_IN_TEST)):
        run_world(seed, dies_at=dies_at)


@pytest.mark.parametrize(("seed", "stops_at"), HURT_STOPS)
def test_stops_that_once_hurt(seed: int, stops_at: int) -> None:
    """A-109: a job waited for ever, for its scene could not be loaded when it was told."""
    run_world(seed, stops_at=stops_at)


@pytest.mark.parametrize("seed", CRASH_SEEDS)
def test_a_host_may_become_a_zombie_at_any_await(seed: int) -> None:
    """A-96: stopped there for up to three leases, it goes on with old memory and a queue of frames."""
    steps = steps_of_the_first_host(seed)
    for stops_at in range(2 + seed, steps, max(1, steps // CRASHES_IN_TEST)):
        run_world(seed, stops_at=stops_at)


@pytest.mark.proof
@pytest.mark.parametrize("seed", CRASH_SEEDS)
def test_a_host_may_die_at_every_await(seed: int) -> None:
    """R-92: every one of them after the first, which makes the host."""
    for dies_at in range(2, steps_of_the_first_host(seed)):
        run_world(seed, dies_at=dies_at)


@pytest.mark.proof
@pytest.mark.parametrize("seed", ZOMBIE_SEEDS)
def test_a_host_may_become_a_zombie_at_every_await(seed: int) -> None:
    """A-96: every one of them after the first."""
    for stops_at in range(2, steps_of_the_first_host(seed)):
        run_world(seed, stops_at=stops_at)
