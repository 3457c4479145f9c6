"""Playlists for each reader, CDNs, buckets, and what a stock player makes of them (W-118 … W-120)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request

from serve_app.http.answers import content_policy
from serve_app.http.media import MediaRoute
from serve_app.http.playlists import rewritten
from serve_app.media_addresses import MediaAddresses
from serve_app.studio import StoredMedia
from storage.objects.local import LocalObjects
from storage.objects.s3 import S3Objects
from storage.objects.signing import MediaSigner
from tests.s3_server import S3Server

pytestmark = pytest.mark.unit
SECRET = b"a secret of sixteen bytes or more"
CDN = "https://cdn.example"
SIGNER = MediaSigner(SECRET)
MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="Dialogue",URI="captions.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,NAME="URI=odd"
720p.m3u8

#EXTINF:4.0,
720p_0001.ts
../other/secret.ts
https://elsewhere.example/x.ts
"""


def test_w119_only_names_in_the_take_s_own_folder_are_signed() -> None:
    """W-119: lines and URI attributes; what leads elsewhere opens nothing and stays."""
    made = rewritten(MASTER, "videos/t/master.m3u8", lambda key: f"<{key}>").split("\n")
    assert made[1] == MASTER.split("\n")[1].replace("captions.m3u8", "<videos/t/captions.m3u8>")
    assert made[3] == "<videos/t/720p.m3u8>"
    assert made[6] == "<videos/t/720p_0001.ts>"
    assert [made[0], made[2], *made[4:6], *made[7:]] == [
        line for n, line in enumerate(MASTER.split("\n")) if n not in (1, 3, 6)
    ]


def request(path: str) -> Request:
    token, key = path.removeprefix("/media/").split("/", 1)
    scope = {"type": "http", "method": "GET", "headers": [], "path_params": {"token": token, "key": key}}
    return Request(scope)


async def test_w120_behind_a_cdn_nothing_is_kept_longer_than_its_address_lives(tmp_path: Path) -> None:
    """W-120: segments are public for what is left of their token; playlists and exports are nobody's to keep."""
    objects = LocalObjects(tmp_path)
    for key in ("videos/t/a.m3u8", "videos/t/a_1.ts", "exports/film.mp4"):
        await objects.put(key, b"#EXTM3U\na_1.ts\n", content_type="x/y")
    short = MediaSigner(SECRET, expires_s=60)
    addresses = MediaAddresses(SIGNER, short, cdn=f"{CDN}/")
    route = MediaRoute(StoredMedia(objects), SIGNER.allows, addresses)
    playlist = await route(request(addresses.sign("videos/t/a.m3u8")))
    assert playlist.headers["cache-control"] == "private, no-store"
    named = bytes(playlist.body).decode().split("\n")[1]
    assert named.startswith(f"{CDN}/media/1.")
    assert addresses.sign("videos/t/a.m3u8").split("/")[2] != named.split("/")[4], "a token of its own, shorter"
    segment = await route(request(urlsplit(named).path))
    found = re.fullmatch(r"public, max-age=604800, s-maxage=(\d+), immutable", segment.headers["cache-control"])
    assert found is not None
    assert int(found[1]) <= 120
    assert segment.headers["access-control-allow-origin"] == "*"
    export = await route(request(addresses.sign("exports/film.mp4")))
    assert export.headers["cache-control"].startswith("private")
    assert addresses.origins == (CDN,)
    assert f"connect-src 'self' {CDN};" in content_policy(addresses.origins)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "weed", "films")
    yield server
    server.stop()


async def test_w119_playlists_may_name_the_bucket_itself(server: S3Server) -> None:
    """W-119: with `s3_direct`, presigned addresses; the playlist still comes from us, and no cookie is needed."""
    import httpx

    bucket = S3Objects(server.place("films"))
    await bucket.put("videos/t/a.m3u8", b"#EXTM3U\na_1.ts\n", content_type="x/y")
    await bucket.put("videos/t/a_1.ts", b"segment", content_type="video/mp2t")
    addresses = MediaAddresses(SIGNER, SIGNER, bucket=bucket, bucket_s=60)
    route = MediaRoute(StoredMedia(bucket), SIGNER.allows, addresses)
    answer = await route(request(addresses.sign("videos/t/a.m3u8")))
    named = bytes(answer.body).decode().split("\n")[1]
    async with httpx.AsyncClient() as client:
        assert (await client.get(named)).content == b"segment"
    assert addresses.origins == (server.endpoint,)
    bucket.close()
