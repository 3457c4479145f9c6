"""Buckets where they misbehave: parts, damage, refusals, addresses of their own (S-120 … S-124)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.awsrequest import AWSResponse

from storage.objects.protocol import ObjectStoreError
from storage.objects.s3 import PART_BYTES, Buckets, S3Objects, S3Place
from tests.s3_server import S3Server

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "weed", "films")
    yield server
    server.stop()


@pytest.fixture
def store(server: S3Server) -> Iterator[S3Objects]:
    store = S3Objects(server.place("films"))
    yield store
    store.close()


async def refusal(work: Any) -> tuple[str, bool, str]:
    with pytest.raises(ObjectStoreError) as caught:
        await work
    return caught.value.code, caught.value.retryable, caught.value.message


async def test_s120_a_large_object_goes_in_parts_and_comes_back_whole(store: S3Objects, tmp_path: Path) -> None:
    """S-120: whatever its way, an object carries the hash of its content; ranges cross parts."""
    body = os.urandom(PART_BYTES * 2 + 12_345)
    film = tmp_path / "film.mp4"
    film.write_bytes(body)
    info = await store.put("videos/t/film.mp4", film, content_type="video/mp4", cache_control="immutable")
    assert (info.size, info.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert await store.get("videos/t/film.mp4") == body
    across = [chunk async for chunk in store.open("videos/t/film.mp4", PART_BYTES - 10, PART_BYTES + 10)]
    assert b"".join(across) == body[PART_BYTES - 10 : PART_BYTES + 10]


async def test_s121_parts_of_a_writer_that_died_are_swept(store: S3Objects) -> None:
    """S-121: an upload nobody finished shows nothing and is aborted when old; a young one is somebody's."""
    asked = {"Bucket": "films", "Key": "videos/t/half.mp4"}
    upload = store._client.create_multipart_upload(**asked)["UploadId"]
    store._client.upload_part(**asked, UploadId=upload, PartNumber=1, Body=b"x" * 100)
    assert await store.head("videos/t/half.mp4") is None
    assert await store.sweep(older_than_s=3600) == 0
    assert await store.sweep(older_than_s=-5) == 1
    assert store._client.list_multipart_uploads(Bucket="films").get("Uploads", []) == []


async def test_s121_a_put_in_parts_that_fails_aborts_itself(
    store: S3Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-121: no parts are left to pay for."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"x" * (PART_BYTES + 1))
    real = store._client.upload_part

    def second_fails(**asked: Any) -> Any:
        if asked["PartNumber"] == 2:
            raise OSError("the line broke")
        return real(**asked)

    monkeypatch.setattr(store._client, "upload_part", second_fails)
    code, retryable, _ = await refusal(store.put("videos/t/film2.mp4", film, content_type="video/mp4"))
    assert (code, retryable) == ("IO", True)
    assert store._client.list_multipart_uploads(Bucket="films").get("Uploads", []) == []
    assert await store.head("videos/t/film2.mp4") is None


async def test_s122_bytes_that_changed_in_the_store_are_not_believed(store: S3Objects) -> None:
    """S-122: a whole read is compared with the hash of what was put."""
    await store.put("assets/a", b"as it was", content_type="x/y")
    told = {"sha256": hashlib.sha256(b"as it was").hexdigest()}
    store._client.put_object(Bucket="films", Key="assets/a", Body=b"otherwise", Metadata=told)
    assert (await refusal(store.get("assets/a")))[:2] == ("IO", True)


async def test_s123_refusals_name_the_setting_and_no_secret(server: S3Server) -> None:
    """S-123: wrong keys and a missing bucket are not retryable and say what to correct; a dead place is retryable."""
    wrong = S3Objects(S3Place(Buckets("films"), server.endpoint, "us-east-1", "tests", "not-the-secret"))
    code, retryable, words = await refusal(wrong.put("assets/a", b"x", content_type="x/y"))
    assert (code, retryable) == ("ACCESS_DENIED", False)
    assert "s3_access_key_id" in words
    assert "not-the-secret" not in words
    missing = S3Objects(server.place("nowhere"))
    code, retryable, words = await refusal(missing.check())
    assert (code, retryable) == ("NO_BUCKET", False)
    assert "s3_bucket" in words
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        dead = S3Objects(S3Place(Buckets("films"), f"http://127.0.0.1:{nobody.getsockname()[1]}", "auto", "a", "b"))
        code, retryable, words = await refusal(dead.get("assets/a"))
    assert (code, retryable) == ("IO", True)
    assert "s3_endpoint" in words
    for one in (wrong, missing, dead):
        one.close()


async def test_s124_addresses_of_the_bucket_are_bound(store: S3Objects) -> None:
    """S-124: a presigned PUT takes one type, size and hash; a presigned GET opens one object."""
    body = b"\x89PNG" + b"0" * 100
    digest = hashlib.sha256(body).hexdigest()
    given = store.presigned_put("assets/up.png", content_type="image/png", size=len(body), sha256=digest, expires_s=60)
    async with httpx.AsyncClient() as client:
        other_type = {**given["headers"], "content-type": "text/html"}
        other_hash = {**given["headers"], "x-amz-meta-sha256": "0" * 64}
        for headers, sent in ((other_type, body), (other_hash, body), (given["headers"], body + b"more")):
            assert (await client.put(given["url"], content=sent, headers=headers)).status_code == 403
        forged = b"\x89PNG" + b"1" * 100  # of the same size
        assert (await client.put(given["url"], content=forged, headers=given["headers"])).status_code == 400
        assert await store.head("assets/up.png") is None
        assert (await client.put(given["url"], content=body, headers=given["headers"])).status_code == 200
        again = await client.put(given["url"], content=body, headers=given["headers"])
        assert again.status_code == 412, "one PUT, not a licence to write over it until it expires"
        info = await store.head("assets/up.png")
        assert info is not None
        assert (info.content_type, info.size, info.sha256) == ("image/png", len(body), digest)
        address = store.presigned_get("assets/up.png", 60)
        assert (await client.get(address)).content == body
        assert (await client.get(address.replace("up.png", "down.png"))).status_code == 403


async def test_s120_a_bucket_serves_any_loop(server: S3Server) -> None:
    """S-120: commands that run a loop each share one store."""
    store = S3Objects(server.place("films"))

    def in_a_loop_of_its_own(work: Any) -> Any:
        return asyncio.run(work)

    await asyncio.to_thread(in_a_loop_of_its_own, store.put("internal/a", b"x", content_type="x/y"))
    assert (
        await asyncio.to_thread(in_a_loop_of_its_own, store.get("internal/a")) == b"x" == await store.get("internal/a")
    )
    store.close()


def _refused_once(store: S3Objects, operation: str) -> list[str]:
    """The server's 409 to the first such request, as S3 words it; answers what was asked."""
    asked: list[str] = []
    body = b"<Error><Code>ConditionalRequestConflict</Code><Message>come again</Message></Error>"

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        asked.append(request.url)
        return AWSResponse(request.url, 409, {}, _Raw(body)) if len(asked) == 1 else None

    store._client.meta.events.register(f"before-send.s3.{operation}", answer)
    return asked


class _Raw:
    """A body as botocore reads one."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


async def test_g322_a_conditional_put_in_parts_that_met_another_comes_again(store: S3Objects) -> None:
    """G-322: 409 at the end of a put in parts: all of it is sent anew, nothing of the first is left, and the object is
    whole; a key that is taken is EXISTS, with no part of the loser left."""
    body = os.urandom(PART_BYTES + 1_000)
    asked = _refused_once(store, "CompleteMultipartUpload")
    info = await store.put("videos/t/met.mp4", body_of(body), content_type="video/mp4", if_none_match=True)
    assert (len(asked), info.size, info.sha256) == (2, len(body), hashlib.sha256(body).hexdigest())
    assert await store.get("videos/t/met.mp4") == body
    again = store.put("videos/t/met.mp4", body_of(body), content_type="video/mp4", if_none_match=True)
    assert (await refusal(again))[:2] == ("EXISTS", False)
    left = store._client.list_multipart_uploads(Bucket="films").get("Uploads", [])
    assert [upload for upload in left if upload["Key"] == "videos/t/met.mp4"] == []


async def body_of(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def test_g323_a_list_asks_once_a_page(server: S3Server) -> None:
    """G-323: a page of names costs one request a bucket, however many objects are on it."""
    store = S3Objects(server.place("pages"))
    store.make_buckets()
    for at in range(7):
        await store.put(f"assets/{at}", bytes(at), content_type="x/y")
    requests: list[str] = []
    store._client.meta.events.register("before-send.s3", lambda request, **_: requests.append(request.method))
    found = await store.list("assets/", limit=5)
    assert [(each.key, each.size) for each in found] == [(f"assets/{at}", at) for at in range(5)]
    assert all(each.modified_ms > 1_700_000_000_000 for each in found)
    assert requests == ["GET"]
    store.close()
