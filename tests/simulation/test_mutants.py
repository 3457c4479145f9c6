"""What the worlds of homes would notice: faults put into the real code on purpose, each found within so many seeds."""

from __future__ import annotations

import re

import pytest

from tests.simulation.homes_mutants import MUTANTS
from tests.simulation.homes_world import run_world

pytestmark = [pytest.mark.simulation, pytest.mark.proof]

WORLDS = 200


@pytest.mark.parametrize("name", MUTANTS)
def test_the_worlds_notice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-102: or the rules they hold say less than they seem to."""
    mutant = MUTANTS[name]
    mutant.breaks(monkeypatch)
    for seed in range(1, WORLDS + 1):
        try:
            run_world(seed)
        except Exception as error:  # noqa: BLE001 (the code may complain of itself before the world does)
            said = str(error).split("\n", 1)[0]
            print(f"\n{name}: world {seed} says: {said}")
            assert re.search(mutant.says, said), f"it was noticed for another reason: {said}"
            return
    pytest.fail(f"{WORLDS} worlds did not notice that the code {name.replace('_', ' ')}")
