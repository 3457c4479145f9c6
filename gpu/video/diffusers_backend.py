"""The diffusers backend: a scene's shots as clips of a generative model, on one card, one clip at a time.

Owns the order of work within a job. Invariants: a cancel is seen after the denoise step that runs, and nothing is
decoded after it; the same request on the same model version gives the same frames on the same kind of device; at most
one shot's clips are in memory. Frames leave at the film's own rate and size (`gpu/video/clips.py`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu.video.animatic import AnimaticBackend
from gpu.video.animatic.scene import key_shot
from gpu.video.buckets import Bucket, bucket, clips_for
from gpu.video.capabilities import Capabilities
from gpu.video.clips import Frames, fitted, jpeg, picture, shot_frames
from gpu.video.diffusers_card import Card, Loaded
from gpu.video.diffusers_families import Order, call
from gpu.video.models import DiffusersModel
from gpu.video.protocol import (
    CANDIDATES_MAX,
    Cancelled,
    RenderRequest,
    Shot,
    StoryboardRequest,
    VideoError,
    unwatched,
)

WARM_STEPS = 1


@dataclass(slots=True)
class _Watch:
    """One job's ears: what is asked and told while its clips run."""

    cancelled: Callable[[], bool]
    progress: Callable[[int, int], None]
    preview: Callable[[bytes], None]
    of: int
    done: int = 0

    def stop_if_asked(self) -> None:
        if self.cancelled():
            raise Cancelled()

    def step(self) -> None:
        self.done += 1
        self.progress(self.done, self.of)


class DiffusersBackend:
    """`VideoBackend` on a card that it may share with other models. `drawn` gives first frames to models that need one
    for the shots nobody picked a picture of."""

    degraded = False

    def __init__(self, model: DiffusersModel, card: Card, drawn: AnimaticBackend | None = None) -> None:
        self.name, self._model, self._card = model.name, model, card
        self._drawn = drawn or AnimaticBackend()
        self._capabilities = model.capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def recipe(self, request: StoryboardRequest) -> dict[str, Any]:
        """Loads the model where it is not: its version is the hash of what is loaded."""
        plans = [self._plan(request, shot) for shot in request.shots]
        return {
            **self._card.load(self._model, plans[0][0]).recipe,
            "buckets": [[str(each) for each in plan] for plan in plans],
            "starts_from": "picture" if self._model.starts_from_picture else "words",
        }

    def load(self) -> None:
        self._card.load(self._model, self._own_bucket())

    def warm(self) -> None:
        """One denoise step of the smallest clip: kernels are chosen and compiled before anybody waits for them."""
        quick = replace(self._model, steps=WARM_STEPS)
        order = self._order("warming up", "", 0, self._own_bucket(), self._blank())
        with self._card.lent(self._model, order.bucket, lambda: False) as loaded:
            call(quick, _pipe(loaded, order), order, lambda _pipe, _n, _t, kwargs: kwargs)

    def unload(self) -> None:
        self._card.unload(self.name)

    def panel(
        self, request: StoryboardRequest, candidate: int, *, cancelled: Callable[[], bool] = lambda: False
    ) -> bytes:
        """A clip of one frame of the scene's key shot, with a seed of its own."""
        if isinstance(candidate, bool) or not isinstance(candidate, int) or not 0 <= candidate < CANDIDATES_MAX:
            raise VideoError("bad_request", f"candidate must be from 0 to {CANDIDATES_MAX - 1}", False)
        if self._model.needs_picture:
            raise VideoError("bad_request", f"{self.name} starts from a picture: it cannot make one from words", False)
        at = key_shot(request)
        own = bucket(self._model.shapes, request.width, request.height, 0.0)
        order = Order(
            _prompt(request, at),
            request.negative,
            None,
            replace(own, frames=1),
            _seed(request.seed, at, f"panel {candidate}"),
        )
        watch = _Watch(cancelled, lambda step, of: None, unwatched, self._model.denoise_steps)
        return jpeg(fitted(self._clip(order, watch)[0], request.width, request.height))

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
        """See `VideoBackend.frames`. `progress` counts denoise steps, and one for each clip's decoding."""
        plans = [self._plan(request, shot) for shot in request.shots]
        each = self._model.denoise_steps + 1
        watch = _Watch(cancelled, progress, preview, each * sum(map(len, plans)))
        spent_s = 0.0
        for at, (shot, plan) in enumerate(zip(request.shots, plans, strict=True)):
            watch.stop_if_asked()
            began = time.monotonic()
            start = self._start(request, at, start_panel or 0, start_frames.get(at))
            clips: list[Frames] = []
            for n, own in enumerate(plan):
                picture = clips[-1][-1] if clips else start
                clips.append(self._clip(self._order_for(request, at, n, own, picture), watch))
                watch.step()
            spent_s += time.monotonic() - began
            for frame in shot_frames(request, shot, clips, self._model.shapes.fps):
                watch.stop_if_asked()
                yield frame
        seconds = sum(shot.duration_s for shot in request.shots)
        self._capabilities = self._capabilities.measured(round(spent_s / seconds, 4))

    # one clip
    def _clip(self, order: Order, watch: _Watch) -> Frames:
        every = self._model.preview_every

        def step_end(pipe: Any, n: int, _t: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
            watch.step()
            if loaded.previews is not None and every and (n + 1) % every == 0:
                shown = loaded.previews.show(kwargs["latents"], order.bucket)
                if shown is not None:
                    watch.preview(shown)
            # Raised and not flagged: one family's pipelines have no flag, the others' decode all the same. Asked last,
            # so that a cancel during the last step finds the decoder not yet called.
            watch.stop_if_asked()
            return kwargs

        with self._card.lent(self._model, order.bucket, watch.cancelled) as loaded:
            watch.stop_if_asked()
            return call(self._model, _pipe(loaded, order), order, step_end)

    def _order_for(self, request: RenderRequest, at: int, n: int, own: Bucket, start: Frames | None) -> Order:
        shot = request.shots[at]
        seed = _seed(request.seed if shot.seed is None else shot.seed, shot.index, f"clip {n}")
        return self._order(_prompt(request, at), request.negative, seed, own, start)

    def _order(self, prompt: str, negative: str, seed: int, own: Bucket, start: Frames | None) -> Order:
        image = None if start is None else fitted(start, own.width, own.height)
        return Order(prompt, negative, image, own, seed)

    def _plan(self, request: StoryboardRequest, shot: Shot) -> list[Bucket]:
        shapes = self._model.shapes
        chained = clips_for(shapes, shot.duration_s, self._model.starts_from_picture)
        return [bucket(shapes, request.width, request.height, seconds) for seconds in chained]

    def _own_bucket(self) -> Bucket:
        shapes = self._model.shapes
        return bucket(shapes, shapes.width, shapes.height, 0.0)

    # first frames
    def _start(self, request: RenderRequest, at: int, candidate: int, picked: bytes | None) -> Frames | None:
        """The picture picked for the shot; without one the drawn one, for a model that cannot do with words."""
        if not self._model.starts_from_picture:
            return None
        if picked is not None:
            found = picture(picked)
            if found is None:
                raise VideoError("bad_request", "a picked frame is neither JPEG nor PNG", False)
            return found
        if not self._model.needs_picture:
            return None
        shot = replace(request.shots[at], lines=())
        seed = request.seed if shot.seed is None else shot.seed
        alone = StoryboardRequest((shot,), request.look, seed, request.width, request.height)
        return picture(self._drawn.panel(alone, candidate if shot.candidate is None else shot.candidate))

    def _blank(self) -> Frames | None:
        own = self._own_bucket()
        return np.full((own.height, own.width, 3), 128, np.uint8) if self._model.needs_picture else None


def _pipe(loaded: Loaded, order: Order) -> Any:
    return loaded.text if order.image is None else loaded.picture


def _seed(seed: int, shot: int, what: str) -> int:
    """63 bits of its own for every clip, so that a shot stays the same when others change."""
    digest = hashlib.sha256(f"{seed}\n{shot}\n{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _prompt(request: StoryboardRequest, at: int) -> str:
    """What the prompt writer made; without one, the slots as words."""
    if request.prompts:
        return request.prompts[at]
    shot = request.shots[at]
    people = "; ".join(f"{figure.name} {figure.action}".strip() for figure in shot.cast)
    told = (
        people,
        ", ".join(shot.props),
        shot.place,
        shot.time_of_day,
        "" if shot.weather == "clear" else shot.weather,
    )
    return ". ".join(part for part in told if part)
