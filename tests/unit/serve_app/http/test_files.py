"""Media by signed address, and uploads that are what they say."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest

from storage.objects.protocol import ObjectStoreError
from tests.unit.serve_app.conftest import TOKEN, World

pytestmark = pytest.mark.unit

BEARER = {"authorization": f"Bearer {TOKEN}"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 3000
SCRIPT = "INT. مطبخ - DAY\n\nADA\nHello 🎬\n".encode()
KEY = "videos/job/video.mp4"


async def test_w37_media_needs_its_signature_and_nothing_else(world: World) -> None:
    """W-37: checked before the store is asked; keys that leave the folder never reach it."""
    address = await world.keep(KEY, b"x")
    token = address.split("/")[2]
    assert (await world.client.get(address)).status_code == 200
    assert (await world.client.get(f"/media/bad/{KEY}")).status_code == 403
    assert (await world.client.get(f"/media/{token}/videos/other.mp4")).status_code == 403
    assert (await world.client.get(world.signer.path("videos/none.mp4"))).status_code == 404
    for key in ("..%2f..%2fetc", "videos/..%2fx", ".hidden", "videos//x", "a" * 600, "videos/x%00y", "internal/x"):
        assert (await world.client.get(f"/media/{token}/{key}")).status_code == 403, key


async def test_w37_a_token_of_a_take_opens_what_its_playlist_names(world: World) -> None:
    """W-37, W-119: names of an HLS playlist are addresses for whoever asked, under a token of the take's folder."""
    await world.keep("videos/t/720p/0001.ts", b"segment")
    await world.keep("videos/t/master.m3u8", b"#EXTM3U\n720p/0001.ts\n")
    playlist = world.signer.path("videos/t/master.m3u8", prefix="videos/t")
    answer = await world.client.get(playlist)
    assert answer.headers["cache-control"] == "private, no-store"
    named = answer.text.splitlines()[1]
    assert (await world.client.get(named)).content == b"segment"
    token = named.split("/")[2]
    assert (await world.client.get(f"/media/{token}/videos/other/720p/0001.ts")).status_code == 403


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-9", 206, (0, 10)),
        ("bytes=2500-", 206, (2500, 3000)),
        ("bytes=-5", 206, (2995, 3000)),
        ("bytes=-9999", 206, (0, 3000)),
        ("bytes=2990-9999", 206, (2990, 3000)),
        ("bytes=3000-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-2", 200, (0, 3000)),
        ("bytes=0-1,5-6", 200, (0, 3000)),
        ("lines=1-2", 200, (0, 3000)),
        ("bytes=-", 200, (0, 3000)),
    ],
)
async def test_w38_ranges(world: World, asked: str, status: int, span: tuple[int, int] | None) -> None:
    """W-38: one range is honoured, none that exists is 416, what is not a range is ignored (RFC 9110)."""
    data = bytes(range(256)) * 12
    address = await world.keep(KEY, data[:3000])
    answer = await world.client.get(address, headers={"range": asked})
    assert answer.status_code == status
    if span is None:
        assert answer.headers["content-range"] == "bytes */3000"
        return
    assert answer.content == data[span[0] : span[1]]
    assert answer.headers["content-length"] == str(span[1] - span[0])
    assert ("content-range" in answer.headers) == (status == 206)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("0001.ts", "video/mp2t"),
        ("a.m4s", "video/iso.segment"),
        ("v.mp4", "video/mp4"),
        ("c.vtt", "text/vtt; charset=utf-8"),
        ("p.png", "image/png"),
        ("x.html", "application/octet-stream"),
    ],
)
async def test_w38_types_etags_and_caching(world: World, name: str, kind: str) -> None:
    """W-38: the right type (never a page), kept for a week, revalidated by ETag, HEAD without a body."""
    address = await world.keep(f"videos/{name}", b"data")
    answer = await world.client.get(address)
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "private, max-age=604800, immutable"
    again = await world.client.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await world.client.head(address)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "4", b"")


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [("a.png", PNG, "image"), ("wrongly-named.gif", PNG, "image"), ("Ferry 🎬.fountain", SCRIPT, "screenplay")],
)
async def test_w39_an_upload_is_stored_whole_and_answered_with_its_address(
    world: World, name: str, data: bytes, kind: str
) -> None:
    """W-39: multipart and raw; the sort is told by the bytes."""
    form = await world.client.post("/uploads", files={"file": (name, data)}, headers=BEARER)
    raw = await world.client.put(f"/uploads/{name}", content=data, headers=BEARER)
    for answer in (form, raw):
        assert answer.status_code == 201, answer.text
        said = answer.json()
        assert (said["kind"], said["bytes"], said["sha256"]) == (kind, len(data), hashlib.sha256(data).hexdigest())
        assert await world.objects.get(said["key"]) == data
        assert (await world.client.get(said["url"])).content == data


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.png", b"GIF89a" + b"\0" * 100, 415),
        ("page.html", b"<script>", 415),
        ("a.fountain", b"INT. X\xff\xfe", 415),
        ("a.fountain", SCRIPT * 10 + "é".encode()[:1], 415),
        ("a.fountain", b"text" * 40 + b"\0", 415),
        ("a.png", b"", 400),
        ("a.png", PNG + b"\0" * (21 * 1024 * 1024), 413),
        ("a.txt", b"x" * (13 * 1024 * 1024), 413),
    ],
)
async def test_w39_what_is_not_what_it_says_leaves_nothing(world: World, name: str, data: bytes, status: int) -> None:
    """W-39: wrong type, broken text, too large: refused, and the store is as before."""
    form = await world.client.post("/uploads", files={"file": (name, data)}, headers=BEARER)
    raw = await world.client.put(f"/uploads/{name}", content=data, headers=BEARER)
    assert (form.status_code, raw.status_code) == (status, status)
    assert world.kept() == []


async def test_w39_uploads_need_the_token_and_a_form(world: World) -> None:
    """W-39: 401 before a byte is read; malformed forms are 400."""
    assert (await world.client.post("/uploads", files={"file": ("a.png", PNG)})).status_code == 401
    assert (await world.client.put("/uploads/a.png", content=PNG)).status_code == 401
    kind = {**BEARER, "content-type": "multipart/form-data"}
    assert (await world.client.post("/uploads", content=b"x", headers=kind)).status_code == 400
    assert (await world.client.post("/uploads", content=b"x", headers=BEARER)).status_code == 415
    assert (await world.client.post("/uploads", files={"other": ("a.png", PNG)}, headers=BEARER)).status_code == 400

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield PNG.ljust(1024 * 1024, b"\0")

    assert (await world.client.put("/uploads/a.png", content=endless(), headers=BEARER)).status_code == 413
    assert world.kept() == []


async def test_w39_a_store_that_cannot_write_is_a_retryable_refusal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-39: an unwritable folder reads as 503 with words, not as a trace."""

    async def broken(*_: object, **__: object) -> None:
        raise ObjectStoreError("UNWRITABLE", "/secret/objects refuses", True)

    monkeypatch.setattr(world.objects, "put", broken)
    answer = await world.client.put("/uploads/a.png", content=PNG, headers=BEARER)
    assert (answer.status_code, answer.json()["code"]) == (503, "UNWRITABLE")
    assert answer.json()["retryable"]
    assert "secret" not in answer.text
