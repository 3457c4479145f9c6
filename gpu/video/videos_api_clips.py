"""A scene as a vendor's clips, and the clips as a scene's frames.

Owns the plan: one clip for the whole scene where the endpoint makes clips that long, else one for each shot, a shot
longer than its longest clip in equal parts. Invariant: the frames of all clips are exactly those of the request, in
order, whatever rate, size and length the vendor's files have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpu.video.protocol import Cancelled, RenderRequest
from gpu.video.videos_api_wire import REFUSED, Endpoint, VendorFault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLIPS_MAX = 64
"""Submissions one take may cost. A scene that needs more is refused before the first."""


@dataclass(frozen=True, slots=True)
class Clip:
    """`frames` of the film come from it; `seconds` is what is asked of the vendor: at least as long. `shot`: whose
    beginning it shows, None: it goes on with one."""

    index: int
    prompt: str
    frames: int
    seconds: int
    shot: int | None


def plan(endpoint: Endpoint, request: RenderRequest, prompt: str, shot_prompts: Sequence[str]) -> tuple[Clip, ...]:
    """Raises `VendorFault` REFUSED for a scene of too many clips."""
    longest = max(endpoint.seconds)
    if request.frame_count <= longest * request.fps:
        parts: list[tuple[str, int, int | None]] = [(prompt, request.frame_count, 0)]
    else:
        parts = []
        for number, (shot, words) in enumerate(zip(request.shots, shot_prompts, strict=True)):
            left, starts = request.shot_frames(shot), number
            for more in range(math.ceil(left / (longest * request.fps)), 0, -1):
                take = math.ceil(left / more)
                parts.append((words, take, starts if left == request.shot_frames(shot) else None))
                left -= take
    if len(parts) > CLIPS_MAX:
        raise VendorFault(REFUSED, f"{endpoint.name} would need {len(parts)} clips, more than {CLIPS_MAX}")
    return tuple(
        Clip(index, words, frames, _long_enough(endpoint, frames / request.fps), shot)
        for index, (words, frames, shot) in enumerate(parts)
    )


def start_keys(clips: Sequence[Clip], frames: Sequence[Mapping[str, Any]], panel: str | None) -> dict[int, str]:
    """Clip → key of the picture it starts from: the frame picked for its shot. The first one has the scene's key frame
    where its shot has none, and a picture that somebody brought before all."""
    picked = {frame["shot"]: frame["key"] for frame in frames if frame.get("key")}
    found = {clip.index: picked[clip.shot] for clip in clips if clip.shot in picked}
    if panel is not None and (0 not in found or panel not in picked.values()):
        found[0] = panel
    return found


def seconds_of(clips: Sequence[Clip]) -> int:
    """What the vendor makes, and charges for."""
    return sum(clip.seconds for clip in clips)


def size_for(endpoint: Endpoint, width: int, height: int) -> tuple[int, int]:
    """The endpoint's size that loses least of the picture: the shape first, then the nearest number of pixels."""

    def loss(size: tuple[int, int]) -> tuple[float, float]:
        shape = abs(math.log((size[0] / size[1]) / (width / height)))
        return round(shape, 3), abs(math.log(size[0] * size[1] / (width * height)))

    return min(endpoint.sizes, key=loss)


def cuts_of(request: RenderRequest) -> list[int]:
    """The frame each shot starts with."""
    cuts, at = [], 0
    for shot in request.shots:
        cuts.append(at)
        at += request.shot_frames(shot)
    return cuts


def frames_of(
    clips: Sequence[tuple[Clip, Path]],
    request: RenderRequest,
    cancelled: Callable[[], bool],
    progress: Callable[[float], None],
) -> Iterator[NDArray[np.uint8]]:
    """uint8 (height, width, 3) RGB. A clip that is shorter than asked stands still at its end.

    Raises Cancelled; `VendorFault` REFUSED for a file that is no video.
    """
    made = 0
    for clip, path in clips:
        for frame in _at_rate(path, clip.frames, request):
            if cancelled():
                raise Cancelled
            yield frame
            made += 1
            progress(made / request.frame_count)


def fitted(picture: bytes, size: tuple[int, int]) -> bytes:
    """A JPEG of exactly this size, filled: vendors refuse a reference of another size."""
    import cv2
    import numpy as np

    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise VendorFault(REFUSED, "the picked frame is no picture")
    ok, out = cv2.imencode(".jpg", _fill(image, size[0], size[1]), [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert ok, "a picture that was just resized"
    return bytes(out)


def _long_enough(endpoint: Endpoint, seconds: float) -> int:
    return min((s for s in endpoint.seconds if s >= seconds - 1e-6), default=max(endpoint.seconds))


def _at_rate(path: Path, count: int, request: RenderRequest) -> Iterator[NDArray[np.uint8]]:
    """`count` frames at the request's rate: of the file, the one that shows at each moment."""
    import av

    shown: NDArray[np.uint8] | None = None
    given = 0
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate or request.fps)
            for number, decoded in enumerate(container.decode(stream)):
                at_s = number / rate
                while shown is not None and given < count and given / request.fps < at_s - 1e-6:
                    yield shown
                    given += 1
                if given >= count:
                    return
                shown = _fill(decoded.to_ndarray(format="rgb24"), request.width, request.height)
    except (av.error.FFmpegError, IndexError) as error:
        raise VendorFault(REFUSED, "the vendor's file is no video", True, True) from error
    if shown is None:
        raise VendorFault(REFUSED, "the vendor's video has no frames", True, True)
    for _ in range(count - given):
        yield shown


def _fill(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scaled to cover, cut at the centre."""
    import cv2
    import numpy as np

    tall, wide = image.shape[:2]
    if (wide, tall) == (width, height):
        return image
    scale = max(width / wide, height / tall)
    size = (max(width, round(wide * scale)), max(height, round(tall * scale)))
    big = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(big[top : top + height, left : left + width])
