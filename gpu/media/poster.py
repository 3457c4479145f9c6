"""The still that stands for a film: the most telling of the frames offered, as JPEG.

Invariant: at most one frame is held, whatever the film's length.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.media.errors import MediaError

JPEG_QUALITY = 86


def jpeg(frame: NDArray[np.uint8], width: int | None = None) -> bytes:
    """JPEG bytes of uint8 (H, W, 3) RGB, scaled to `width` if given."""
    if width is not None and width != frame.shape[1]:
        size = (width, max(2, round(frame.shape[0] * width / frame.shape[1])))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise MediaError("encode_failed", "the poster could not be encoded as JPEG", True)
    return bytes(data)


def telling(frame: NDArray[np.uint8]) -> float:
    """How much a frame shows: spread of light, edges and colour; black and flat frames score near 0."""
    small = cv2.resize(frame, (160, 90), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    edges = float(cv2.Laplacian(grey, cv2.CV_32F).std())
    colour = float((small.max(axis=2).astype(np.int16) - small.min(axis=2)).mean())
    return float(grey.std()) + 0.6 * edges + 0.3 * colour


class PosterChoice:
    """Keeps the best frame offered so far."""

    def __init__(self) -> None:
        self._best: NDArray[np.uint8] | None = None
        self._score = -1.0

    def offer(self, frame: NDArray[np.uint8], bonus: float = 0.0) -> None:
        score = telling(frame) + bonus
        if score > self._score:
            self._best, self._score = frame, score

    def jpeg(self) -> bytes:
        """Raises MediaError("no_frames") when nothing was offered."""
        if self._best is None:
            raise MediaError("no_frames", "there was no frame to make a poster of")
        return jpeg(self._best)
