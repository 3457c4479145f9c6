"""A brain's grade drawn towards the colours that the shot before ended in, for a scene that goes on from it.

Pure. The invariant: as many colours as the brain has and in its order of light, so that dark stays dark; without a shot
before the look is the brain's own.
"""

from __future__ import annotations

from dataclasses import replace

from gpu.enhance.protocol import ShotBefore
from gpu.video.protocol import Look

CARRIED_SHARE = 0.5
"""How far a colour goes towards the one before. 1: the brain's own style is lost; 0: a cut is seen."""

_RGB = tuple[int, int, int]


def graded(look: Look, before: ShotBefore | None) -> Look:
    if before is None or not before.colours:
        return look
    seen = [_rgb(colour) for colour in before.colours]
    return replace(look, palette=tuple(_towards(_rgb(colour), seen) for colour in look.palette))


def _towards(own: _RGB, seen: list[_RGB]) -> str:
    """Half way to the one that is nearest in light."""
    near = min(seen, key=lambda each: (abs(_luma(each) - _luma(own)), each))
    mixed = (round(a + (b - a) * CARRIED_SHARE) for a, b in zip(own, near, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _luma(colour: _RGB) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def _rgb(code: str) -> _RGB:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)
