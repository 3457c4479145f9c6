"""Step `storyboard`: candidate pictures, told one by one as they are stored."""

from __future__ import annotations

import hashlib
from typing import Any

from gpu.enhance.protocol import EnhancedScene
from gpu.video.protocol import StoryboardRequest, VideoBackend
from serve_app.steps.stores import IMMUTABLE, StepStores
from serve_app.worker import Report, StepCancelled
from storage.ledger.protocol import Attempt
from storage.objects.protocol import StoreName


class Storyboard:
    def __init__(self, stores: StepStores, backend: VideoBackend) -> None:
        self._stores, self._backend = stores, backend

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        scene = EnhancedScene.from_dict(request["enhanced"])
        board = StoryboardRequest(
            shots=scene.shots,
            look=scene.look,
            seed=int(request["seed"]),
            width=request["width"],
            height=request["height"],
        )
        panels: list[dict[str, Any]] = []
        count = int(request["candidates"])
        for candidate in range(count):
            if report.cancelled():
                raise StepCancelled
            picture = self._backend.panel(board, candidate)
            key = StoreName.ASSETS.key("panels", request["prefix"], f"{candidate}.jpg")
            put = self._stores.objects.put(key, picture, content_type="image/jpeg", cache_control=IMMUTABLE)
            self._stores.wait(put)
            digest = hashlib.sha256(picture).hexdigest()
            panels.append({"candidate": candidate, "key": key, "sha256": digest, "bytes": len(picture)})
            report((candidate + 1) / count, f"STORYBOARD|Frame {candidate + 1} of {count}", {"panels": list(panels)})
        return {"panels": panels}
