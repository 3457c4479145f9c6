"""Numbers of an object store: what was asked, how much, what failed (G-321)."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.objects.local import LocalObjects
from storage.objects.metered import MeteredObjects, ObjectCounts, OperationCount
from storage.objects.protocol import CHUNK_BYTES, ObjectStoreError

pytestmark = pytest.mark.unit


async def test_g321_calls_bytes_and_faults_count_by_store_and_operation(tmp_path: Path) -> None:
    """G-321: a fault is a call and has its code; a stream is one call whatever its chunks; what is in no store of ours
    counts as other; two stores of a process share one count."""
    counts = ObjectCounts()
    store, other = (MeteredObjects(LocalObjects(tmp_path / name), name, counts) for name in ("one", "two"))
    body = bytes(3 * CHUNK_BYTES)
    await store.put("videos/t/a.ts", body, content_type="video/mp2t")
    await store.put("else/x", b"12", content_type="text/plain")
    await other.put("videos/t/a.ts", b"1", content_type="video/mp2t")
    assert [chunk async for chunk in store.open("videos/t/a.ts")] == [bytes(CHUNK_BYTES)] * 3
    with pytest.raises(ObjectStoreError):
        await store.get("videos/t/b.ts")
    with pytest.raises(ObjectStoreError):
        await anext(aiter(store.open("videos/t/b.ts")))

    def of(backend: str, name: str, operation: str) -> OperationCount:
        return counts.of[backend, name, operation]

    assert (of("one", "videos", "put").calls, of("one", "videos", "put").bytes) == (1, len(body))
    assert (of("one", "other", "put").bytes, of("two", "videos", "put").bytes) == (2, 1)
    assert (of("one", "videos", "open").calls, of("one", "videos", "open").bytes) == (2, len(body))
    assert of("one", "videos", "open").faults == of("one", "videos", "get").faults == {"NOT_FOUND": 1}
    assert of("one", "videos", "put").seconds > 0
    assert store.root == tmp_path / "one"  # what only this store can do stays in reach
