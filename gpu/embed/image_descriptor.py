"""Pictures as directions without a trained model: colours, edges and their layout, 512 numbers.

Owns nothing; pure. The invariant: it is what its name says, a descriptor of the picture, not of a face: the same person
in another light is another direction. It tells a reference picture from others, finds it again scaled or recompressed,
and stands in for a port (`ImageEmbedder`) that somebody with licensed face weights may fill. Blocks, each of unit
length before its weight: colours by place (8×8 grid, Lab), edge directions by place (4×4 cells × 9, after Dalal and
Triggs, CVPR 2005), colours as a histogram (6×4×4), and the low frequencies of brightness (DCT, 9×9 without the mean).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from gpu.embed.picture_size import size_of
from gpu.embed.protocol import IDENTITY_NUMBERS, EmbedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSION = IDENTITY_NUMBERS
SIDE = 128
"""The picture is looked at in this size: what is finer is noise of its compression."""

PICTURE_BYTES_MAX = 20 * 1024 * 1024
PIXELS_MAX = 64_000_000
"""Of a picture, 190 MiB decoded. A small file can hold an enormous one: its size is read before it is decoded."""

GRID, CELLS, BINS, LOW = 8, 4, 9, 9
HISTOGRAM = (6, 4, 4)
WEIGHTS = {"layout": 1.0, "edges": 1.0, "colours": 0.7, "shape": 0.7}


class ImageDescriptor:
    """See `gpu.embed.protocol.ImageEmbedder`."""

    name = "image-descriptor/1"
    dimension = DIMENSION

    def embed_picture(self, picture: bytes) -> NDArray[np.float32]:
        small = _small(picture)
        lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32) / 255.0
        light = lab[:, :, 0]
        blocks = {
            "layout": cv2.resize(lab, (GRID, GRID), interpolation=cv2.INTER_AREA) - np.float32(0.5),
            "edges": _edges(light),
            "colours": _histogram(lab),
            "shape": cv2.dct(cv2.resize(light, (32, 32), interpolation=cv2.INTER_AREA))[:LOW, :LOW].ravel()[1:],
        }
        found = np.concatenate([_unit(block.ravel()) * np.float32(WEIGHTS[name]) for name, block in blocks.items()])
        return _unit(found)


def _small(picture: bytes) -> NDArray[np.uint8]:
    """Raises `EmbedError` REFUSED."""
    if len(picture) > PICTURE_BYTES_MAX:
        raise EmbedError("TOO_LONG", f"a picture of {len(picture)} bytes; the most is {PICTURE_BYTES_MAX}", False)
    size = size_of(picture)
    if size is None or not 0 < size[0] * size[1] <= PIXELS_MAX:
        raise EmbedError("REFUSED", f"no picture of at most {PIXELS_MAX} pixels", False)
    try:
        read = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        read = None
    if read is None:
        raise EmbedError("REFUSED", "no picture that can be read", False)
    return np.asarray(cv2.resize(read, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _edges(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Votes of every pixel for its edge's direction, by cell; damped, so that one outline does not count alone."""
    across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
    strength = np.sqrt(np.hypot(across, down))
    bins = (np.mod(np.arctan2(down, across), np.pi) * (BINS / np.pi)).astype(np.int64) % BINS
    places = np.arange(SIDE) * CELLS // SIDE
    index = (places[:, None] * CELLS + places[None, :]) * BINS + bins
    return np.bincount(index.ravel(), strength.ravel(), CELLS * CELLS * BINS).astype(np.float32)


def _histogram(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    steps = np.array(HISTOGRAM)
    at = np.minimum((lab.reshape(-1, 3) * steps).astype(np.int64), steps - 1)
    index = (at[:, 0] * steps[1] + at[:, 1]) * steps[2] + at[:, 2]
    return np.sqrt(np.bincount(index, minlength=int(steps.prod())).astype(np.float32))


def _unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A block that is all zero stays so, but for the whole: the first number then is one."""
    length = float(np.linalg.norm(values))
    if length > 0.0:
        return np.asarray(values / np.float32(length), dtype=np.float32)
    if len(values) == DIMENSION:
        values[0] = 1.0
    return np.asarray(values, dtype=np.float32)
