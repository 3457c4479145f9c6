"""Brains: data files, checked when read."""

from __future__ import annotations

from importlib import resources

import pytest

from gpu.enhance.brains import brain, list_brains, read_brain
from gpu.enhance.protocol import EnhanceError

pytestmark = pytest.mark.unit


def thriller_text() -> str:
    return resources.files("gpu.enhance").joinpath("brains", "thriller.yaml").read_text(encoding="utf-8")


def test_the_five_brains() -> None:
    """G-120: five brains ship, each complete; the thriller keeps its published parameters."""
    assert [b.id for b in list_brains()] == ["horror", "k-drama", "nolan", "pixar", "thriller"]
    thriller = brain("Thriller")
    assert (thriller.close_up_ratio, thriller.dutch_angle_freq, thriller.tracking_shot_duration) == (0.4, 0.15, 3.5)
    assert (thriller.avg_shot_duration, thriller.tension_curve, thriller.cut_rhythm) == (
        2.1,
        "exponential",
        "syncopated",
    )
    assert (thriller.look.saturation, thriller.look.contrast, thriller.look.temperature_k) == (-0.2, 0.3, 5500)
    assert len({b.look.palette for b in list_brains()}) == 5


def test_an_unknown_brain_names_the_known_ones() -> None:
    """G-121: an unknown id is refused with the list of known ones, and trying again cannot help."""
    with pytest.raises(EnhanceError, match="horror, k-drama, nolan, pixar, thriller") as caught:
        brain("noir")
    assert (caught.value.code, caught.value.retryable) == ("unknown_brain", False)


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("close_up_ratio: 0.4", "close_up_ratio: 4", "parameters.shot_composition.close_up_ratio"),
        ("close_up_ratio: 0.4", "closeup: 0.4", "parameters.shot_composition.close_up_ratio"),
        ("grain: 0.4", "grain: 0.4\n  sparkle: 1", "look.sparkle"),
        ("#0d1418", "black", "look.palette"),
        ("tension_curve: exponential", "tension_curve: sideways", "parameters.pacing.tension_curve"),
        ("push_in: 4", "teleport: 4", "moves.teleport"),
        ("name: Thriller", "name: ''", "name"),
        ("version: 2", "version: two", "version"),
        ("id: thriller", "id: [", "not YAML"),
    ],
)
def test_a_fault_names_file_and_field(old: str, new: str, names: str) -> None:
    """G-122: a bad brain file is refused with its name and the field at fault."""
    assert old in thriller_text()
    with pytest.raises(EnhanceError) as caught:
        read_brain("mine.yaml", thriller_text().replace(old, new))
    assert caught.value.code == "bad_brain_file"
    assert caught.value.message.startswith("mine.yaml")
    assert names in caught.value.message
