"""From a success on the list to a take: the worker's own finished media, or its film through our finisher.

Invariant: a take names only objects below its attempt's prefix, and they exist before the attempt is done. Which
backend really rendered is on the take; another one than was asked for makes it a degraded one.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from gpu.media.refilm import refilm
from serve_app.remote.asking import output_path, render_request
from serve_app.remote.fetching import fetch
from serve_app.step_runs import Report, StepFailed
from serve_app.steps.stores import StepStores
from serve_app.steps.typed import typed
from serve_app.steps.upload import UPLOAD_FROM, upload
from storage.ledger.protocol import Attempt
from storage.objects.protocol import StoreName
from storage.queue.protocol import Result

POLISHING = "POST_PROCESSING|Finishing the film"
STAND_IN = "stub"
"""The backend whose films stand in for generated ones."""

KEYS = ("playlist_key", "video_key", "thumbnail_key")
MEDIA_FIELDS = frozenset((*KEYS, "captions_key", "files", "captions_burned", "duration_s", "backend", "degraded"))
MEDIA_FACTS = frozenset(("width", "height", "fps", "made_with"))
"""What is kept of a media dict made elsewhere."""

FILES_MAX = 4_096


class Progress(Protocol):
    """As much of a step's report as finishing needs: nothing of it is durable before it is done."""

    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None: ...
    def cancelled(self) -> bool: ...


class Finisher:
    """`private`: see `fetching`."""

    def __init__(self, stores: StepStores, *, private: bool) -> None:
        self._stores, self._private = stores, private

    async def finish(
        self, attempt: Attempt, request: dict[str, Any], asked: str, result: Result, told: Progress
    ) -> dict[str, Any]:
        """The media dict of `gpu/steps.py`. Raises `StepFailed` or `StepCancelled`."""
        if result.media is not None:
            return await self._checked(request["prefix"], result.media)
        report = cast(Report, told)
        with tempfile.TemporaryDirectory(prefix="storyforge-remote-") as work:
            film = Path(work) / "film"
            report(0.0, POLISHING)
            path = output_path(request["prefix"])
            await fetch(self._stores.objects, path, result.video, film, private=self._private)

            def run(attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
                made = refilm(
                    film,
                    render_request(request),
                    Path(work) / "media",
                    cancelled=report.cancelled,
                    progress=lambda done: report(UPLOAD_FROM * done, POLISHING),
                )
                return upload(self._stores, made, request["prefix"], report)

            stored = await asyncio.to_thread(typed(run), attempt, request, report)
        backend = result.backend or asked
        degraded = backend != asked or backend == STAND_IN
        return {**stored, "backend": backend, "degraded": degraded, "captions_burned": False}

    async def _checked(self, prefix: str, media: Mapping[str, Any]) -> dict[str, Any]:
        """What a worker of ours made whole: believed as far as its objects are there and are this attempt's."""
        found = {name: value for name, value in media.items() if name in MEDIA_FIELDS | MEDIA_FACTS}
        files = found.get("files")
        if not isinstance(files, dict) or not 0 < len(files) <= FILES_MAX:
            raise StepFailed("REMOTE_BAD_MEDIA", "the remote worker's media names no files", True)
        keys = [each.get("key") if isinstance(each, dict) else None for each in files.values()]
        named = [found.get(name) for name in KEYS]
        named += [key for key in (found.get("captions_key"),) if key is not None]
        folder = StoreName.VIDEOS.key(prefix) + "/"
        if any(not isinstance(key, str) or not key.startswith(folder) for key in (*keys, *named)):
            raise StepFailed("REMOTE_BAD_MEDIA", "the remote worker's media is not where this take belongs", True)
        if not set(named) <= set(keys) or not isinstance(found.get("duration_s"), int | float):
            raise StepFailed("REMOTE_BAD_MEDIA", "the remote worker's media is not whole", True)
        for key in named:
            if await self._stores.objects.head(str(key)) is None:
                raise StepFailed(
                    "REMOTE_FILM_MISSING", "the remote worker reported success, and a file is missing", True
                )
        found["backend"] = str(found.get("backend") or "remote")[:64]
        found["degraded"] = bool(found.get("degraded"))
        return found
