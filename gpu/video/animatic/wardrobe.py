"""Who a figure is: skin, hair, build and clothes, decided by the entity id and nothing else.

Invariant: the same entity id gives the same `Persona` in every shot, scene and process (SHA-256 of the id, no seed),
so a character stays recognisable. Colours here are local colours; light and grade come later.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from gpu.video.animatic.colour import RGB, hsl, mix, rgb

Hair = Literal["short", "bob", "long", "bun", "curly", "ponytail", "buzz", "quiff", "beanie", "scarf"]
Garment = Literal["coat", "jacket", "suit", "hoodie", "sweater", "dress", "shirt"]

HAIR: tuple[Hair, ...] = ("short", "bob", "long", "bun", "curly", "ponytail", "buzz", "quiff", "beanie", "scarf")
GARMENTS: tuple[Garment, ...] = ("coat", "jacket", "suit", "hoodie", "sweater", "dress", "shirt")
SKINS = ("#f6d2b8", "#eebf9a", "#dca57d", "#c68a5f", "#a86d46", "#8a5435", "#6b3f29", "#4e2e20")
HAIRS = ("#16120f", "#2b1d16", "#4a2d1c", "#6f4225", "#9b6233", "#c99a52", "#8c2f1c", "#8f8b88", "#d9d4cc", "#2a2f45")
# Twelve garment hues apart from each other and from skin: (hue in turns, saturation, lightness).
CLOTHS = (
    (0.01, 0.58, 0.42), (0.06, 0.66, 0.50), (0.12, 0.66, 0.52), (0.22, 0.30, 0.40), (0.36, 0.34, 0.34),
    (0.47, 0.46, 0.36), (0.54, 0.50, 0.44), (0.61, 0.48, 0.40), (0.68, 0.34, 0.34), (0.78, 0.32, 0.40),
    (0.90, 0.42, 0.46), (0.10, 0.14, 0.62),
)  # fmt: skip
LOWERS = ("#26303f", "#2f2a2c", "#3d4a5c", "#4a4038", "#1f2328", "#59524a")


@dataclass(frozen=True)
class Persona:
    """A character's fixed appearance; `tall` and `build` are factors around 1."""

    skin: RGB
    hair: RGB
    cloth: RGB
    second: RGB
    lower: RGB
    style: Hair
    garment: Garment
    glasses: bool
    tall: float
    build: float
    brow: float


def persona_of(entity_id: str) -> Persona:
    """The appearance that belongs to an entity id."""
    d = hashlib.sha256(b"storyforge-persona-1:" + entity_id.encode("utf-8", "surrogatepass")).digest()
    hue, saturation, lightness = CLOTHS[d[0] % len(CLOTHS)]
    cloth = hsl(hue, saturation, lightness)
    other = hsl((hue + (0.42 if d[1] & 1 else 0.08)) % 1, saturation * 0.6, min(0.78, lightness + 0.26))
    return Persona(
        skin=rgb(SKINS[d[2] % len(SKINS)]),
        hair=rgb(HAIRS[d[3] % len(HAIRS)]),
        cloth=cloth,
        second=mix(other, (236.0, 230.0, 220.0), 0.45),
        lower=rgb(LOWERS[d[4] % len(LOWERS)]),
        style=HAIR[d[5] % len(HAIR)],
        garment=GARMENTS[d[6] % len(GARMENTS)],
        glasses=d[7] % 6 == 0,
        tall=0.94 + 0.10 * d[8] / 255,
        build=0.90 + 0.20 * d[9] / 255,
        brow=d[10] / 255,
    )
