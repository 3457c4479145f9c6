"""A store that counts what is asked of it: calls, bytes, seconds and faults, by store, backend and operation.

Owns nothing but numbers. The invariant: what the store answers or raises is passed on as it is; a fault counts as a
call too. What is in no store of ours counts as `other`. Read when a scrape asks; labels come from closed sets.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from storage.objects.protocol import Body, Listed, ObjectInfo, ObjectStore, ObjectStoreError, store_of

OTHER = "other"


@dataclass(slots=True)
class OperationCount:
    calls: int = 0
    bytes: int = 0
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)  # code → how many


@dataclass(slots=True)
class ObjectCounts:
    """`of`: (backend, store, operation) → its numbers. One may be shared by all stores of a process."""

    of: dict[tuple[str, str, str], OperationCount] = field(default_factory=dict)

    @contextmanager
    def during(self, backend: str, key: str, operation: str) -> Iterator[OperationCount]:
        found = self.of.setdefault((backend, store_of(key) or OTHER, operation), OperationCount())
        began = time.perf_counter()
        try:
            yield found
        except ObjectStoreError as error:
            found.faults[error.code] = found.faults.get(error.code, 0) + 1
            raise
        finally:
            found.seconds += time.perf_counter() - began


class MeteredObjects:
    """See `storage.objects.protocol.ObjectStore`; whatever else the store can do, it does uncounted."""

    def __init__(self, store: ObjectStore, backend: str, counts: ObjectCounts) -> None:
        self.store, self._backend, self.counts = store, backend, counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @contextmanager
    def _call(self, operation: str, key: str = "") -> Iterator[OperationCount]:
        with self.counts.during(self._backend, key, operation) as count:
            count.calls += 1
            yield count

    async def put(
        self, key: str, body: Body, *, content_type: str, cache_control: str = "", if_none_match: bool = False
    ) -> ObjectInfo:
        with self._call("put", key) as count:
            info = await self.store.put(
                key, body, content_type=content_type, cache_control=cache_control, if_none_match=if_none_match
            )
            count.bytes += info.size
            return info

    async def get(self, key: str) -> bytes:
        with self._call("get", key) as count:
            body = await self.store.get(key)
            count.bytes += len(body)
            return body

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """One call, however many chunks; the reader's own time is not counted."""
        chunks = aiter(self.store.open(key, start, end))
        with self.counts.during(self._backend, key, "open") as count:
            count.calls += 1
        while True:
            with self.counts.during(self._backend, key, "open") as count:
                chunk = await anext(chunks, None)
                count.bytes += len(chunk or b"")
            if chunk is None:
                return
            yield chunk

    async def head(self, key: str) -> ObjectInfo | None:
        with self._call("head", key):
            return await self.store.head(key)

    async def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> Sequence[Listed]:
        with self._call("list", prefix):
            return await self.store.list(prefix, after=after, limit=limit)

    async def delete(self, key: str) -> bool:
        with self._call("delete", key):
            return await self.store.delete(key)

    async def sweep(self, older_than_s: float = 24 * 3600.0) -> int:
        with self._call("sweep"):
            return await self.store.sweep(older_than_s)

    async def check(self) -> None:
        with self._call("check"):
            await self.store.check()
