"""The picked frames of a board on their way into a film."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpu.enhance.protocol import EnhancedScene
from gpu.video.animatic import AnimaticBackend
from gpu.video.capabilities import Capabilities
from gpu.video.protocol import Look, RenderRequest, Shot
from serve_app.steps.cache import AskCache
from serve_app.steps.observe import Observe
from serve_app.steps.stores import StepStores
from serve_app.steps.video import Video
from storage.cache.sqlite import SqliteExactCache
from storage.ledger.protocol import Attempt, AttemptState
from storage.objects.local import LocalObjects

pytestmark = pytest.mark.unit

FRAMES = [
    {"shot": 0, "candidate": 1, "key": None, "sha256": None},
    {"shot": 1, "candidate": 2, "key": "assets/panels/b.jpg", "sha256": "b"},
]


ATTEMPT = Attempt(
    "att_1", "prj_1", "scn_1", "job_1", "video", 1, AttemptState.CLAIMED, b"", 1, 0, 0, None, "w", None, 0.0, "",
    False, None, None, 1,
)  # fmt: skip


class FromPictures(AnimaticBackend):
    """Draws as ever, and keeps what pictures it was given."""

    def __init__(self, references_max: int = 0) -> None:
        super().__init__()
        self.given: Mapping[int, bytes] | None = None
        self.followed: Sequence[bytes] = ()
        self._most = references_max

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, image_to_video=True, references_max=self._most)

    def frames(self, request: RenderRequest, **how: Any) -> Iterator[Any]:  # type: ignore[override]
        self.given, self.followed = how["start_frames"], how["references"]
        return super().frames(request, **how)


class Quiet:
    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None: ...
    def cancelled(self) -> bool:
        return False

    def durable(self, partial: dict[str, Any]) -> None: ...


def request(**more: Any) -> dict[str, Any]:
    shots = tuple(Shot(n, 0.5, "KITCHEN", True) for n in range(2))
    scene = EnhancedScene(shots, ("a", "b"), "a kitchen", "", Look(), "thriller", 1, "grammar", 1, 7)
    base = {"enhanced": scene.to_dict(), "seed": 7, "candidate": 1, "panel_key": None, "width": 160, "height": 96}
    base |= {"fps": 4, "prefix": "prj_1/job_1/att_1", "backend": None, "recipe_hash": "ab" * 32, "frames": FRAMES}
    return {**base, **more}


@pytest.mark.parametrize("more", [{}, {"frames": []}])
async def test_g191_a_backend_that_starts_from_pictures_gets_each_shot_s_own(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    """G-191: by shot, and none for a shot whose frame was never drawn; an older owner names none."""
    objects = LocalObjects(tmp_path / "objects")
    await objects.put("assets/panels/b.jpg", b"picture of b", content_type="image/jpeg")
    stores = StepStores(asyncio.get_running_loop(), objects, SqliteExactCache(tmp_path / "cache.db"))
    backend = FromPictures()
    await asyncio.to_thread(Video(stores, backend), ATTEMPT, request(**more), Quiet())
    assert backend.given == ({} if more else {1: b"picture of b"})


@pytest.mark.parametrize("there", [True, False])
async def test_k76_a_lent_frame_is_a_help_and_no_need(tmp_path: Path, there: bool) -> None:
    """K-76: the key shot starts from the frame a like film lent; where that is gone it starts from its own."""
    objects = LocalObjects(tmp_path / "objects")
    await objects.put("assets/panels/own.jpg", b"own", content_type="image/jpeg")
    if there:
        await objects.put("assets/panels/far.jpg", b"lent", content_type="image/jpeg")
    stores = StepStores(asyncio.get_running_loop(), objects, SqliteExactCache(tmp_path / "cache.db"))
    backend, keys = FromPictures(), {"panel_key": "assets/panels/own.jpg", "lent_key": "assets/panels/far.jpg"}
    await asyncio.to_thread(Video(stores, backend), ATTEMPT, request(frames=[], **keys), Quiet())
    assert backend.given == {0: b"lent" if there else b"own"}


SHEET = b"a contact sheet"
SHEET_SHA256 = hashlib.sha256(SHEET).hexdigest()


@pytest.mark.parametrize(
    ("most", "named", "followed"),
    [
        (1, [("videos/a/sheet.jpg", SHEET_SHA256)], [SHEET]),
        (0, [("videos/a/sheet.jpg", SHEET_SHA256)], []),
        (2, [("videos/a/gone.jpg", SHEET_SHA256)], []),
        (1, [("videos/a/sheet.jpg", "f" * 64)], []),
        (1, [("videos/a/sheet.jpg", SHEET_SHA256)] * 3, [SHEET]),
    ],
)
async def test_g339_a_picture_to_follow_goes_to_who_takes_one(
    tmp_path: Path, most: int, named: list[tuple[str, str]], followed: list[bytes]
) -> None:
    """G-339: as many as the backend takes, and only the very picture that was asked for; else the words do."""
    objects = LocalObjects(tmp_path / "objects")
    await objects.put("videos/a/sheet.jpg", SHEET, content_type="image/jpeg")
    stores = StepStores(asyncio.get_running_loop(), objects, SqliteExactCache(tmp_path / "cache.db"))
    backend, pictures = FromPictures(most), [{"key": key, "sha256": digest} for key, digest in named]
    await asyncio.to_thread(Video(stores, backend), ATTEMPT, request(frames=[], references=pictures), Quiet())
    assert list(backend.followed) == followed


async def test_g336_a_watched_film_has_its_sheet_beside_it_and_a_hit_tells_the_same(tmp_path: Path) -> None:
    """G-336: stored once under its content; watched again it is the same; the exact cache says it with the film."""
    objects = LocalObjects(tmp_path / "objects")
    cache = SqliteExactCache(tmp_path / "cache.db")
    stores = StepStores(asyncio.get_running_loop(), objects, cache)
    asked = request()
    film = await asyncio.to_thread(Video(stores, AnimaticBackend()), ATTEMPT, asked, Quiet())
    watch = {"video_key": film["video_key"], "enhanced": asked["enhanced"], "degraded": True}
    seen = [await asyncio.to_thread(Observe(stores), ATTEMPT, watch, Quiet()) for _ in range(2)]
    sheet = seen[0]["sheet"]
    assert seen[1]["sheet"] == sheet
    folder = film["video_key"].rpartition("/")[0]
    assert [each.key for each in await objects.list(f"{folder}/sheet-")] == [sheet["key"]]
    picture = await objects.get(sheet["key"])
    assert (hashlib.sha256(picture).hexdigest(), len(picture)) == (sheet["sha256"], sheet["bytes"])
    assert sheet["light"]
    assert 1 <= len(sheet["colours"]) <= 4
    again = await asyncio.to_thread(AskCache(stores), ATTEMPT, {"recipe_hash": asked["recipe_hash"]}, Quiet())
    assert again["take"]["sheet"] == sheet


async def test_g177_the_same_recipe_is_the_same_bytes(tmp_path: Path) -> None:
    """G-177: rendered twice by the animatic, into other stores and under other keys: every file has the same hash."""
    made = []
    for name in ("one", "two"):
        objects = LocalObjects(tmp_path / name / "objects")
        stores = StepStores(asyncio.get_running_loop(), objects, SqliteExactCache(tmp_path / f"{name}.db"))
        asked = request(prefix=f"prj_1/job_{name}/att_1")
        media = await asyncio.to_thread(Video(stores, AnimaticBackend()), ATTEMPT, asked, Quiet())
        made.append({file: (told["bytes"], told["sha256"]) for file, told in media["files"].items()})
    assert sum(name.endswith((".mp4", ".ts")) for name in made[0]) >= 3
    assert made[0] == made[1]
