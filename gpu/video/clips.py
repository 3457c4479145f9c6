"""A model's clips made into a shot: at the film's rate and size, with its lines burned in.

Pure pixels. Invariant: a shot has exactly the frames its request counts, whatever rate and length the model makes; each
is a new array. Frames in: uint8 (n, h, w, 3) RGB at `fps`; out: uint8 (height, width, 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.video.animatic.captions import CaptionBar
from gpu.video.protocol import RenderRequest, Shot

Frames = NDArray[np.uint8]
BAR_SHARE = 0.16
"""Of the picture's height, for dialogue at the bottom."""
BAR_SHADE = 0.45
TINT = (216, 162, 106)
PREVIEW_WIDTH_PX = 320
JPEG_QUALITY = 88


def shot_frames(request: RenderRequest, shot: Shot, clips: Sequence[Frames], fps: float) -> Iterator[Frames]:
    """The shot's frames from its clips one after another. A clip too short for its share is played slower, one that is
    longer is cut."""
    total = request.shot_frames(shot)
    bars = _bars(request, shot)
    for n in range(total):
        at = n * len(clips) / total  # in clips
        which = min(int(at), len(clips) - 1)
        clip = clips[which]
        share_s = total / request.fps / len(clips)
        inside_s = (at - which) * share_s
        rate = min(fps, len(clip) / share_s)
        frame = fitted(clip[min(int(inside_s * rate + 1e-6), len(clip) - 1)], request.width, request.height)
        yield _captioned(frame, bars, n / request.fps)


def fitted(frame: Frames, width: int, height: int) -> Frames:
    """Scaled to cover, its middle cut out: a new array of (height, width, 3)."""
    h, w = frame.shape[:2]
    scale = max(width / w, height / h)
    size = max(width, round(w * scale)), max(height, round(h * scale))
    shrinks = scale < 1
    grown = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    cut: Frames = np.array(grown[top : top + height, left : left + width])
    return cut


def jpeg(frame: Frames, quality: int = JPEG_QUALITY) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "a JPEG of an RGB array"
    return bytes(data)


def picture(data: bytes) -> Frames | None:
    """RGB pixels of a JPEG or PNG; None for what is neither."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return None if found is None else np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def preview(frame: Frames) -> bytes:
    """A small JPEG of a frame of any size."""
    height = max(2, round(PREVIEW_WIDTH_PX * frame.shape[0] / frame.shape[1]))
    return jpeg(np.asarray(cv2.resize(frame, (PREVIEW_WIDTH_PX, height), interpolation=cv2.INTER_CUBIC), np.uint8), 80)


def _bars(request: RenderRequest, shot: Shot) -> list[tuple[float, float, Frames]]:
    bar = CaptionBar(request.width, max(16, round(request.height * BAR_SHARE)))
    return [page for line in shot.lines for page in bar.bars(line, TINT)]


def _captioned(frame: Frames, bars: list[tuple[float, float, Frames]], at_s: float) -> Frames:
    for start, until, words in bars:
        if start <= at_s < until:
            strip = frame[-words.shape[0] :]
            strip[:] = np.maximum((strip * BAR_SHADE).astype(np.uint8), words)
    return frame
