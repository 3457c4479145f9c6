"""Seeded worlds in which people make films of a story with contradictions planted in it, while hosts die and stop.

`HELD_SEEDS` and `SEED_START` choose how many worlds and which.
"""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest

from storage.codec import decode
from tests.simulation.homes_directors import held_world
from tests.simulation.homes_gate_checks import check_gate
from tests.simulation.homes_gate_mutants import GATE_MUTANTS
from tests.simulation.homes_world import World, run_world

pytestmark = pytest.mark.simulation

HELD_SEEDS = int(os.environ.get("HELD_SEEDS", "8"))
SEED_START = int(os.environ.get("SEED_START", "1"))
WORLDS_OF_A_MUTANT = 30
EXPECTED = {"job.held", "job.waived", "job.corrected", "scene.corrected", "proceeded", "waived", "clean"}
"""Met within the first worlds, or they prove less than they say."""


async def story(world: World) -> None:
    await held_world(world)
    await check_gate(world)


def met_in(world: World) -> Counter[str]:
    rows = [row for home in world.ledger._homes.values() for row in home.events]
    hows = [decode(row.body)["how"] for row in rows if row.type == "job.continuity_checked"]
    return Counter([*(row.type for row in rows), *hows])


def test_c175_worlds_of_directors() -> None:
    """C-175: what is planted holds until somebody lets it go on, each job goes once and by a named way, a correction is
    in the script in its own append, and no job is held for nothing; in what these worlds meet, all of it happens."""
    met: Counter[str] = Counter()
    for seed in range(SEED_START, SEED_START + HELD_SEEDS):
        met += met_in(run_world(seed, story))
    missed = EXPECTED - met.keys()
    assert not missed or HELD_SEEDS < 8, f"{missed} in {dict(met)}"


@pytest.mark.proof
@pytest.mark.parametrize("name", GATE_MUTANTS)
def test_c175_the_worlds_notice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C-175: a fault put into the gate is found within thirty worlds, or their rules say less than they seem to."""
    mutant = GATE_MUTANTS[name]
    mutant.breaks(monkeypatch)
    for seed in range(1, WORLDS_OF_A_MUTANT + 1):
        try:
            run_world(seed, story)
        except Exception as error:  # noqa: BLE001 (the code may complain of itself before the world does)
            said = str(error).split("\n", 1)[0]
            print(f"\n{name}: world {seed} says: {said}")
            assert re.search(mutant.says, said), f"it was noticed for another reason: {said}"
            return
    pytest.fail(f"{WORLDS_OF_A_MUTANT} worlds did not notice that the gate {name.replace('_', ' ')}")
