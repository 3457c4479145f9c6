"""Where a scene stands in the story, and which beat of the format that is.

The invariant: a pure function of the scenes' order and the lengths of their texts, so a prompt and a list are told the
same. A scene stands where its middle is: half of it, and all before it, over the whole.
"""

from __future__ import annotations

from collections.abc import Mapping

from gpu.enhance.formats import Beat, Format

SCENE_CHARS_MIN = 40
"""What a scene counts for at least: an empty one has a heading to be written."""


def positions(lengths: Mapping[str, int]) -> dict[str, float]:
    """Scene → 0..1 of the story. `lengths`: characters by scene, in story order."""
    weights = {scene: max(SCENE_CHARS_MIN, chars) for scene, chars in lengths.items()}
    total, before = sum(weights.values()), 0.0
    found: dict[str, float] = {}
    for scene, weight in weights.items():
        found[scene] = round((before + weight / 2) / total, 6)
        before += weight
    return found


def beats_by_scene(format: Format | None, lengths: Mapping[str, int]) -> dict[str, str]:
    """Scene → the name of its beat; nothing without a format."""
    if format is None:
        return {}
    return {scene: format.beats[format.beat_at(at)].name for scene, at in positions(lengths).items()}


def beat_of(format: Format, lengths: Mapping[str, int], scene: str) -> Beat | None:
    """None: the scene is not in the story."""
    position = positions(lengths).get(scene)
    return None if position is None else format.beats[format.beat_at(position)]
