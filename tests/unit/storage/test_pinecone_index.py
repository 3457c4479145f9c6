"""Pinecone by its real client, against a loopback server that serves our index under its REST paths (K-30 … K-32)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from storage.vectors.pinecone_index import Patience, PineconePlace, PineconeVectors
from storage.vectors.protocol import PartialUpsert, Vector, VectorFault, WrongDimension
from tests.pinecone_server import KEY, Fault, PineconeServer, running

pytestmark = pytest.mark.unit

WIDTH = 16
QUICK = Patience(ask_s=1.0, query_s=2.0, write_s=4.0)


@pytest.fixture
def server() -> Iterator[PineconeServer]:
    with running(WIDTH) as one:
        yield one


@pytest.fixture
async def store(server: PineconeServer) -> AsyncIterator[PineconeVectors]:
    made = PineconeVectors(PineconePlace(KEY, host=server.url), QUICK)
    await made.open()
    yield made
    await made.close()


def vectors(count: int, size: int = 8, **metadata: Any) -> list[Vector]:
    values = np.random.default_rng(3).standard_normal((count, size)).astype(np.float32)
    return [Vector(f"v{n}", row, {"n": n, **metadata}) for n, row in enumerate(values)]


async def test_the_address_is_asked_for_by_name(server: PineconeServer) -> None:
    """K-30: a name is enough; a wrong one, a wrong key or an index of another metric say which setting to correct, and
    no message holds the key."""
    store = PineconeVectors(PineconePlace(KEY, index="storyforge", control=server.url), QUICK)
    await store.open()
    await store.upsert("s", vectors(1))
    assert await store.count("s") == 1
    await store.close()
    await store.close()
    for place, words in (
        (PineconePlace(KEY, index="other", control=server.url), "pinecone_index"),
        (PineconePlace("pcsk_wrong", host=server.url), "pinecone_api_key"),
        (PineconePlace(KEY, host="nodots"), "pinecone_host"),
    ):
        with pytest.raises(VectorFault, match=words) as refused:
            await PineconeVectors(place, QUICK).open()
        assert (refused.value.code, refused.value.retryable) == ("REFUSED", False)
        assert place.api_key not in str(refused.value) + repr(place)
    with running(WIDTH, metric="euclidean") as other, pytest.raises(VectorFault, match="cosine"):
        await PineconeVectors(PineconePlace(KEY, host=other.url), QUICK).open()


async def test_batches_are_bounded(store: PineconeVectors, server: PineconeServer) -> None:
    """K-30: at most 100 vectors and 2 MB a request, whatever the metadata weigh."""
    await store.upsert("s", vectors(250))
    assert [len(body["vectors"]) for body in server.paths("upsert")] == [100, 100, 50]
    await store.upsert("s", vectors(400, text="\x01" * 15_000))
    assert max(size for path, size, _ in server.asked if "upsert" in path) <= 2_000_000
    assert await store.count("s") == 400


async def test_lengths_up_to_the_index_fit(store: PineconeVectors) -> None:
    """K-30: shorter vectors lie in a wider index with the same cosines, one length a namespace; longer ones do not."""
    await store.upsert("prompts", vectors(5, 8))
    await store.upsert("faces", vectors(5, 16))
    asked = vectors(9, 8)[1].values
    found = await store.query("prompts", asked, top_k=5)
    assert (found[0].id, found[0].score) == ("v1", pytest.approx(1, abs=1e-6))
    kept = (await store.fetch("prompts", ["v1"]))["v1"]
    assert kept.values == pytest.approx(asked)
    assert dict(kept.metadata) == {"n": 1}
    with pytest.raises(WrongDimension):
        await store.upsert("prompts", vectors(1, 16))
    with pytest.raises(WrongDimension, match="make a wider one"):
        await store.upsert("new", vectors(1, 17))


async def test_some_batches_are_in(store: PineconeVectors, server: PineconeServer) -> None:
    """K-31: told by id: those of the batches before the fault are in, the others not; upserting them again heals."""
    server.faults += [Fault("upsert", 400, after=1)]
    given = vectors(250)
    with pytest.raises(PartialUpsert) as partial:
        await store.upsert("s", given)
    assert partial.value.stored == tuple(v.id for v in given[:100])
    assert partial.value.missing == tuple(v.id for v in given[100:])
    assert not partial.value.retryable
    assert await store.count("s") == 100
    await store.upsert("s", [v for v in given if v.id in partial.value.missing])
    assert await store.count("s") == 250


async def test_what_can_pass_is_tried_again(store: PineconeVectors, server: PineconeServer) -> None:
    """K-31: 500, 503, 429 and a cut connection, within bounds; a write whose answer was lost is written once."""
    server.faults += [Fault("upsert", 503), Fault("upsert", 500, late=True)]
    await store.upsert("s", vectors(3))
    assert await store.count("s") == 3
    server.faults += [Fault("/query", 429, {"retry-after": "0.05"})]
    assert len(await store.query("s", vectors(1)[0].values, top_k=5)) == 3
    server.faults += [Fault("/query", 500) for _ in range(9)]
    with pytest.raises(VectorFault) as spent:
        await store.query("s", vectors(1)[0].values)
    assert (spent.value.code, spent.value.retryable) == ("UNAVAILABLE", True)
    assert 5 <= len(server.faults) < 9


async def test_a_long_wait_is_handed_on(store: PineconeVectors, server: PineconeServer) -> None:
    """K-31: 429 with a Retry-After that does not fit the call's time is THROTTLED at once, saying how long."""
    server.faults += [Fault("stats", 429, {"retry-after": "30"})]
    began = time.monotonic()
    with pytest.raises(VectorFault) as throttled:
        await store.count("s")
    assert (throttled.value.code, throttled.value.retryable) == ("THROTTLED", True)
    assert throttled.value.retry_after_s == 30
    assert time.monotonic() - began < 1


async def test_silence_ends(server: PineconeServer) -> None:
    """K-31: a server that does not answer costs the named time, and is TIMEOUT; the next call works."""
    store = PineconeVectors(PineconePlace(KEY, host=server.url), Patience(ask_s=0.1, query_s=0.4, write_s=0.4))
    await store.open()
    server.faults += [Fault("/query", hang=True) for _ in range(5)]
    began = time.monotonic()
    with pytest.raises(VectorFault) as silent:
        await store.query("s", vectors(1)[0].values)
    assert (silent.value.code, silent.value.retryable) == ("TIMEOUT", True)
    assert time.monotonic() - began < 1.5
    server.faults.clear()
    assert await store.query("s", vectors(1)[0].values) == []
    await store.close()


async def test_what_cannot_pass_is_asked_once(store: PineconeVectors, server: PineconeServer) -> None:
    """K-31"""
    for status, code in ((400, "INVALID"), (401, "REFUSED"), (403, "REFUSED"), (402, "REFUSED"), (413, "INVALID")):
        server.faults += [Fault("stats", status), Fault("stats", 500)]
        with pytest.raises(VectorFault) as refused:
            await store.count("s")
        assert (refused.value.code, refused.value.retryable) == (code, False)
        assert len(server.faults) == 1
        server.faults.clear()


async def test_a_write_may_stay_unseen(store: PineconeVectors, server: PineconeServer) -> None:
    """K-32: an acknowledged write is invisible until the index has caught up, and nothing fails for it; a sweep that
    sees what it has deleted already ends, and counts it once."""
    server.hold()
    await store.upsert("s", vectors(4, expires_at=10.0))
    assert await store.query("s", vectors(1)[0].values) == []
    assert await store.fetch("s", ["v0"]) == {}
    assert store.lag_s > 0
    server.release()
    assert len(await store.query("s", vectors(1)[0].values, top_k=9)) == 4
    server.hold()
    assert await store.sweep(11.0) == 4
    assert await store.sweep(11.0) == 4  # it still sees them: deleting again is harmless
    server.release()
    assert await store.count("s") == 0
    assert await store.sweep(11.0) == 0


async def test_many_expired_go_in_rounds(server: PineconeServer) -> None:
    """K-32: a thousand at a time."""
    store = PineconeVectors(PineconePlace(KEY, host=server.url))
    await store.open()
    for start in range(0, 2_500, 500):
        await store.upsert(
            "s", [Vector(f"v{start + n}", v.values, v.metadata) for n, v in enumerate(vectors(500, expires_at=1))]
        )
    assert await store.sweep(2.0) == 2_500
    assert [len(body["ids"]) for body in server.paths("delete")] == [1_000, 1_000, 500]
    await store.close()


async def test_filters_are_pinecone_s(store: PineconeVectors, server: PineconeServer) -> None:
    """K-30: $eq, $in and $gt of its documented language; truth values by $eq alone."""
    await store.query("s", vectors(1)[0].values, where={"a": "x", "b": (1, 2), "c": (True, "y")}, alive_at_s=5.0)
    assert server.paths("/query")[-1]["filter"] == {
        "$and": [
            {"a": {"$eq": "x"}},
            {"b": {"$in": [1, 2]}},
            {"$or": [{"c": {"$eq": True}}, {"c": {"$eq": "y"}}]},
            {"expires_at": {"$gt": 5.0}},
        ]
    }


def test_any_loop_may_call(server: PineconeServer) -> None:
    """K-30: connections belong to a loop of the store's own; callers come from several, one after the other."""
    store = PineconeVectors(PineconePlace(KEY, host=server.url), QUICK)
    asyncio.run(store.open())
    asyncio.run(store.upsert("s", vectors(3)))
    assert asyncio.run(store.count("s")) == 3
    asyncio.run(store.close())
    with pytest.raises(VectorFault, match="closed"):
        asyncio.run(store.count("s"))
