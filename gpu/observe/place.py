"""What the place of a film looks like: its colours, and a direction behind the image-embedder port.

Owns nothing; pure. Invariants: made of the film's poster, its most telling frame (`gpu.media.poster.telling`: spread of
light, edges, colour); what it is called says by which embedder, and only equal names are compared. It is a
descriptor of a picture, not a proof of a place: another shot of one room is another direction.
"""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np

from gpu.embed.protocol import ImageEmbedder

COLOURS = 5
"""Of a palette; a place is known by a few."""

SIDE = 96
_BINS = np.array((4, 5, 5))
"""Steps of L, a, b: coarse enough that shades of one wall are one colour."""


def fingerprint(poster: bytes, embedder: ImageEmbedder) -> dict[str, Any]:
    """{"embedder", "numbers": base64 of int8, "palette": [[#rrggbb, share], …]}. Raises `EmbedError`: no picture."""
    values = embedder.embed_picture(poster)
    largest = float(np.abs(values).max()) or 1.0
    numbers = np.round(values / largest * 127).astype(np.int8)
    return {
        "embedder": embedder.name,
        "numbers": base64.b64encode(numbers.tobytes()).decode(),
        "palette": palette(poster),
    }


def palette(picture: bytes) -> list[list[Any]]:
    """The commonest colours with their share of the picture, the commonest first; deterministic."""
    read = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if read is None:
        return []
    small = cv2.resize(read, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).reshape(-1, 3)
    at = np.minimum(lab.astype(np.int64) * _BINS // 256, _BINS - 1)
    bins = (at[:, 0] * _BINS[1] + at[:, 1]) * _BINS[2] + at[:, 2]
    counts = np.bincount(bins)
    found = []
    for each in np.argsort(-counts, kind="stable")[:COLOURS]:
        if counts[each] == 0:
            break
        blue, green, red = small.reshape(-1, 3)[bins == each].mean(axis=0)
        found.append(
            [f"#{round(red):02x}{round(green):02x}{round(blue):02x}", round(float(counts[each]) / len(bins), 3)]
        )
    return found
