"""Step `storyboard`: the frames of a board in the order it was planned, told one by one as they are stored.

A frame that was drawn before, for exactly this request, is taken over and says so; see `serve_app.steps.parts`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from gpu.board import Frame, key_shot, shots_of
from gpu.enhance.protocol import EnhancedScene
from gpu.video.protocol import PROMPT_CHARS_MAX, StoryboardRequest, VideoBackend
from serve_app.step_runs import Report, StepCancelled
from serve_app.steps.parts import Part, frame_part, made
from serve_app.steps.patience import patiently
from serve_app.steps.stores import IMMUTABLE, StepStores
from storage.ledger.protocol import Attempt
from storage.objects.protocol import StoreName


class Storyboard:
    def __init__(self, stores: StepStores, backend: VideoBackend) -> None:
        self._stores, self._backend = stores, backend

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        scene = EnhancedScene.from_dict(request["enhanced"])
        frames = _frames(request)
        panels: list[dict[str, Any]] = []
        for shot, candidate in frames:
            if report.cancelled():
                raise StepCancelled
            done = len(panels) / len(frames)
            panels.append(self._frame(attempt, _one_shot(scene, shot, request), shot, candidate, request, report, done))
            report(len(panels) / len(frames), _words(len(panels), frames), {"panels": list(panels)})
        return {"panels": panels}

    def _frame(
        self,
        attempt: Attempt,
        asked: StoryboardRequest,
        shot: int,
        candidate: int,
        request: dict[str, Any],
        report: Report,
        done: float,
    ) -> dict[str, Any]:
        parts, wait = self._stores.parts, self._stores.wait
        part: Part | None = None
        if parts is not None:
            part = frame_part(attempt.home, self._backend, asked, candidate)
            if (found := wait(parts.find(part))) is not None:
                c = found.component
                told = {"key": c.object_key, "sha256": c.sha256, "bytes": c.size, "reused": found.reused}
                return {"shot": shot, "candidate": candidate, **told}
        began = time.monotonic()
        picture = self._backend.panel(asked, candidate, cancelled=report.cancelled)
        took_s = time.monotonic() - began
        key = StoreName.ASSETS.key("panels", request["prefix"], f"{shot}-{candidate}.jpg")
        put = partial(self._stores.objects.put, key, picture, content_type="image/jpeg", cache_control=IMMUTABLE)
        patiently(self._stores, put, report, done, "STORYBOARD")
        digest = hashlib.sha256(picture).hexdigest()
        if parts is not None and part is not None:
            wait(parts.keep(part, key, digest, len(picture), made(attempt, took_s)))
        return {"shot": shot, "candidate": candidate, "key": key, "sha256": digest, "bytes": len(picture)}


def _frames(request: dict[str, Any]) -> list[Frame]:
    """An owner older than boards of several shots says only how many candidates of the key shot it wants."""
    alone = [[key_shot(shots_of(request["enhanced"])), candidate] for candidate in range(request["candidates"])]
    return [(int(shot), int(candidate)) for shot, candidate in request.get("frames", alone)]


def _one_shot(scene: EnhancedScene, shot: int, request: dict[str, Any]) -> StoryboardRequest:
    """A board request of this shot alone: its frame does not depend on what stands around it."""
    return StoryboardRequest(
        shots=(scene.shots[shot],),
        look=scene.look,
        seed=int(request.get("seeds", {}).get(str(shot), request["seed"])),
        width=request["width"],
        height=request["height"],
        prompts=(scene.shot_prompts[shot][:PROMPT_CHARS_MAX],),
        negative=scene.negative[:PROMPT_CHARS_MAX],
    )


def _words(done: int, frames: Sequence[Frame]) -> str:
    return f"STORYBOARD|Frame {done} of {len(frames)}"
