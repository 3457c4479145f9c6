"""A take made into a real bucket, played by a stock player: from us, and through a cache that knows nothing of us.

S-120, W-119, W-120. The film is the animatic's, finished and uploaded by the step itself; FFmpeg (PyAV) is the player.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhanceRequest, Moment
from gpu.video.animatic import AnimaticBackend
from serve_app.http.media import MediaRoute
from serve_app.media_addresses import MediaAddresses
from serve_app.steps.patience import AWAY
from serve_app.steps.stores import StepStores
from serve_app.steps.typed import typed
from serve_app.steps.video import Video
from serve_app.studio import StoredMedia
from storage.cache.sqlite import SqliteExactCache
from storage.ledger.protocol import Attempt, AttemptState
from storage.objects.s3 import S3Objects
from storage.objects.signing import MediaSigner
from tests.s3_server import S3Server

pytestmark = pytest.mark.unit
SIGNER = MediaSigner(b"a secret of sixteen bytes or more")
ATTEMPT = Attempt(
    "att_1", "prj_1", "scn_1", "job_1", "video", 1, AttemptState.CLAIMED, b"", 60_000, 0, 0, None, "w", None, 0.0, "",
    False, None, None, 1,
)  # fmt: skip


class Told:
    last = ""

    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None:
        self.last = message

    def cancelled(self) -> bool:
        return False

    def durable(self, partial: dict[str, Any]) -> None:
        self.kept = partial


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    server = S3Server(tmp_path / "weed", "films")
    yield server
    server.stop()


@contextlib.asynccontextmanager
async def listening(app: Starlette) -> AsyncIterator[str]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[sock]))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        server.should_exit = True
        await asyncio.wait_for(task, 10)


class Cache:
    """What any CDN is: it keeps what says `public`, by its address, and asks the origin for the rest."""

    def __init__(self) -> None:
        self.origin, self.kept, self.hits = "", dict[str, tuple[bytes, str]](), 0
        self.app = Starlette(routes=[Route("/{path:path}", self.answer)])

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        if path in self.kept:
            self.hits += 1
            body, kind = self.kept[path]
            return Response(body, media_type=kind)
        async with httpx.AsyncClient() as client:
            found = await client.get(self.origin + path)
        if found.status_code == 200 and found.headers["cache-control"].startswith("public"):
            self.kept[path] = found.content, found.headers["content-type"]
        return Response(found.content, found.status_code, media_type=found.headers.get("content-type"))


def frames_of(address: str) -> int:
    with av.open(address, timeout=20, options={"allowed_extensions": "ALL"}) as player:
        return sum(1 for _ in player.decode(video=0))


def video_request() -> dict[str, Any]:
    asked = EnhanceRequest(
        heading="INT. PIER - NIGHT", place="PIER", interior=True, moments=(Moment("action", "Rain on the planks."),),
        target_duration_s=2.0,
    )  # fmt: skip
    return {
        "enhanced": GrammarWriter().write(asked).to_dict(), "seed": "7", "candidate": 0, "panel_key": None,
        "width": 320, "height": 180, "fps": 12, "prefix": "prj_1/job_1/att_1", "backend": None,
        "recipe_hash": "ab" * 32,
    }  # fmt: skip


async def test_a_take_in_a_bucket_is_played_by_a_stock_player(server: S3Server, tmp_path: Path) -> None:
    """S-120, W-119, W-120: master, variants and segments resolve for a player without cookies; the second viewer's
    segments come out of the cache, whose playlists are never kept."""
    bucket, cache = S3Objects(server.place("films")), SqliteExactCache(tmp_path / "cache.db")
    step = typed(Video(StepStores(asyncio.get_running_loop(), bucket, cache), AnimaticBackend()))
    media = await asyncio.to_thread(step, ATTEMPT, video_request(), Told())
    assert {info.key for info in await bucket.list("videos/")} == {file["key"] for file in media["files"].values()}
    wanted = round(media["duration_s"] * media["fps"])
    plain, behind = Cache(), Cache()
    async with listening(behind.app) as cdn:
        for edge, given in ((plain, ""), (behind, cdn)):
            addresses = MediaAddresses(SIGNER, SIGNER, cdn=given)
            route = MediaRoute(StoredMedia(bucket), SIGNER.allows, addresses)

            async def serve(request: Request, route: MediaRoute = route) -> Response:
                return await route(request)

            async with listening(Starlette(routes=[Route("/media/{token}/{key:path}", serve)])) as origin:
                edge.origin = origin
                address = origin + addresses.sign(media["playlist_key"])
                for _ in range(2):
                    assert await asyncio.to_thread(frames_of, address) == wanted
    assert plain.kept == {}
    assert behind.kept
    assert behind.hits >= len(behind.kept)
    assert not any(path.endswith(".m3u8") for path in behind.kept)
    await cache.close()
    bucket.close()


@pytest.mark.proof
async def test_a_film_outlasts_its_bucket_s_server(server: S3Server, tmp_path: Path) -> None:
    """S-123, G-313: the bucket's server is killed before the upload and comes back: the film waits, and is stored."""
    bucket, cache = S3Objects(server.place("films")), SqliteExactCache(tmp_path / "cache.db")
    step = typed(Video(StepStores(asyncio.get_running_loop(), bucket, cache), AnimaticBackend()))
    server.stop()
    told = Told()
    rendering = asyncio.create_task(asyncio.to_thread(step, ATTEMPT, video_request(), told))
    async with asyncio.timeout(60):
        while AWAY not in told.last:  # noqa: ASYNC110 - told in the step's thread
            await asyncio.sleep(0.05)
    await asyncio.to_thread(server.start)
    media = await rendering
    assert await bucket.head(media["video_key"]) is not None
    await cache.close()
    bucket.close()
