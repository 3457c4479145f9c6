"""Step `video`: the film of the picked panel, finished, stored, and remembered under its recipe."""

from __future__ import annotations

import hashlib
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from gpu.board import key_shot, shots_of
from gpu.enhance.protocol import EnhancedScene
from gpu.media.encode import MediaSet
from gpu.media.film import film
from gpu.video.animatic import can_burn
from gpu.video.protocol import PROMPT_CHARS_MAX, RenderRequest, VideoBackend
from serve_app.step_runs import Report, StepFailed
from serve_app.steps.keeping import keep_film, kept_film
from serve_app.steps.lending import start_key
from serve_app.steps.patience import patiently
from serve_app.steps.previews import Previews
from serve_app.steps.stores import StepStores
from serve_app.steps.upload import UPLOAD_FROM, upload
from storage.ledger.protocol import Attempt

DRAWING = "VIDEO_GENERATION|Drawing the film"


class Video:
    """With one of `backends`, by name; the first where the request names none."""

    def __init__(self, stores: StepStores, *backends: VideoBackend) -> None:
        self._stores, self._first = stores, backends[0]
        self._backends = {backend.name: backend for backend in backends}

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        backend = self._backends.get(request["backend"] or self._first.name)
        if backend is None:
            raise StepFailed("BACKEND_UNKNOWN", f"there is no backend {request['backend']!r} here; leave it out", False)
        wait, stores = self._stores.wait, self._stores
        kept = wait(kept_film(stores.cache, stores.objects, request["recipe_hash"], attempt.job))
        if kept is not None:
            return kept
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
            made = self._film(backend, render, request, Path(work) / "film", report, captions_default=not burned)
            stored = upload(self._stores, made, request["prefix"], report)
        drawn = {"backend": backend.name, "degraded": backend.degraded, "captions_burned": burned}
        media = {**stored, **drawn, "made_with": backend.recipe(render)}
        self._stores.wait(keep_film(self._stores.cache, request["recipe_hash"], media, attempt))
        return media

    def _film(
        self,
        backend: VideoBackend,
        render: RenderRequest,
        request: dict[str, Any],
        folder: Path,
        report: Report,
        captions_default: bool,
    ) -> MediaSet:
        previews = Previews(self._stores, request["prefix"], report)

        def progress(done: float) -> None:
            previews.at(UPLOAD_FROM * done)
            report(UPLOAD_FROM * done, DRAWING)

        return film(
            backend,
            render,
            folder,
            cancelled=report.cancelled,
            progress=progress,
            preview=lambda jpeg: previews.show(jpeg, DRAWING),
            start_panel=request["candidate"],
            start_frames=self._picked(backend, request, report),
            references=self._to_follow(backend, request, report),
            captions_default=captions_default,
        )

    def _to_follow(self, backend: VideoBackend, request: dict[str, Any], report: Report) -> list[bytes]:
        """Pictures of the shot before, for a backend that takes any. One that is gone or is another now is left: the
        film is made by its words."""
        most = backend.capabilities.references_max
        wanted = request.get("references", ())[:most] if most else ()
        found: list[bytes] = []
        for each in wanted:
            if self._stores.wait(self._stores.objects.head(each["key"])) is None:
                continue
            get = partial(self._stores.objects.get, each["key"])
            picture = patiently(self._stores, get, report, 0.0, "VIDEO_GENERATION")
            if hashlib.sha256(picture).hexdigest() == each["sha256"]:
                found.append(picture)
        return found

    def _picked(self, backend: VideoBackend, request: dict[str, Any], report: Report) -> dict[int, bytes]:
        """The pictures picked for shots, by position, for a backend that starts from one. What the owner names as the
        film's own picture stands for its key shot."""
        if not backend.capabilities.image_to_video:
            return {}
        keys = {int(each["shot"]): each["key"] for each in request.get("frames", ()) if each["key"]}
        if start := self._stores.wait(start_key(self._stores.objects, request)):
            keys[key_shot(shots_of(request["enhanced"]))] = start
        get = self._stores.objects.get
        return {
            shot: patiently(self._stores, partial(get, key), report, 0.0, "VIDEO_GENERATION")
            for shot, key in keys.items()
        }
