"""Location fingerprints: what films show of each place, and which film is far from what its place looks like.

Pure. Invariants: a place's fingerprint is the mean direction of the newest takes of its scenes, of one embedder and one
light (night with night); a take is compared with the others of its place only. It is a note for people, never a
finding: a descriptor of pictures cannot be sure of a place.
"""

from __future__ import annotations

import base64
import binascii
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.screenplay.heading import TimeOfDay

OTHERS_MIN = 2
"""Takes a place has been seen in before one can be far from them."""

FAR_COSINE_MAX = 0.70
"""Less like the mean of the others than this is *far*. Measured: decision 0044."""


@dataclass(frozen=True, slots=True)
class SeenIn:
    """A take of a place. ``numbers``: of unit length; ``light``: that of its hour, see `light_of`."""

    scene: str
    take: str
    embedder: str
    numbers: array[float]
    palette: tuple[tuple[str, float], ...]
    light: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """``others``: takes it is compared with; ``cosine``: None with fewer than `OTHERS_MIN`."""

    others: int
    cosine: float | None

    @property
    def far(self) -> bool:
        return self.cosine is not None and self.cosine < FAR_COSINE_MAX


def light_of(hour: TimeOfDay | None) -> str:
    """Hours whose pictures of one place are alike."""
    if hour in ("night", "evening"):
        return "night"
    return "twilight" if hour in ("dawn", "dusk") else "day"


def seen_in(scene: str, take: str, seen: Mapping[str, Any] | None, light: str) -> SeenIn | None:
    """What an observer said of a take's place; None: nothing that can be compared."""
    place = (seen or {}).get("place")
    if not isinstance(place, Mapping):
        return None
    try:
        whole = array("b", base64.b64decode(str(place["numbers"]), validate=True))
        colours = tuple((str(colour), float(share)) for colour, share in place["palette"])
    except (KeyError, TypeError, ValueError, binascii.Error):
        return None
    length = math.sqrt(sum(each * each for each in whole)) or 1.0
    numbers = array("d", (each / length for each in whole))
    return SeenIn(scene, take, str(place.get("embedder", "")), numbers, colours, light)


def likenesses(takes: Sequence[SeenIn]) -> dict[str, Likeness]:
    """By scene: how much each take of one place is like the others of its light."""
    found = {}
    for each in takes:
        others = [o for o in takes if o.scene != each.scene and (o.embedder, o.light) == (each.embedder, each.light)]
        others = [o for o in others if len(o.numbers) == len(each.numbers)]
        cosine = _cosine(each.numbers, [o.numbers for o in others]) if len(others) >= OTHERS_MIN else None
        found[each.scene] = Likeness(len(others), cosine)
    return found


def palette_of(takes: Iterable[SeenIn], most: int = 5) -> tuple[tuple[str, float], ...]:
    """The colours of a place: the commonest of all its takes."""
    shares: dict[str, float] = {}
    count = 0
    for take in takes:
        count += 1
        for colour, share in take.palette:
            near = next((other for other in shares if _near(other, colour)), colour)
            shares[near] = shares.get(near, 0.0) + share
    ranked = sorted(shares.items(), key=lambda each: (-each[1], each[0]))[:most]
    return tuple((colour, round(share / count, 3)) for colour, share in ranked) if count else ()


def _cosine(one: Sequence[float], others: Sequence[Sequence[float]]) -> float:
    mean = [sum(each) / len(others) for each in zip(*others, strict=True)]
    length = math.sqrt(sum(each * each for each in mean))
    return sum(a * b for a, b in zip(one, mean, strict=True)) / length if length else 0.0


NEAR_RGB_MAX = 36
"""Distance of two colours (0..441) that people would call one."""


def _near(one: str, other: str) -> bool:
    a, b = ([int(each[at : at + 2], 16) for at in (1, 3, 5)] for each in (one, other))
    return math.dist(a, b) <= NEAR_RGB_MAX
