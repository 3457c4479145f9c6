"""What the steps reuse of earlier films: words and frames that would come out exactly as they are.

Invariant: nothing unequal is ever shown as equal. A part is found by the hash of everything that decides it (for a
frame all of the request, the backend and its version; for words all of the request, the writer, its model and the rules
it is held to), in its own project only, and its object must still be there with the content it was kept with. What is
found says whose it was; what is not found is made, and kept.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gpu.enhance import grammar, phrasing
from gpu.video.protocol import Shot, StoryboardRequest, VideoBackend
from storage.codec import CodecError, decode, encode
from storage.components.protocol import Catalogue, Component, Kind, key_of
from storage.ledger.protocol import Attempt
from storage.objects.protocol import ObjectStore, ObjectStoreError, StoreName

logger = logging.getLogger("storyforge.parts")

RULE = 1
"""Of what a key is made of. Another number: nothing kept before is found."""

LEVEL = "L3"
FRAMES = (Kind.PANEL, Kind.BACKGROUND)


@dataclass(frozen=True, slots=True)
class Part:
    """Something asked for: how it is found, and what it is if it is kept."""

    home: str
    kind: Kind
    key: str
    subject: str


@dataclass(frozen=True, slots=True)
class Found:
    """A component, and what people are told of it."""

    component: Component
    reused: dict[str, Any] = field(default_factory=dict)


class Parts:
    """Used on the loop of the stores. Nothing here raises for what the catalogue or the object store does."""

    def __init__(self, objects: ObjectStore, catalogue: Catalogue) -> None:
        self._objects, self.catalogue = objects, catalogue

    async def find(self, part: Part) -> Found | None:
        kinds = FRAMES if part.kind in FRAMES else (part.kind,)
        found = await self.catalogue.get(part.home, kinds, part.key)
        if found is None:
            return None
        try:
            there = await self._objects.head(found.object_key)
        except ObjectStoreError as error:
            logger.warning("a component could not be looked at", extra={"code": error.code})
            return None
        if there is None or there.sha256 != found.sha256:
            logger.warning("a component has lost its object", extra={"kind": part.kind, "key": found.object_key})
            await self.catalogue.forget(part.home, key=part.key)
            return None
        return Found(found, {"level": LEVEL, **found.told})

    async def keep(self, part: Part, object_key: str, sha256: str, size: int, told: Mapping[str, Any]) -> None:
        component = Component(part.home, part.kind, part.key, part.subject, object_key, sha256, size, told)
        await self.catalogue.keep(component)

    async def words(self, part: Part) -> tuple[dict[str, Any], Found] | None:
        """What `keep_words` was given."""
        found = await self.find(part)
        if found is None:
            return None
        try:
            blob = await self._objects.get(found.component.object_key)
            if hashlib.sha256(blob).hexdigest() == found.component.sha256:
                return decode(blob), found
        except (ObjectStoreError, CodecError) as error:
            logger.warning("kept words do not read", extra={"error": type(error).__name__})
        return None

    async def keep_words(self, part: Part, words: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        blob = encode(dict(words))
        digest = hashlib.sha256(blob).hexdigest()
        try:
            key = StoreName.INTERNAL.key("components", part.kind, part.home, f"{part.key}-{digest[:16]}.msgpack")
            await self._objects.put(key, blob, content_type="application/msgpack")
        except ObjectStoreError as error:
            logger.warning("words could not be kept", extra={"code": error.code})
            return
        await self.keep(part, key, digest, len(blob), told)


def frame_part(home: str, backend: VideoBackend, request: StoryboardRequest, candidate: int) -> Part:
    """`request` is of one shot. May load the backend's model: its version is the hash of what is loaded."""
    shot = request.shots[0]
    decided = {
        "rule": RULE,
        "backend": backend.name,
        "made_with": backend.recipe(request),
        "request": request.to_dict(),
        "candidate": candidate,
    }
    empty = not shot.cast and not shot.lines
    return Part(home, Kind.BACKGROUND if empty else Kind.PANEL, key_of(**decided), _where(shot))


def words_part(home: str, request: Mapping[str, Any], writer: str, model: str) -> Part:
    """`request`: of the step, whole, with its seed and brain."""
    rules = [grammar.WRITER_VERSION, phrasing.WRITER_VERSION]
    decided = {"rule": RULE, "request": request, "writer": writer, "model": model, "rules": rules}
    return Part(home, Kind.PROMPT, key_of(**decided), f"{writer}/{model}"[:200])


def made(attempt: Attempt, took_s: float, **more: Any) -> dict[str, Any]:
    """What is told of a component's making."""
    return {"job": attempt.job, "ms": round(took_s * 1000), **more}


def _where(shot: Shot) -> str:
    inside = "interior" if shot.interior else "exterior"
    return "/".join((shot.place[:120], inside, shot.time_of_day, shot.weather))
