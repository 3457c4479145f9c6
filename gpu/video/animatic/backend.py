"""The embedded video backend: draws the scene from its slots, on a CPU, the same bytes every time.

Owns the order of work: one `Take` alive at a time, hard cuts between shots, cancel asked before every frame. It
stands in for a generative model and says so (`degraded`); its frames are real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.video.animatic.framing import Staging, staging_of
from gpu.video.animatic.scene import Take, focus_frame, key_shot
from gpu.video.capabilities import ANIMATIC
from gpu.video.protocol import CANDIDATES_MAX, Cancelled, RenderRequest, StoryboardRequest, VideoError, unwatched

JPEG_QUALITY = 88


class AnimaticBackend:
    """`VideoBackend` that draws; needs no model, no network and no accelerator."""

    name = ANIMATIC.name
    degraded = ANIMATIC.degraded
    capabilities = ANIMATIC

    def __init__(self, threads: int = 1) -> None:
        # OpenCV's own pool would take every core of a shared machine; one thread is also the fastest at these sizes.
        cv2.setNumThreads(threads)

    def recipe(self, request: StoryboardRequest) -> dict[str, Any]:
        return {"model": ANIMATIC.model, "version": ANIMATIC.version}

    def load(self) -> None:
        """Nothing is held between jobs."""

    warm = unload = load

    def panel(
        self, request: StoryboardRequest, candidate: int, *, cancelled: Callable[[], bool] = lambda: False
    ) -> bytes:
        """JPEG bytes of the scene's key shot under a candidate's staging."""
        shot = request.shots[key_shot(request)]
        still = Take(request, replace(shot, lines=shot.lines[:1]), _staging(candidate, request.seed))
        rgb = still.frame(focus_frame(shot, still.fps))
        done, data = cv2.imencode(
            ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        )
        if not done:
            raise VideoError("encode_failed", "the panel could not be encoded as JPEG", True)
        return bytes(data)

    def frames(
        self,
        request: RenderRequest,
        *,
        cancelled: Callable[[], bool],
        progress: Callable[[int, int], None],
        preview: Callable[[bytes], None] = unwatched,
        start_panel: int | None = None,
        start_frames: Mapping[int, bytes] = {},
        references: Sequence[bytes] = (),
    ) -> Iterator[NDArray[np.uint8]]:
        """See `VideoBackend.frames`; `start_panel` stages the scene as that candidate, but shots that carry their own.
        Frames come faster than anybody could look at previews of them, so there are none."""
        total, made = request.frame_count, 0
        for shot in request.shots:
            if cancelled():
                raise Cancelled()
            candidate = (start_panel or 0) if shot.candidate is None else shot.candidate
            own = request if shot.seed is None else replace(request, seed=shot.seed)
            take = Take(own, shot, _staging(candidate, own.seed))
            for n in range(request.shot_frames(shot)):
                if cancelled():
                    raise Cancelled()
                yield take.frame(n)
                made += 1
                progress(made, total)


def _staging(candidate: int, seed: int) -> Staging:
    if isinstance(candidate, bool) or not isinstance(candidate, int) or not 0 <= candidate < CANDIDATES_MAX:
        raise VideoError(
            "bad_request", f"candidate must be from 0 to {CANDIDATES_MAX - 1}, got {candidate!r:.40}", False
        )
    return staging_of(candidate, seed)
