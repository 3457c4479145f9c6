"""Step `video`: the film of the picked panel, finished, stored, and remembered under its recipe."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from gpu.enhance.protocol import EnhancedScene
from gpu.media.film import film
from gpu.video.animatic import can_burn
from gpu.video.protocol import PROMPT_CHARS_MAX, RenderRequest, VideoBackend
from serve_app.steps.stores import StepStores
from serve_app.steps.upload import UPLOAD_FROM, upload
from serve_app.worker import Report, StepFailed
from storage.codec import encode
from storage.ledger.protocol import Attempt

DRAWING = "VIDEO_GENERATION|Drawing the film"


class Video:
    def __init__(self, stores: StepStores, backend: VideoBackend) -> None:
        self._stores, self._backend = stores, backend

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        if request["backend"] not in (None, self._backend.name):
            raise StepFailed("BACKEND_UNKNOWN", f"there is no backend {request['backend']!r} here; leave it out", False)
        scene = EnhancedScene.from_dict(request["enhanced"])
        render = RenderRequest(
            shots=scene.shots,
            look=scene.look,
            seed=int(request["seed"]),
            width=request["width"],
            height=request["height"],
            fps=request["fps"],
            prompts=tuple(words[:PROMPT_CHARS_MAX] for words in scene.shot_prompts),
            negative=scene.negative[:PROMPT_CHARS_MAX],
        )
        burned = all(can_burn(line.text) for shot in scene.shots for line in shot.lines)
        with tempfile.TemporaryDirectory(prefix="storyforge-film-") as work:
            report(0.0, DRAWING)
            made = film(
                self._backend,
                render,
                Path(work) / "film",
                cancelled=report.cancelled,
                progress=lambda done: report(UPLOAD_FROM * done, DRAWING),
                start_panel=request["candidate"],
                captions_default=not burned,
            )
            stored = upload(self._stores, made, request["prefix"], report)
        drawn = {"backend": self._backend.name, "degraded": self._backend.degraded, "captions_burned": burned}
        media = {**stored, **drawn}
        self._stores.wait(self._stores.cache.put(bytes.fromhex(request["recipe_hash"]), encode(media)))
        return media
