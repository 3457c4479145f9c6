"""A film made elsewhere (one video file) into our media: HLS, MP4, poster, captions, like any other take.

Owns the way from a foreign file to frames on an even clock. Invariant: a file decides nothing but its pictures: sides,
rate and length are held within the renderer's own limits, and what cannot be decoded is a `MediaError`, not a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from gpu.media.captions import cues_of
from gpu.media.encode import MediaSet, encode
from gpu.media.errors import MediaError
from gpu.video.protocol import FPS_MAX, SCENE_SECONDS_MAX, SIDE_PIXELS_MIN, RenderRequest

WIDTH_PIXELS_MAX, HEIGHT_PIXELS_MAX = 1920, 1080
"""A larger picture is made smaller, in proportion: a player gains nothing, and encoding costs by the pixel."""


def refilm(
    source: Path | str,
    request: RenderRequest,
    folder: Path | str,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] = lambda done: None,
    captions_default: bool = True,
    language: str = "und",
) -> MediaSet:
    """Raises Cancelled, or MediaError: what `encode` raises, or `bad_video` (retryable: another one may be whole)."""
    try:
        with av.open(str(source)) as container:
            if not container.streams.video:
                raise MediaError("bad_video", "the file has no picture", True)
            stream: Any = container.streams.video[0]
            stream.thread_type = "AUTO"
            fps = _rate(stream)
            total = max(1, round(_seconds(container, stream, request) * fps))
            return encode(
                _even(container, stream, fps),
                folder,
                fps=fps,
                cues=cues_of(request),
                captions_default=captions_default,
                language=language,
                cancelled=cancelled,
                progress=lambda done: progress(min(1.0, done / total)),
            )
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise MediaError("bad_video", f"the file cannot be decoded ({type(error).__name__})", True) from error
    except MediaError as error:
        if error.code == "no_frames":
            raise MediaError("bad_video", "the file holds no frames", True) from error
        raise


def _rate(stream: Any) -> int:
    rate = float(stream.average_rate or stream.guessed_rate or 24)
    return min(FPS_MAX, max(1, round(rate)))


def _seconds(container: Any, stream: Any, request: RenderRequest) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return float(container.duration / av.time_base)
    return request.frame_count / request.fps


def _even(container: Any, stream: Any, fps: int) -> Iterator[NDArray[np.uint8]]:
    """Frames at exactly `fps`: of each moment the picture that stands then, so a variable rate keeps its pace."""
    count_max = int(SCENE_SECONDS_MAX * fps)
    given, first, picture, size = 0, None, None, (0, 0)
    for frame in _decoded(container, stream):
        at = float(frame.time) if frame.time is not None else given / fps
        first = at if first is None else first
        due = min(count_max, round((at - first) * fps))
        while picture is not None and given < due:
            yield picture.copy()
            given += 1
        if size == (0, 0):
            size = _size(frame.width, frame.height)
        picture = frame.reformat(size[0], size[1], "rgb24", interpolation="AREA").to_ndarray()
        if given >= count_max:
            return
    if picture is not None and given < count_max:
        yield picture


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    try:
        yield from container.decode(stream)
    except (av.error.FFmpegError, OSError) as error:  # here, or the encoder would take it for a fault of its own
        raise MediaError("bad_video", f"the file cannot be decoded ({type(error).__name__})", True) from error


def _size(width: int, height: int) -> tuple[int, int]:
    if width < SIDE_PIXELS_MIN or height < SIDE_PIXELS_MIN:
        raise MediaError("bad_video", f"the picture is only {width}x{height} pixels", True)
    scale = min(1.0, WIDTH_PIXELS_MAX / width, HEIGHT_PIXELS_MAX / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
