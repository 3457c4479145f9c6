"""A request made into media: a video backend's frames through the encoder, in one call.

Owns nothing but the wiring: cuts from shot lengths, cues from dialogue, the poster from the key shot.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gpu.media.captions import cues_of
from gpu.media.encode import MediaSet, encode
from gpu.video.protocol import RenderRequest, VideoBackend


def film(
    backend: VideoBackend,
    request: RenderRequest,
    folder: Path | str,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] = lambda done: None,
    start_panel: int | None = None,
    captions_default: bool = False,
    language: str = "und",
) -> MediaSet:
    """Render and encode a scene; `progress` hears 0..1. Raises what the backend and `encode` raise."""
    cuts, at = [], 0
    for shot in request.shots:
        cuts.append(at)
        at += request.shot_frames(shot)
    frames = backend.frames(request, cancelled=cancelled, progress=lambda done: None, start_panel=start_panel)
    return encode(
        frames,
        folder,
        fps=request.fps,
        cues=cues_of(request),
        cuts=cuts,
        captions_default=captions_default,
        language=language,
        cancelled=cancelled,
        progress=lambda done: progress(done / at),
    )
