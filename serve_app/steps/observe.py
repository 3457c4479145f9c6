"""Step `observe`: what a finished take shows.

The technical observer is a witness of pictures, not of story: an intent that must be *seen* stays open.
"""

from __future__ import annotations

import hashlib
import io
from functools import partial
from typing import Any

from gpu.embed.protocol import EmbedError
from gpu.enhance.protocol import EnhancedScene
from gpu.observe.contact_sheet import Frames, Sheet
from gpu.observe.epistemic import Evidence, Intent, evaluate
from gpu.observe.place import fingerprint
from gpu.observe.technical import Cancelled as StoppedWatching
from gpu.observe.technical import observe, plan_of
from serve_app.step_runs import Report, StepCancelled
from serve_app.steps.patience import patiently
from serve_app.steps.stores import IMMUTABLE, StepStores
from storage.codec import encode
from storage.ledger.protocol import Attempt

GOOD = frozenset({"valid", "uncertain"})
"""Verdicts of films that may be shown for others. Of one that shows something else nobody shall get a second copy."""


class Observe:
    def __init__(self, stores: StepStores) -> None:
        self._stores = stores

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        report(0.1, "OBSERVATION|Watching the take")
        scene = EnhancedScene.from_dict(request["enhanced"])
        wait = self._stores.wait
        small = partial(self._small, request["video_key"])
        frames = Frames(scene.shots)
        film_bytes = io.BytesIO(patiently(self._stores, small, report, 0.1, "OBSERVATION"))
        try:
            seen = observe(film_bytes, plan_of(scene.shots, scene.look), report.cancelled, frames.take)
        except StoppedWatching as error:
            raise StepCancelled from error
        made = Evidence("the take has frames", seen.verdict not in ("blocks", "impossible"))
        state = evaluate([made], Intent(required_claims=(made.claim,)), seen.verdict)
        sheet = self._sheet(request["video_key"], frames.sheet(), report)
        verdict = {"quality_score": seen.quality_score, "epistemic_state": state.value, **sheet}
        wait(self._stores.cache.put(observation_key(request["video_key"]), encode(verdict)))
        if seen.verdict in GOOD and request.get("remember"):
            self._remember(request["remember"], verdict)
        place = self._place(frames)
        told = {**seen.to_dict(), "epistemic_state": state.value, **sheet}
        return {**told, "place": place} if place is not None else told

    def _place(self, frames: Frames) -> dict[str, Any] | None:
        """None where no frame was kept: a look at a place decides nothing of the film."""
        from gpu.embed.image_descriptor import ImageDescriptor

        try:
            return fingerprint(frames.pictures, ImageDescriptor()) if frames.pictures else None
        except EmbedError:
            return None

    def _sheet(self, video_key: str, sheet: Sheet | None, report: Report) -> dict[str, Any]:
        """Beside its film and named by its content: it goes with the film, and is stored once."""
        if sheet is None:
            return {}
        key = f"{video_key.rpartition('/')[0]}/sheet-{sheet.sha256[:32]}.jpg"
        put = partial(self._stores.objects.put, key, sheet.jpeg, content_type="image/jpeg", cache_control=IMMUTABLE)
        patiently(self._stores, put, report, 0.9, "OBSERVATION")
        told = {"key": key, "sha256": sheet.sha256, "bytes": len(sheet.jpeg)}
        return {"sheet": {**told, "light": sheet.words, "colours": list(sheet.colours)}}

    def _remember(self, told: dict[str, Any], verdict: dict[str, Any]) -> None:
        """A film that shows what was asked for may stand for others from now on: for who asks for its frames, and where
        people chose them also for who has not chosen any."""
        films = self._stores.films
        film = {name: value for name, value in told.items() if name != "open"}
        film["media"] = {**told["media"], **verdict}
        kept = [film, {**film, "ask": told["open"], "chosen": True}] if told.get("open") else [film]
        for each in kept:
            question = None if films is None else films.question(each["ask"])
            if films is not None and question is not None:
                self._stores.wait(films.remember(question, each))

    async def _small(self, video_key: str) -> bytes:
        """The same frames at a quarter of the pixels, where HLS has them: decoding is most of what watching costs."""
        objects = self._stores.objects
        folder = video_key.rpartition("/")[0]
        parts = [p.key for p in await objects.list(f"{folder}/360p_") if p.key.endswith(".ts")]
        if not parts:
            return await objects.get(video_key)
        return b"".join([await objects.get(key) for key in parts])


def observation_key(video_key: str) -> bytes:
    """What was seen of a film is kept beside the recipe's entry, so that a hit says it again."""
    return hashlib.sha256(f"observed\n{video_key}".encode()).digest()
