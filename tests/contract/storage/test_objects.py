"""Object stores, a folder and a real S3 server: whole or nothing, ranges, conditional puts (S-60 … S-63)."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.objects.local import LocalObjects
from storage.objects.metered import MeteredObjects, ObjectCounts
from storage.objects.protocol import ObjectInfo, ObjectStore, ObjectStoreError, StoreName
from storage.objects.s3 import S3Objects
from tests.s3_server import S3Server

pytestmark = pytest.mark.contract

OBJECT_BYTES_MAX = 3_000_000
FRESH = itertools.count()

MAKERS: dict[str, Callable[[Any], ObjectStore]] = {
    "local": lambda given: LocalObjects(given("tmp_path") / "objects", object_bytes_max=OBJECT_BYTES_MAX),
    "local, counted": lambda given: MeteredObjects(MAKERS["local"](given), "local", ObjectCounts()),  # G-321
    "s3": lambda given: _bucket(given("s3_server"), one_each=False),
    "s3, a bucket each": lambda given: _bucket(given("s3_server"), one_each=True),
}


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "weed", "suite")
    yield server
    server.stop()


def _bucket(server: S3Server, *, one_each: bool) -> S3Objects:
    """Buckets of its own for each test."""
    store = S3Objects(server.place(f"suite{next(FRESH)}", one_each=one_each), object_bytes_max=OBJECT_BYTES_MAX)
    store.make_buckets()
    return store


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    made = MAKERS[request.param](request.getfixturevalue)
    yield made
    if isinstance(made, S3Objects):
        made.close()


async def read(store: ObjectStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.open(key, start, end)])


async def code_of(call: object) -> str:
    with pytest.raises(ObjectStoreError) as caught:
        await call  # type: ignore[misc]
    return caught.value.code


async def chunks(*parts: bytes, fail: bool = False) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if fail:
        raise RuntimeError("the upload broke")


@pytest.mark.parametrize("source", ["bytes", "file", "chunks"])
async def test_what_was_put_is_read(store: ObjectStore, tmp_path: Path, source: str) -> None:
    """S-60: bytes, type, cache rule and content hash come back; ranges are exact."""
    body = bytes(range(256)) * 4_000
    (tmp_path / "file").write_bytes(body)
    given = {"bytes": body, "file": tmp_path / "file", "chunks": chunks(body[:10], b"", body[10:])}[source]
    key = StoreName.VIDEOS.key("scn_1", "att_1", "720p.m3u8")
    info = await store.put(key, given, content_type="video/x", cache_control="immutable")
    assert info == ObjectInfo(
        key, len(body), hashlib.sha256(body).hexdigest(), "video/x", "immutable", info.modified_ms
    )
    assert await store.head(key) == info
    assert await store.get(key) == body == await read(store, key)
    assert await read(store, key, 1_000, 600_001) == body[1_000:600_001]
    assert await read(store, key, len(body) - 5, len(body) + 99) == body[-5:]
    assert await read(store, key, 7, 7) == b""


async def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    """S-60: zero bytes are stored and read."""
    await store.put("assets/empty", b"", content_type="x/y")
    assert await read(store, "assets/empty") == b""
    info = await store.head("assets/empty")
    assert info is not None
    assert info.size == 0


async def test_what_is_missing(store: ObjectStore) -> None:
    """S-60: no object: head None, delete False, reads NOT_FOUND; a folder of objects is no object."""
    await store.put("assets/a/b", b"x", content_type="x/y")
    for key in ("assets/none", "assets/a", "assets/a/b/c"):
        assert await store.head(key) is None
        assert not await store.delete(key)
        assert await code_of(store.get(key)) == "NOT_FOUND"
        assert await code_of(read(store, key)) == "NOT_FOUND"
    assert await code_of(read(store, "assets/a/b", 2)) == "BAD_RANGE"


async def test_replace_and_delete(store: ObjectStore) -> None:
    """S-61: a put replaces; a delete removes bytes and description."""
    await store.put("assets/a", b"one", content_type="x/1")
    await store.put("assets/a", b"three", content_type="x/3")
    info = await store.head("assets/a")
    assert info is not None
    assert (info.size, info.content_type) == (5, "x/3")
    assert await store.delete("assets/a")
    assert await store.head("assets/a") is None
    assert await store.list("assets/") == []


async def test_of_racing_conditional_puts_one_wins(store: ObjectStore) -> None:
    """S-61: if_none_match: the first is kept, the others get EXISTS, and its bytes are whole."""
    bodies = [bytes([n]) * 10_000 for n in range(8)]
    results = await asyncio.gather(
        *(store.put("assets/once", body, content_type="x/y", if_none_match=True) for body in bodies),
        return_exceptions=True,
    )
    won = [i for i, result in enumerate(results) if isinstance(result, ObjectInfo)]
    lost = [result for result in results if isinstance(result, ObjectStoreError)]
    assert len(won) == 1
    assert {(error.code, error.retryable) for error in lost} == {("EXISTS", False)}
    assert await store.get("assets/once") == bodies[won[0]]


async def test_a_broken_upload_leaves_nothing(store: ObjectStore) -> None:
    """S-62: an iterator that raises, or an object over the limit, stores nothing and leaves the old one."""
    await store.put("assets/a", b"old", content_type="x/y")
    with pytest.raises(RuntimeError):
        await store.put("assets/a", chunks(b"x" * 1000, fail=True), content_type="x/y")
    big = b"x" * 3_000_001
    assert await code_of(store.put("assets/a", big, content_type="x/y")) == "TOO_LARGE"
    assert await code_of(store.put("assets/b", chunks(big), content_type="x/y")) == "TOO_LARGE"
    assert await store.get("assets/a") == b"old"
    assert [info.key for info in await store.list("")] == ["assets/a"]


async def test_list_by_prefix_pages(store: ObjectStore) -> None:
    """S-60: keys in order, by any prefix, strictly after a key."""
    keys = ["assets/a/1", "assets/a/2", "assets/ab", "assets/b", "videos/x/y/z"]
    for key in reversed(keys):
        await store.put(key, b"x", content_type="x/y")

    async def listed(prefix: str, after: str = "", limit: int = 100) -> list[str]:
        return [info.key for info in await store.list(prefix, after=after, limit=limit)]

    assert await listed("") == keys
    assert await listed("assets/a") == keys[:3]
    assert await listed("assets/a/") == keys[:2]
    assert await listed("", after="assets/a/2", limit=2) == keys[2:4]
    assert await listed("exports/") == []


@pytest.mark.parametrize(
    "key",
    ["", "/abs", "a/../b", "..", "a//b", "a/", "a:b", "C:\\x", "a/.hidden", "a\x00b", "a\nb", "é", "a b", "x" * 201,
     "/".join(["x" * 100] * 10)],
)  # fmt: skip
async def test_keys_no_store_can_hold(store: ObjectStore, key: str) -> None:
    """S-63: refused with BAD_KEY by every method, before anything is touched."""
    assert await code_of(store.put(key, b"", content_type="x/y")) == "BAD_KEY"
    assert await code_of(store.get(key)) == "BAD_KEY"
    assert await code_of(store.head(key)) == "BAD_KEY"
    assert await code_of(store.delete(key)) == "BAD_KEY"
    assert await code_of(read(store, key)) == "BAD_KEY"
    if key:
        assert key.endswith("/") or await code_of(store.list(key)) == "BAD_KEY"
