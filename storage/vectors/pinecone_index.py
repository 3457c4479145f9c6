"""The vector store in a Pinecone index, by Pinecone's own client over REST.

Owns one client, on an event loop of its own thread: connections belong to a loop, callers come from several. The
invariant: every call ends within its named time, tries again only what can pass, and tells which vectors of an upsert
are in. Pinecone is eventually consistent: a query may miss what was acknowledged a moment ago. Whoever cannot wait for
that has the exact cache and single-flight before it; a fetch or delete by id has the same lag.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from pinecone import AsyncIndex, AsyncPinecone, RetryConfig

from storage.vectors import pinecone_wire as wire
from storage.vectors.own_loop import OwnLoop, run_on
from storage.vectors.pinecone_faults import fault_of, is_missing_namespace, tries, waits
from storage.vectors.protocol import (
    Floats,
    Match,
    PartialUpsert,
    Vector,
    VectorFault,
    Where,
    WrongDimension,
    check_ids,
    check_name,
    check_top_k,
    check_upsert,
    check_values,
    check_where,
    invalid,
)

LAG_S = 30.0
"""Pinecone names no bound ("a slight delay"); what is not seen after that is worth a look at its status page."""
SIZE_KNOWN_S = 60.0
"""How long the length of a namespace's vectors is believed; another process may have dropped it since."""
DELETE_IDS = 1_000
DELETE_ROUNDS_MAX = 20
"""A sweep or filtered delete takes at most this many times `DELETE_IDS` from a namespace; the next call goes on."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PineconePlace:
    """`host`: the index's own address; then `index` is only a name. Without it the address of `index` is asked for at
    `control`, Pinecone's own by default."""

    api_key: str = field(repr=False)
    index: str = ""
    host: str = ""
    control: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for one request, and for a call with all its tries and waits."""

    ask_s: float = 2.0
    query_s: float = 4.0
    write_s: float = 30.0


class PineconeVectors:
    """See `storage.vectors.protocol.VectorStore`."""

    lag_s = LAG_S

    def __init__(self, place: PineconePlace, patience: Patience = Patience()) -> None:
        self.place, self._patience = place, patience
        self._loop: OwnLoop | None = None
        self._index: AsyncIndex | None = None
        self._width = 0
        self._sizes: dict[str, tuple[int, float]] = {}

    async def open(self) -> None:
        """Asks for address and width. Raises `VectorFault` REFUSED for an index that cannot be used."""
        if self._loop is not None:
            return
        self._loop = OwnLoop("pinecone")
        try:
            await self._on_loop(self._open())
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> None:
        host = self.place.host or await self._address()
        try:
            self._index = AsyncIndex(host=host, api_key=self.place.api_key, timeout=self._patience.ask_s)
        except ValueError as error:
            raise VectorFault("REFUSED", f"check pinecone_host and pinecone_api_key: {error}", False) from None
        # The client's own retries wait up to a minute each and cannot be set for an index: ours keep the time.
        http = self._index._http
        http._config = replace(http._config, retry_config=RetryConfig(max_retries=0))
        stats = await self._stats(self._patience.write_s)
        if not stats.dimension:
            raise VectorFault("REFUSED", "the Pinecone index holds no dense vectors: make one of cosine", False)
        if (stats.metric or "cosine") != "cosine":
            raise VectorFault("REFUSED", f"the Pinecone index ranks by {stats.metric}: make one of cosine", False)
        self._width = int(stats.dimension)

    async def _address(self) -> str:
        async def look() -> str:
            async with AsyncPinecone(
                self.place.api_key,
                host=self.place.control or None,
                timeout=self._patience.ask_s,
                retry_config=RetryConfig(max_retries=0),
            ) as client:
                return (await client.indexes.describe(self.place.index)).host or ""

        host = await self._try(look, self._patience.write_s)
        if not host:
            raise VectorFault("UNAVAILABLE", "the Pinecone index has no address yet: it is being made", True)
        return host

    async def close(self) -> None:
        loop, index = self._loop, self._index
        self._loop = self._index = None
        if loop is not None:
            if index is not None:
                await loop.run(index.close())
            await loop.stop()

    async def check(self) -> None:
        await self._on_loop(self._stats(self._patience.query_s))

    # writing
    async def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        size = check_upsert(namespace, vectors)
        if size:
            await self._on_loop(self._upsert(namespace, vectors, size))

    async def _upsert(self, namespace: str, vectors: Sequence[Vector], size: int) -> None:
        await self._check_size(namespace, size)
        stored: list[str] = []
        for batch in wire.batches(vectors, self._width):
            items = [wire.item(vector, self._width) for vector in batch]
            try:
                await self._try(
                    lambda items=items: self._client.upsert(vectors=items, namespace=namespace),  # type: ignore[misc]
                    self._patience.write_s,
                )
            except VectorFault as fault:
                if not stored:
                    raise
                missing = tuple(vector.id for vector in vectors[len(stored) :])
                raise PartialUpsert(tuple(stored), missing, fault) from fault
            stored += [vector.id for vector in batch]
            self._sizes[namespace] = (size, time.monotonic())

    async def delete(self, namespace: str, ids: Sequence[str]) -> None:
        check_name(namespace)
        asked = check_ids(ids)
        if asked:
            await self._on_loop(self._delete(namespace, ids=asked))

    async def _delete(self, namespace: str, **what: Any) -> None:
        async def call() -> None:
            try:
                await self._client.delete(namespace=namespace, **what)
            except Exception as error:
                if not is_missing_namespace(error):
                    raise

        await self._try(call, self._patience.write_s)

    async def delete_where(self, namespace: str, where: Where) -> int:
        check_name(namespace)
        asked = check_where(where)
        if not asked:
            raise invalid("an empty filter deletes nothing: use drop")
        if not all(asked.values()):
            return 0
        return await self._on_loop(self._delete_found(namespace, wire.filter_of(asked)))

    async def _delete_found(self, namespace: str, found_by: dict[str, Any] | None) -> int:
        """By id, in rounds: Pinecone's own delete by filter does not say how many. What a lagging answer shows again
        is not counted twice, and ends the rounds."""
        gone: set[str] = set()
        for _ in range(DELETE_ROUNDS_MAX):
            answer = await self._ask(namespace, wire.padded(np.ones(1, np.float32), self._width), DELETE_IDS, found_by)
            ids = [match.id for match in answer.matches if match.id not in gone]
            if not ids:
                break
            await self._delete(namespace, ids=ids)
            gone.update(ids)
            if len(answer.matches) < DELETE_IDS:
                break
        return len(gone)

    async def drop(self, namespace: str) -> None:
        check_name(namespace)
        self._sizes.pop(namespace, None)
        await self._on_loop(self._delete(namespace, delete_all=True))

    async def sweep(self, now_s: float) -> int:
        async def all_of_them() -> int:
            gone = 0
            for namespace in (await self._stats(self._patience.write_s)).namespaces:
                gone += await self._delete_found(namespace, wire.expired_by(now_s))
            return gone

        return await self._on_loop(all_of_them())

    # reading
    async def query(
        self,
        namespace: str,
        values: Floats,
        *,
        top_k: int = 1,
        where: Where | None = None,
        alive_at_s: float | None = None,
        at_least: float = -1.0,
    ) -> list[Match]:
        check_name(namespace)
        check_top_k(top_k)
        values, asked = check_values(values), check_where(where)
        found_by = wire.filter_of(asked, alive_at_s)
        if not all(asked.values()):
            return []  # one of no values

        async def look() -> list[Match]:
            await self._check_size(namespace, len(values))
            answer = await self._ask(namespace, wire.padded(values, self._width), top_k, found_by, metadata=True)
            found = [
                Match(one.id, min(1.0, max(-1.0, one.score)), wire.metadata_of(one.metadata)) for one in answer.matches
            ]
            return sorted((one for one in found if one.score >= at_least), key=lambda one: (-one.score, one.id))

        return await self._on_loop(look())

    async def _ask(
        self,
        namespace: str,
        values: list[float],
        top_k: int,
        found_by: dict[str, Any] | None,
        *,
        metadata: bool = False,
    ) -> Any:
        return await self._try(
            lambda: self._client.query(
                vector=values, top_k=top_k, namespace=namespace, filter=found_by, include_metadata=metadata
            ),
            self._patience.query_s,
        )

    async def fetch(self, namespace: str, ids: Sequence[str]) -> dict[str, Vector]:
        check_name(namespace)
        asked = check_ids(ids)

        async def look() -> dict[str, Vector]:
            found: dict[str, Vector] = {}
            for batch in wire.id_batches(asked):
                answer = await self._try(
                    lambda batch=batch: self._client.fetch(ids=batch, namespace=namespace),  # type: ignore[misc]
                    self._patience.query_s,
                )
                for id, one in answer.vectors.items():
                    values = np.array(one.values[: wire.size_of(one.metadata, self._width)], np.float32)
                    found[id] = Vector(id, values, wire.metadata_of(one.metadata))
            return found

        return await self._on_loop(look())

    async def count(self, namespace: str) -> int:
        check_name(namespace)
        stats = await self._on_loop(self._stats(self._patience.query_s))
        space = stats.namespaces.get(namespace)
        return 0 if space is None else int(space.vector_count)

    # what everything needs
    @property
    def _client(self) -> AsyncIndex:
        if self._index is None:
            raise VectorFault("UNAVAILABLE", "the vector store is closed", True)
        return self._index

    async def _stats(self, all_s: float) -> Any:
        return await self._try(self._client.describe_index_stats, all_s)

    async def _check_size(self, namespace: str, size: int) -> None:
        """One length a namespace, as far as can be known: two first upserts at once may differ."""
        if size > self._width:
            raise WrongDimension(f"the Pinecone index (of {self._width}; make a wider one)", self._width, size)
        known, at = self._sizes.get(namespace, (0, 0.0))
        if known != size or time.monotonic() - at > SIZE_KNOWN_S:
            answer = await self._ask(
                namespace, wire.padded(np.ones(1, np.float32), self._width), 1, None, metadata=True
            )
            if answer.matches:
                known = wire.size_of(answer.matches[0].metadata, self._width)
                self._sizes[namespace] = (known, time.monotonic())
        if known and known != size:
            raise WrongDimension(namespace, known, size)

    async def _try(self, call: Callable[[], Awaitable[T]], all_s: float) -> T:
        """Raises `VectorFault`: of the last try, or as soon as waiting would not fit into `all_s`."""
        deadline, wait_s = time.monotonic() + all_s, 0.0
        for left in tries():
            try:
                async with asyncio.timeout(max(0.001, min(self._patience.ask_s * 2, deadline - time.monotonic()))):
                    return await call()
            except Exception as error:  # noqa: BLE001 - whatever the client raises becomes a fault of ours
                fault = fault_of(error)
                wait_s = waits(fault.retry_after_s, wait_s)
                if not fault.retryable or not left or time.monotonic() + wait_s >= deadline:
                    raise fault from None  # the client's error shows headers
            await asyncio.sleep(wait_s)
        raise AssertionError("unreachable")

    async def _on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return await run_on(self._loop, work)
