"""Step `video` by a vendor's `/v1/videos`: its clips, finished and stored as any other film.

Runs on the worker's loop: waiting holds no thread, so many jobs may wait; films are finished one at a time in a thread.
Invariant: nothing is finished before every clip is here, and a take says which tasks made it and what they cost. What
makes a submission happen once is in `vendor_tasks.py`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu.enhance.protocol import EnhancedScene
from gpu.media.captions import cues_of
from gpu.media.encode import encode as finish
from gpu.media.errors import MediaError
from gpu.video.protocol import Cancelled, RenderRequest, VideoError
from gpu.video.videos_api import VideosApi
from gpu.video.videos_api_clips import Clip, cuts_of, fitted, frames_of, plan, seconds_of, size_for, start_keys
from gpu.video.videos_api_wire import UNAVAILABLE, Endpoint, VendorFault
from serve_app.step_runs import Report, StepCancelled, StepFailed
from serve_app.steps.keeping import keep_film, kept_film
from serve_app.steps.lending import start_key
from serve_app.steps.stores import StepStores
from serve_app.steps.upload import UPLOAD_FROM, upload
from serve_app.steps.vendor_tasks import Asked, VendorTasks
from storage.ledger.protocol import Attempt
from storage.objects.protocol import ObjectStoreError

WAITING = "VIDEO_GENERATION|Waiting for {name}"
FETCHING = "POST_PROCESSING|Finishing the film"
SHARE_WAITING, SHARE_FINISHING = 0.75, UPLOAD_FROM
"""Where in the step's progress the vendor's part ends, and ours."""

FINISHERS = 1
"""Films finished at once in one process: encoding takes every core there is."""


class VendorVideo:
    """A `WaitingStep` over all endpoints this process has keys for, by name."""

    def __init__(self, stores: StepStores, endpoints: Mapping[str, VideosApi]) -> None:
        self._stores, self._endpoints = stores, endpoints
        self._slots = {name: asyncio.Semaphore(api.endpoint.in_flight) for name, api in endpoints.items()}
        self._finishing = asyncio.Semaphore(FINISHERS)

    async def wait(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        api = self._endpoints.get(str(request["backend"]))
        if api is None:
            raise StepFailed(UNAVAILABLE, f"there is no endpoint {request['backend']!r} here", True)
        try:
            return await self._make(api, attempt, request, report)
        except Cancelled as error:
            raise StepCancelled from error
        except VendorFault as fault:
            raise StepFailed(fault.code, fault.message, fault.retryable, fault.retry_after_s) from fault
        except (VideoError, MediaError, ObjectStoreError) as error:
            raise StepFailed(error.code.upper(), error.message, error.retryable) from error

    async def _make(self, api: VideosApi, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        stores = self._stores
        kept = await kept_film(stores.cache, stores.objects, request["recipe_hash"], attempt.job)
        if kept is not None:
            return kept
        endpoint, scene = api.endpoint, EnhancedScene.from_dict(request["enhanced"])
        render = RenderRequest(
            shots=scene.shots,
            look=scene.look,
            seed=int(request["seed"]),
            width=request["width"],
            height=request["height"],
            fps=request["fps"],
        )
        clips = plan(endpoint, render, scene.prompt, scene.shot_prompts)
        size = size_for(endpoint, render.width, render.height)
        asked = Asked(scene.negative, render.seed, size, await self._pictures(endpoint, clips, request, size))

        def told(done: float) -> None:
            report(SHARE_WAITING * done, WAITING.format(name=endpoint.name))

        told(0.0)
        tasks = VendorTasks(api, self._slots[endpoint.name], attempt, asked, report, told)
        with tempfile.TemporaryDirectory(prefix="storyforge-clips-") as work:
            paths = await tasks.fetched(clips, Path(work))
            media = await self._finish(render, list(zip(clips, paths, strict=True)), report, request["prefix"])
        seconds = seconds_of(clips)
        media |= {
            "backend": endpoint.name,
            "degraded": False,
            "captions_burned": False,
            "cost": {"amount": round(seconds * endpoint.usd_per_s, 6), "unit": "usd", "seconds": seconds},
            "vendor": {"model": endpoint.model, "tasks": tasks.ids},
            "made_with": {"model": endpoint.model},
        }
        await keep_film(self._stores.cache, request["recipe_hash"], media, attempt)
        return media

    async def _pictures(
        self, endpoint: Endpoint, clips: Sequence[Clip], request: Mapping[str, Any], size: tuple[int, int]
    ) -> dict[int, bytes]:
        """What each clip starts from, where the endpoint takes pictures."""
        if not endpoint.image_to_video:
            return {}
        keys = start_keys(clips, request.get("frames") or (), await start_key(self._stores.objects, request))
        return {n: await asyncio.to_thread(fitted, await self._stores.objects.get(k), size) for n, k in keys.items()}

    async def _finish(
        self, request: RenderRequest, clips: list[tuple[Clip, Path]], report: Report, prefix: str
    ) -> dict[str, Any]:
        def told(done: float) -> None:
            report(SHARE_WAITING + (SHARE_FINISHING - SHARE_WAITING) * done, FETCHING)

        def make() -> dict[str, Any]:
            made = finish(
                frames_of(clips, request, report.cancelled, told),
                clips[0][1].parent / "film",
                fps=request.fps,
                cues=cues_of(request),
                cuts=cuts_of(request),
                captions_default=True,
                cancelled=report.cancelled,
            )
            return upload(self._stores, made, prefix, report)

        async with self._finishing:
            told(0.0)
            return await asyncio.to_thread(make)
