"""Bars above and below a film's picture, which a wide format draws: they are of no place and no light. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BAR_LEVEL_MAX = 28
"""Brightest pixel, 0..255, of a row that may be a bar: compression leaves some noise in black."""

SHOWN_SHARE_MIN = 0.4
"""Fewer rows with light are a dark picture, no bars."""

Picture = NDArray[np.uint8]


def without_bars(frames: Sequence[Picture]) -> list[Picture]:
    """Uint8 (H, W, 3) of one size, at least one: the rows in which any of them shows something, in all of them."""
    rows = np.flatnonzero(np.max([frame.max(axis=(1, 2)) for frame in frames], axis=0) > BAR_LEVEL_MAX)
    if len(rows) < len(frames[0]) * SHOWN_SHARE_MIN:
        return list(frames)
    return [frame[rows[0] : rows[-1] + 1] for frame in frames]
