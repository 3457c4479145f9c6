"""The five steps of the embedded profile as blocking functions: gpu and storage wired together, no Ray.

Invariant: a step writes objects only below its attempt's prefix and before it answers, so that what an attempt row
names exists; a second run of the same attempt writes the same keys. Requests and answers: `gpu/steps.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhancedScene, EnhanceError, EnhanceRequest
from gpu.media.encode import MASTER, MP4, POSTER, VTT, MediaSet
from gpu.media.errors import MediaError
from gpu.media.film import film
from gpu.observe.epistemic import Evidence, Intent, evaluate
from gpu.observe.technical import Cancelled as StoppedWatching
from gpu.observe.technical import observe, plan_of
from gpu.steps import Step
from gpu.video.animatic import AnimaticBackend, can_burn
from gpu.video.protocol import Cancelled, RenderRequest, StoryboardRequest, VideoBackend, VideoError
from serve_app.worker import Lane, Report, StepCancelled, StepFailed, StepRun
from storage.cache.exact import ExactCache
from storage.codec import decode, encode
from storage.ledger.protocol import Attempt
from storage.objects.protocol import ObjectStore, ObjectStoreError, StoreName

LANES = (
    Lane("quick", (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.OBSERVE)),
    Lane("video", (Step.VIDEO,)),
)
"""Video renders in a lane of its own: a first panel never waits behind somebody's film."""

IMMUTABLE = "max-age=604800, immutable"

_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
}

T = TypeVar("T")


class EmbeddedSteps:
    """Runs in worker threads; `loop` is the loop the stores belong to."""

    def __init__(self, loop: asyncio.AbstractEventLoop, objects: ObjectStore, cache: ExactCache) -> None:
        self._loop, self._objects, self._cache = loop, objects, cache
        self._writer = GrammarWriter()
        self._backend: VideoBackend = AnimaticBackend()

    def runs(self) -> Mapping[str, StepRun]:
        return {
            Step.ENHANCE: _typed(self.enhance),
            Step.CACHE: _typed(self.cache),
            Step.STORYBOARD: _typed(self.storyboard),
            Step.VIDEO: _typed(self.video),
            Step.OBSERVE: _typed(self.observe),
        }

    def enhance(self, _attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        report(0.1, "SCRIPT_EXPANSION|Reading the scene for shots")
        written = self._writer.write(EnhanceRequest.from_dict(request["enhance"]))
        return {"enhanced": written.to_dict()}

    def cache(self, _attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        report(0.1, "CACHE_LOOKUP|Looking for the same take")
        found = self._await(self._cache.get(bytes.fromhex(request["recipe_hash"])))
        media = None if found is None else decode(found)
        if media is None or self._await(self._objects.head(media["playlist_key"])) is None:
            return {"verdict": "miss", "take": None}
        seen = self._await(self._cache.get(_observation_key(media["video_key"])))
        return {"verdict": "hit", "take": media if seen is None else {**media, **decode(seen)}}

    def storyboard(self, _attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
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
            self._await(self._objects.put(key, picture, content_type="image/jpeg", cache_control=IMMUTABLE))
            digest = hashlib.sha256(picture).hexdigest()
            panels.append({"candidate": candidate, "key": key, "sha256": digest, "bytes": len(picture)})
            report((candidate + 1) / count, f"STORYBOARD|Frame {candidate + 1} of {count}", {"panels": list(panels)})
        return {"panels": panels}

    def video(self, _attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
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
        )
        burned = all(can_burn(line.text) for shot in scene.shots for line in shot.lines)
        with tempfile.TemporaryDirectory(prefix="storyforge-film-") as work:
            report(0.0, "VIDEO_GENERATION|Drawing the film")
            made = film(
                self._backend,
                render,
                Path(work) / "film",
                cancelled=report.cancelled,
                progress=lambda done: report(0.9 * done, "VIDEO_GENERATION|Drawing the film"),
                start_panel=request["candidate"],
                captions_default=not burned,
            )
            media = {**self._upload(made, request, report), "captions_burned": burned}
        self._await(self._cache.put(bytes.fromhex(request["recipe_hash"]), encode(media)))
        return media

    def _upload(self, made: MediaSet, request: dict[str, Any], report: Report) -> dict[str, Any]:
        files: dict[str, dict[str, Any]] = {}
        for number, (name, path) in enumerate(made.files.items()):
            if report.cancelled():
                raise StepCancelled
            report(0.9 + 0.1 * number / len(made.files), "UPLOAD|Storing the take")
            key = StoreName.VIDEOS.key(request["prefix"], name)
            content_type = _TYPES.get(path.suffix, "application/octet-stream")
            self._await(self._objects.put(key, path, content_type=content_type, cache_control=IMMUTABLE))
            files[name] = {"key": key, "bytes": made.sizes[name], "sha256": made.sha256[name]}
        return {
            "playlist_key": files[MASTER]["key"],
            "video_key": files[MP4]["key"],
            "thumbnail_key": files[POSTER]["key"],
            "captions_key": files[VTT]["key"] if VTT in files else None,
            "files": files,
            "duration_s": made.duration_s,
            "backend": self._backend.name,
            "degraded": self._backend.degraded,
            "width": made.width,
            "height": made.height,
            "fps": made.fps,
        }

    def observe(self, _attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        """The technical observer is a witness of pictures, not of story: an intent that must be *seen* stays open."""
        report(0.1, "OBSERVATION|Watching the take")
        scene = EnhancedScene.from_dict(request["enhanced"])
        film_bytes = io.BytesIO(self._await(self._small(request["video_key"])))
        try:
            seen = observe(film_bytes, plan_of(scene.shots, scene.look), report.cancelled)
        except StoppedWatching as error:
            raise StepCancelled from error
        made = Evidence("the take has frames", seen.verdict not in ("blocks", "impossible"))
        state = evaluate([made], Intent(required_claims=(made.claim,)), seen.verdict)
        verdict = {"quality_score": seen.quality_score, "epistemic_state": state.value}
        self._await(self._cache.put(_observation_key(request["video_key"]), encode(verdict)))
        return {**seen.to_dict(), "epistemic_state": state.value}

    async def _small(self, video_key: str) -> bytes:
        """The same frames at a quarter of the pixels, where HLS has them: decoding is most of what watching costs."""
        folder = video_key.rpartition("/")[0]
        parts = [p.key for p in await self._objects.list(f"{folder}/360p_") if p.key.endswith(".ts")]
        if not parts:
            return await self._objects.get(video_key)
        return b"".join([await self._objects.get(key) for key in parts])

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def embedded_runs(objects: ObjectStore, cache: ExactCache) -> Mapping[str, StepRun]:
    """Call on the loop that owns the stores."""
    return EmbeddedSteps(asyncio.get_running_loop(), objects, cache).runs()


def _observation_key(video_key: str) -> bytes:
    """What was seen of a film is kept beside the recipe's entry, so that a hit says it again."""
    return hashlib.sha256(f"observed\n{video_key}".encode()).digest()


def _typed(run: Callable[[Attempt, dict[str, Any], Report], dict[str, Any]]) -> StepRun:
    """The rooms' own errors as outcomes of a step."""

    def step(attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        try:
            return run(attempt, request, report)
        except Cancelled as error:
            raise StepCancelled from error
        except (EnhanceError, VideoError, MediaError, ObjectStoreError) as error:
            raise StepFailed(error.code.upper(), error.message, error.retryable) from error

    return step
