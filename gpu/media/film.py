"""A request made into media: a video backend's frames through the encoder, in one call.

Owns nothing but the wiring: cuts from shot lengths, cues from dialogue, the poster from the key shot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gpu.media.captions import cues_of
from gpu.media.encode import MediaSet, encode
from gpu.video.protocol import RenderRequest, VideoBackend, unwatched


def film(
    backend: VideoBackend,
    request: RenderRequest,
    folder: Path | str,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] = lambda done: None,
    preview: Callable[[bytes], None] = unwatched,
    start_panel: int | None = None,
    start_frames: Mapping[int, bytes] = {},
    references: Sequence[bytes] = (),
    captions_default: bool = False,
    language: str = "und",
) -> MediaSet:
    """Render and encode a scene; `progress` hears 0..1, `preview` what `VideoBackend.frames` says. Raises what the
    backend and `encode` raise."""
    cuts, at = [], 0
    for shot in request.shots:
        cuts.append(at)
        at += request.shot_frames(shot)
    frames = backend.frames(
        request,
        cancelled=cancelled,
        progress=lambda step, of: progress(step / of),  # a model's steps are the work; encoding keeps up with them
        preview=preview,
        start_panel=start_panel,
        start_frames=start_frames,
        references=references,
    )
    return encode(
        frames,
        folder,
        fps=request.fps,
        cues=cues_of(request),
        cuts=cuts,
        captions_default=captions_default,
        language=language,
        cancelled=cancelled,
    )
