"""Reads a video file back and measures it: the facts an observer judges by.

Invariant: every number comes from decoded frames or the container, never from what the encoder was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.media.errors import MediaError

BLACK_LUMA = 20.0  # mean of a frame's picture area (0..255) under which a frame counts as black
FROZEN_DIFFERENCE = 0.02  # mean absolute luma change under which a frame repeats the one before
CUT_DIFFERENCE = 18.0
MEASURE_WIDTH = 160
FRAMES_MAX = 100_000


@dataclass(frozen=True)
class Probe:
    """Facts of a file. Ratios are of all frames; `colour` is the mean RGB; `cuts` are seconds of hard cuts."""

    duration_s: float
    fps: float
    width: int
    height: int
    frames: int
    bytes: int
    video_codec: str
    audio_codec: str | None
    black_ratio: float
    frozen_ratio: float
    longest_frozen_s: float
    luma: float
    motion: float
    colour: tuple[float, float, float]
    cuts: tuple[float, ...]


def probe(path: Path | str) -> Probe:
    """Decode and measure a file or playlist. Raises MediaError("unreadable") when it cannot be decoded to its end."""
    try:
        with av.open(str(path)) as container:
            return _measure(container, Path(path))
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise MediaError("unreadable", f"{Path(path).name}: {type(error).__name__}: {error}") from error


def _measure(container: av.container.InputContainer, path: Path) -> Probe:
    video = container.streams.video[0]
    video.thread_type = "NONE"
    audio = container.streams.audio[0].codec_context.name if container.streams.audio else None
    before: NDArray[np.uint8] | None = None
    luma: list[float] = []
    motion: list[float] = []
    frozen: list[bool] = []
    black = 0
    colour = np.zeros(3)
    cuts: list[float] = []
    rate = float(video.average_rate or 0) or 24.0
    for frame in container.decode(video):
        if len(luma) >= FRAMES_MAX:
            raise MediaError("too_long", f"more than {FRAMES_MAX} frames")
        height = max(2, round(frame.height * MEASURE_WIDTH / frame.width))
        small = cv2.resize(frame.to_ndarray(format="rgb24"), (MEASURE_WIDTH, height), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        luma.append(float(grey.mean()))
        black += float(np.percentile(grey, 98)) < BLACK_LUMA
        colour += small.reshape(-1, 3).mean(axis=0)
        if before is not None:
            change = float(cv2.absdiff(grey, before).mean())
            motion.append(change)
            frozen.append(change < FROZEN_DIFFERENCE)
            if change > CUT_DIFFERENCE:
                cuts.append((len(luma) - 1) / rate)
        before = grey
    count = len(luma)
    if not count:
        raise MediaError("unreadable", f"{path.name}: no frames")
    return Probe(
        duration_s=_duration(container, video, count, rate),
        fps=rate,
        width=video.width,
        height=video.height,
        frames=count,
        bytes=path.stat().st_size if path.is_file() else 0,
        video_codec=video.codec_context.name,
        audio_codec=audio,
        black_ratio=black / count,
        frozen_ratio=sum(frozen) / count,
        longest_frozen_s=_longest(frozen) / rate,
        luma=float(np.mean(luma)),
        motion=float(np.mean(motion)) if motion else 0.0,
        colour=(float(colour[0] / count), float(colour[1] / count), float(colour[2] / count)),
        cuts=tuple(cuts),
    )


def _duration(container: av.container.InputContainer, video: av.VideoStream, count: int, rate: float) -> float:
    if video.duration is not None and video.time_base is not None:
        return float(video.duration * video.time_base)
    return container.duration / av.time_base if container.duration else count / rate


def _longest(frozen: list[bool]) -> int:
    best = run = 0
    for still in frozen:
        run = run + 1 if still else 0
        best = max(best, run)
    return best
