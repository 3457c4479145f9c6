"""What the place of a film looks like: its colours, and a direction behind the image-embedder port.

Owns nothing; pure. Invariants: made of the frames of the film's contact sheet (`gpu.observe.contact_sheet`), one of a
shot, so that no one close-up stands for a place; what it is called says by which embedder, and only equal names are
compared. It is a descriptor of pictures, not a proof of a place.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.embed.protocol import EmbedError, ImageEmbedder
from gpu.observe.bars import without_bars

COLOURS = 5
"""Of a palette; a place is known by a few."""

SIDE = 96
_BINS = np.array((4, 5, 5))
"""Steps of L, a, b: coarse enough that shades of one wall are one colour."""

_Picture = NDArray[np.uint8]


def fingerprint(frames: Sequence[_Picture], embedder: ImageEmbedder) -> dict[str, Any]:
    """{"embedder", "numbers": base64 of int8, "palette": [[#rrggbb, share], …]} of uint8 (H, W, 3) RGB, at least one.

    Raises `EmbedError`."""
    shown = [without_bars([frame])[0] for frame in frames]
    values = np.mean([embedder.embed_picture(_png(picture)) for picture in shown], axis=0)
    largest = float(np.abs(values).max()) or 1.0
    numbers = np.round(values / largest * 127).astype(np.int8)
    told = base64.b64encode(numbers.tobytes()).decode()
    return {"embedder": embedder.name, "numbers": told, "palette": palette(shown)}


def _png(picture: _Picture) -> bytes:
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise EmbedError("REFUSED", "this picture cannot be encoded", False)
    return bytes(data)


def palette(frames: Sequence[_Picture]) -> list[list[Any]]:
    """The commonest colours with their share, the commonest first; deterministic."""
    small = np.concatenate([cv2.resize(each, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for each in frames])
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    at = np.minimum(lab.astype(np.int64) * _BINS // 256, _BINS - 1)
    bins = (at[:, 0] * _BINS[1] + at[:, 1]) * _BINS[2] + at[:, 2]
    counts = np.bincount(bins)
    found = []
    for each in np.argsort(-counts, kind="stable")[:COLOURS]:
        if counts[each] == 0:
            break
        colour = small.reshape(-1, 3)[bins == each].mean(axis=0)
        code = "#" + "".join(f"{round(float(part)):02x}" for part in colour)
        found.append([code, round(float(counts[each]) / len(bins), 3)])
    return found
