"""Stories that contradict nothing, written to fool the two rules that hold a film: none of them may be held."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actors.continuity.check import SceneInput, check
from actors.continuity.rules import Known

pytestmark = pytest.mark.unit

DATA = Path(__file__).resolve().parents[3] / "data" / "no_slips"
CAST = [Known("RUTH"), Known("TOM")]
_HEADING = re.compile(r"^(?=(?:INT|EXT|INTERCUT)[. ])", re.MULTILINE)


def stories(kind: str) -> list[tuple[str, list[str]]]:
    """(name, scenes). A case begins with its name behind ``#``."""
    found = []
    for case in (DATA / f"{kind}.txt").read_text(encoding="utf-8").split("\n===\n"):
        name, _, text = case.partition("\n")
        found.append((name.removeprefix("# "), [scene for scene in _HEADING.split(text) if scene.strip()]))
    return found


def held(scenes: list[str]) -> list[str]:
    told = check([SceneInput(f"s{at}", scene, at) for at, scene in enumerate(scenes)], CAST, [])
    return [f"{each.code}: {each.message}" for each in told if each.severity == "ERROR"]


@pytest.mark.parametrize(("kind", "many"), [("alive_dead", 140), ("two_places", 50)])
def test_g340_nobody_is_held_for_what_only_looks_like_a_slip(kind: str, many: int) -> None:
    """G-340: figures of speech, plays and games in the story, pictures, voices, letters, twins, ghosts, bodies that are
    moved, other times, screens, people on their way: a story of two scenes each, none of them held."""
    told = stories(kind)
    assert len(told) >= many
    assert all(len(scenes) == 2 for _, scenes in told), [name for name, scenes in told if len(scenes) != 2]
    fired = {name: found for name, scenes in told if (found := held(scenes))}
    assert fired == {}


def test_g340_a_plain_slip_beside_them_is_found() -> None:
    """G-340: or silence would be the reason: the same two scenes without the figure are held."""
    died = "INT. KITCHEN - DAY\n\nRUTH dies.\n\nTOM\nNo.\n"
    assert held([died, "INT. HALL - NIGHT\n\nRUTH walks in.\n\nRUTH\nHello.\n"]) != []
    office = "INT. OFFICE - DAY\n\nRUTH types.\n\nRUTH\nYes.\n"
    assert held([office, "INT. BANK - SAME TIME\n\nRUTH turns.\n\nRUTH\nYes.\n"]) != []
