"""Steps and an object store that is away for a while (G-313)."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from gpu.video.animatic import AnimaticBackend
from serve_app.steps import patience
from serve_app.steps.keeping import kept_film
from serve_app.steps.patience import AWAY, patiently
from serve_app.steps.stores import StepStores
from serve_app.steps.typed import typed
from serve_app.steps.video import Video
from serve_app.worker import StepCancelled
from storage.cache.sqlite import SqliteExactCache
from storage.objects.local import LocalObjects
from storage.objects.protocol import ObjectInfo, ObjectStoreError
from tests.unit.serve_app.test_picked import ATTEMPT, request

pytestmark = pytest.mark.unit


class Away(LocalObjects):
    """Does not answer the first `for_puts` puts."""

    def __init__(self, folder: Path, for_puts: int, code: str = "IO", retryable: bool = True) -> None:
        super().__init__(folder)
        self.left, self.code, self.retryable = for_puts, code, retryable

    async def put(self, key: str, data: bytes | Path, **how: Any) -> ObjectInfo:
        if self.left:
            self.left -= 1
            raise ObjectStoreError(self.code, "no", self.retryable)
        return await super().put(key, data, **how)


class Told:
    def __init__(self) -> None:
        self.messages: list[tuple[float, str]] = []
        self.stop = threading.Event()

    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None:
        self.messages.append((progress, message))

    def cancelled(self) -> bool:
        return self.stop.is_set()

    def durable(self, partial: dict[str, Any]) -> None:
        raise AssertionError("nothing of this is kept")

    async def stored(self, partial: dict[str, Any]) -> None:
        raise AssertionError("nothing of this is kept")

    async def unwanted(self) -> bool:
        return self.stop.is_set()


def stores(tmp_path: Path, objects: LocalObjects) -> StepStores:
    return StepStores(asyncio.get_running_loop(), objects, SqliteExactCache(tmp_path / "cache.db"))


class Counted(AnimaticBackend):
    rendered = 0

    def frames(self, *given: Any, **how: Any) -> Any:
        self.rendered += 1
        return super().frames(*given, **how)


async def test_g313_a_film_waits_for_its_store_and_is_rendered_once(tmp_path: Path) -> None:
    """G-313: the store does not answer twice: the film in hand is stored then, whoever watches was told in words."""
    objects, told, backend = Away(tmp_path / "objects", for_puts=2), Told(), Counted()
    step = typed(Video(stores(tmp_path, objects), backend))
    media = await asyncio.to_thread(step, ATTEMPT, request(), told)
    assert await objects.head(media["video_key"]) is not None
    assert backend.rendered == 1
    waits = [(progress, message) for progress, message in told.messages if AWAY in message]
    assert waits == [(0.9, f"UPLOAD|{AWAY}")] * 2


async def test_g313_a_cancel_is_heard_while_a_step_waits(tmp_path: Path) -> None:
    """G-313"""
    objects, told = Away(tmp_path / "objects", for_puts=1_000), Told()
    told.stop.set()

    def run() -> None:
        patiently(stores_, lambda: objects.put("videos/a", b"x", content_type="x/y"), told, 0.5, "UPLOAD")

    stores_ = stores(tmp_path, objects)
    with pytest.raises(StepCancelled):
        await asyncio.to_thread(run)
    assert told.messages == [(0.5, f"UPLOAD|{AWAY}")]


@pytest.mark.parametrize(("code", "retryable"), [("ACCESS_DENIED", False), ("DISK_FULL", True), ("IO", False)])
async def test_g313_what_waiting_does_not_mend_is_told_at_once(tmp_path: Path, code: str, retryable: bool) -> None:
    """G-313"""
    objects, told = Away(tmp_path / "objects", 1, code, retryable), Told()
    stores_ = stores(tmp_path, objects)
    with pytest.raises(ObjectStoreError, match=code):
        await asyncio.to_thread(
            patiently, stores_, lambda: objects.put("videos/a", b"x", content_type="x/y"), told, 0.5, "UPLOAD"
        )
    assert told.messages == []


async def test_g313_a_store_that_stays_away_fails_the_step_retryably(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G-313: past the limit."""
    monkeypatch.setattr(patience, "AGAIN_S_MIN", 0.01)
    objects, told = Away(tmp_path / "objects", for_puts=1_000), Told()
    stores_ = stores(tmp_path, objects)

    def run() -> None:
        ask = lambda: objects.put("videos/a", b"x", content_type="x/y")  # noqa: E731
        patiently(stores_, ask, told, 0.5, "UPLOAD", away_s_max=0.1)

    with pytest.raises(ObjectStoreError) as failed:
        await asyncio.to_thread(run)
    assert failed.value.retryable


async def test_g313_a_kept_film_that_cannot_be_looked_at_is_none(tmp_path: Path) -> None:
    """G-313: the cache fails no job: it is rendered, and its store is waited for then."""
    objects = LocalObjects(tmp_path / "objects")
    cache = SqliteExactCache(tmp_path / "cache.db")
    media = await asyncio.to_thread(
        Video(StepStores(asyncio.get_running_loop(), objects, cache), AnimaticBackend()), ATTEMPT, request(), Told()
    )
    assert (await kept_film(cache, objects, "ab" * 32) or {})["video_key"] == media["video_key"]

    class Gone(LocalObjects):
        async def head(self, key: str) -> ObjectInfo | None:
            raise ObjectStoreError("IO", "no", True)

    assert await kept_film(cache, Gone(tmp_path / "objects"), "ab" * 32) is None
    await cache.close()
