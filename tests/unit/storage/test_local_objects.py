"""The folder store where folders fail (S-64)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.objects.local import LocalObjects
from storage.objects.protocol import Access, ObjectStoreError, StoreName, store_of

pytestmark = pytest.mark.unit


async def refused(store: LocalObjects, size: int = 10) -> ObjectStoreError:
    with pytest.raises(ObjectStoreError) as caught:
        await store.put("assets/x", os.urandom(size), content_type="x/y")
    return caught.value


async def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """S-64: an unwritable place is UNWRITABLE, retryable, with a clear message."""
    (tmp_path / "file").write_bytes(b"")
    error = await refused(LocalObjects(tmp_path / "file" / "objects"))
    assert (error.code, error.retryable) == ("UNWRITABLE", True)
    assert "folder" in str(error)


async def test_a_full_or_read_only_disk(small_disk: Path, make_read_only: Callable[[], None]) -> None:
    """S-64: no room is DISK_FULL, leaves no temporary file, and heals; read-only is UNWRITABLE and still reads."""
    store = LocalObjects(small_disk / "objects")
    error = await refused(store, 4_000_000)
    assert (error.code, error.retryable) == ("DISK_FULL", True)
    assert list((small_disk / "objects" / "tmp").iterdir()) == []
    await store.put("assets/y", b"small", content_type="x/y")
    make_read_only()
    assert (await refused(store)).code == "UNWRITABLE"
    assert await store.get("assets/y") == b"small"


async def test_meta_that_does_not_fit_is_made_again(tmp_path: Path) -> None:
    """S-62: a crash between bytes and description never shows an old hash for new bytes."""
    store = LocalObjects(tmp_path)
    whole = await store.put("assets/x", b"new", content_type="x/y")
    meta = tmp_path / "meta" / "assets" / "x.json"
    kept = meta.read_bytes()
    await store.put("assets/x", b"newer", content_type="x/y")
    newer = await store.head("assets/x")
    meta.write_bytes(kept)
    assert await store.head("assets/x") == newer != whole
    meta.write_bytes(b"{ torn")
    found = await store.head("assets/x")
    assert found is not None
    assert newer is not None
    assert (found.sha256, found.content_type) == (newer.sha256, "application/octet-stream")


async def test_what_killed_writers_left_is_swept(tmp_path: Path) -> None:
    """S-62: old temporary files go, young ones (a writer may be at work) and objects stay."""
    store = LocalObjects(tmp_path)
    assert await store.sweep() == 0
    await store.put("assets/x", b"x", content_type="x/y")
    (tmp_path / "tmp" / "old").write_bytes(b"")
    (tmp_path / "tmp" / "young").write_bytes(b"")
    os.utime(tmp_path / "tmp" / "old", (1, 1))
    assert await store.sweep() == 1
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["young"]
    assert await store.get("assets/x") == b"x"


def test_stores_and_their_access() -> None:
    """S-63: the store is the first part of the key and decides who may read."""
    assert {name.value: name.access for name in StoreName} == {
        "videos": Access.SIGNED,
        "assets": Access.SIGNED,
        "exports": Access.SIGNED_DOWNLOAD,
        "internal": Access.PRIVATE,
    }
    assert store_of("exports/a") is StoreName.EXPORTS
    assert store_of("exportsx/a") is None
    with pytest.raises(ObjectStoreError):
        StoreName.VIDEOS.key("..", "x")
