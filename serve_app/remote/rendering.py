"""What our worker on the lists does with a job: whose it is, what renders it, what comes of it.

Invariant: blocking, in a thread of the worker; a job of ours is rendered from its whole request, which lies beside its
output, and ends as finished media; a job of another program is rendered from its words, and ends as one MP4 at the path
that it names. What was stored whole by a worker that died is reported, not rendered again.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gpu.media.encode import MP4
from gpu.media.film import film
from gpu.video.animatic import AnimaticBackend
from gpu.video.protocol import RenderRequest, Shot, VideoBackend, VideoError
from serve_app.config import Settings, SettingsError
from serve_app.remote.asking import MEDIA_NAME, REQUEST_NAME, beside
from serve_app.remote.opening import renders_of
from serve_app.step_runs import Report, StepFailed, StepRun
from serve_app.steps import gpu
from serve_app.steps.stores import StepStores
from serve_app.steps.typed import typed
from serve_app.steps.video import Video
from serve_app.stores import open_objects
from storage.cache.exact import TTL_S, CacheCounts
from storage.codec import CodecError, decode, encode
from storage.ledger.protocol import Attempt, AttemptState
from storage.objects.protocol import ObjectStoreError, StoreName
from storage.queue.protocol import Job, Result

OURS = f"{StoreName.INTERNAL}/remote/"
"""Where the outputs of our own jobs lie."""

WORDS_WIDTH_PX, WORDS_HEIGHT_PX, WORDS_FPS = 1280, 720, 24
"""Of a film that was asked for in words alone: the wire has no sizes."""

PLACE_CHARS_MAX = 200
DRAWING = "VIDEO_GENERATION|Drawing the film"
STORE_FROM = 0.95

ADDRESS_S = 24 * 3600
"""Life of the address that another program gets of its film."""

Address = Callable[[str], str | None]
"""A signed address of a key, where the store has any."""


def no_address(_key: str) -> str | None:
    """A store without addresses: the key is all there is to say."""
    return None


class Renderer:
    """`video`: the step of the embedded or GPU worker. `backends`: by name on the wire; `default` for all others."""

    def __init__(
        self,
        stores: StepStores,
        video: StepRun,
        backends: Mapping[str, str],
        default: VideoBackend,
        *,
        card: str | None = None,
        address: Address = no_address,
    ) -> None:
        self._stores, self._video, self._backends, self._default = stores, video, backends, default
        self._card, self._address = card, address

    def render(self, job: Job, delivery: int, report: Report) -> Result:
        """Raises `StepFailed` or `StepCancelled`."""
        began = time.monotonic()
        if job.output_path.startswith(OURS):
            media = self._ours(job, delivery, report)
            made: dict[str, Any] = {"video": str(media.get("video_key")), "media": media, "backend": media["backend"]}
        else:
            typed(self._words)(_attempt_of(job), {"job": job}, report)
            video = self._address(job.output_path) or job.output_path
            made = {"video": video, "backend": self._default.name}
        latency_s = round(time.monotonic() - began, 3)
        return Result(job.job_id, True, latency_s=latency_s, gpu=self._card, attempt=job.attempt, **made)

    def _ours(self, job: Job, delivery: int, report: Report) -> dict[str, Any]:
        if delivery > 1 and (media := self._read(beside(job.output_path, MEDIA_NAME))) is not None:
            return media  # rendered and stored by a worker that died before it could say so
        request = self._read(beside(job.output_path, REQUEST_NAME))
        if request is None:
            raise StepFailed("REQUEST_GONE", "what was asked for is not in the object store any more", True)
        asked = self._backends.get(job.backend)
        media = self._video(_attempt_of(job), {**request, "backend": asked}, report)
        if asked is None:
            media = {**media, "degraded": True}
        body = encode(media)
        key = beside(job.output_path, MEDIA_NAME)
        self._wait(self._stores.objects.put(key, body, content_type="application/octet-stream"))
        return media

    def _words(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        job: Job = request["job"]
        seed = job.params.get("seed")
        wanted = RenderRequest(
            shots=(Shot(0, max(0.25, min(job.duration_s, 120.0)), job.prompt[:PLACE_CHARS_MAX], False),),
            width=WORDS_WIDTH_PX,
            height=WORDS_HEIGHT_PX,
            fps=WORDS_FPS,
            seed=seed if isinstance(seed, int) and 0 <= seed < 2**63 else 0,
            prompts=(job.prompt,),
        )
        work = Path(tempfile.mkdtemp(prefix="storyforge-film-"))
        try:
            made = film(
                self._default,
                wanted,
                work / "film",
                cancelled=report.cancelled,
                progress=lambda done: report(STORE_FROM * done, DRAWING),
            )
            put = self._stores.objects.put(job.output_path, made.files[MP4], content_type="video/mp4")
            self._stores.wait(put)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return {}

    def _read(self, key: str) -> dict[str, Any] | None:
        try:
            value = decode(self._wait(self._stores.objects.get(key)))
        except StepFailed as error:
            if error.code == "NOT_FOUND":
                return None
            raise
        except CodecError:
            return None
        return value if isinstance(value, dict) else None

    def _wait(self, work: Any) -> Any:
        try:
            return self._stores.wait(work)
        except ObjectStoreError as error:
            raise StepFailed(error.code, error.message, error.retryable) from error


def _attempt_of(job: Job) -> Attempt:
    """What a step may look at of its attempt; the row itself is elsewhere."""
    return Attempt(
        job.job_id, "", job.beat_id, job.episode_id, "video", job.attempt, AttemptState.CLAIMED, b"", 0, 0, 0, None,
        None, None, 0.0, "", False, None, None, 0,
    )  # fmt: skip


class NoCache:
    """A worker elsewhere keeps no takes: whoever asked does."""

    def __init__(self) -> None:
        self.counts = CacheCounts()

    async def get(self, key: bytes) -> bytes | None:
        return None

    async def put(self, key: bytes, value: bytes, *, ttl_s: float = TTL_S) -> None:
        return None

    async def evict(self, key: bytes) -> None:
        return None

    async def sweep(self) -> int:
        return 0

    async def close(self) -> None:
        return None


def renderer_of(settings: Settings) -> Renderer:
    """On the loop that runs the worker. Raises `SettingsError` for a backend that is not here."""
    objects, renders = open_objects(settings), renders_of(settings)
    stores = StepStores(asyncio.get_running_loop(), objects, NoCache())
    known = {each.name for each in settings.video_backends}
    for name, backend in renders.items():
        if backend not in known:
            fix = f"use one of {', '.join(sorted(known))}, or name a model in video_models"
            raise SettingsError("remote_renders", f"there is no backend {backend!r} here for {name}", fix)
    animatic = AnimaticBackend()
    try:
        models = gpu.renderer(stores, settings).backends if settings.models else ()
    except VideoError as error:
        raise SettingsError("video_models", error.message, "install storyforge[gpu] on a machine that fits") from error
    backends = (animatic, *models)
    signed = getattr(objects, "presigned_get", None)
    address = (lambda key: str(signed(key, ADDRESS_S))) if signed is not None else no_address
    default = next((each for each in backends if each.name in renders.values()), animatic)
    return Renderer(stores, typed(Video(stores, *backends)), renders, default, address=address)
