"""Vector stores: what is answered is the nearest that may be answered (K-20 … K-26). One suite for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.vectors.memory import MemoryVectors
from storage.vectors.pgvector import PgVectors
from storage.vectors.pinecone_index import PineconePlace, PineconeVectors
from storage.vectors.protocol import EXPIRES_AT, Scalar, Vector, VectorFault, VectorStore, WrongDimension
from storage.vectors.sqlite import SqliteVectors
from storage.vectors.usearch_index import UsearchIndex
from tests import pinecone_server

pytestmark = pytest.mark.contract

NOW = 1_800_000_000.0
SPACE = "prj_1"


@asynccontextmanager
async def _memory(given: Callable[[str], Any]) -> AsyncIterator[VectorStore]:
    yield MemoryVectors()


@asynccontextmanager
async def _sqlite(given: Callable[[str], Any]) -> AsyncIterator[VectorStore]:
    folder: Path = given("tmp_path")
    yield SqliteVectors(folder / "vectors.db")


@asynccontextmanager
async def _pinecone(given: Callable[[str], Any]) -> AsyncIterator[VectorStore]:
    """The real client against a loopback server with our index under Pinecone's paths."""
    with pinecone_server.running(width=24) as server:
        yield PineconeVectors(PineconePlace(pinecone_server.KEY, host=server.url))


@asynccontextmanager
async def _pgvector(given: Callable[[str], Any]) -> AsyncIterator[VectorStore]:
    yield PgVectors(given("vector_url"))


@asynccontextmanager
async def _usearch(given: Callable[[str], Any]) -> AsyncIterator[VectorStore]:
    """The embedded store with a graph from the first entries on."""
    folder: Path = given("tmp_path")
    yield SqliteVectors(
        folder / "vectors.db", make_index=lambda size: UsearchIndex(size, graph_from=1, exact_rows_max=5)
    )


MAKERS: dict[str, Callable[[Callable[[str], Any]], AbstractAsyncContextManager[VectorStore]]] = {
    "memory": _memory,
    "pgvector": _pgvector,
    "pinecone": _pinecone,
    "sqlite": _sqlite,
    "usearch": _usearch,
}


@pytest.fixture(params=sorted(MAKERS))
async def store(request: pytest.FixtureRequest) -> AsyncIterator[VectorStore]:
    async with MAKERS[request.param](request.getfixturevalue) as made:
        await made.open()
        yield made
        await made.close()


def vector(id: str, *values: float, **metadata: Scalar) -> Vector:
    return Vector(id, np.array(values, np.float32), metadata)


def near(*values: float) -> Any:
    return np.array(values, np.float32)


def random_vectors(count: int, dimension: int = 24, seed: int = 1) -> list[Vector]:
    rng = np.random.default_rng(seed)
    return [
        Vector(
            f"v{n}",
            rng.standard_normal(dimension).astype(np.float32),
            {"kind": ("panel", "film")[n % 2], "shots": n % 3, "own": n % 5 == 0, EXPIRES_AT: NOW + n},
        )
        for n in range(count)
    ]


async def ids(store: VectorStore, *values: float, space: str = SPACE, **more: Any) -> list[str]:
    return [match.id for match in await store.query(space, near(*values), **{"top_k": 10, **more})]


async def test_the_nearest_come_first(store: VectorStore) -> None:
    """K-20: by cosine, whatever the lengths; ties by id; no more than asked for, and none below the floor."""
    await store.upsert(SPACE, [vector("b", 2, 0), vector("a", 1, 0), vector("up", 0, 3), vector("far", -1, 0)])
    found = await store.query(SPACE, near(5, 0), top_k=4)
    assert [match.id for match in found] == ["a", "b", "up", "far"]
    assert [match.score for match in found] == pytest.approx([1.0, 1.0, 0.0, -1.0], abs=1e-5)
    assert await ids(store, 5, 0, top_k=1) == ["a"]
    assert await ids(store, 5, 1, at_least=0.5) == ["a", "b"]
    assert await ids(store, 5, 1, at_least=0.999) == []


async def test_an_upsert_replaces(store: VectorStore) -> None:
    """K-20: values and metadata, whole; and what is fetched is what was given."""
    await store.upsert(SPACE, [vector("a", 3, 4, kind="film", shot=2, ratio=1.5, own=True)])
    await store.upsert(SPACE, [vector("a", 0, 2, kind="panel"), vector("b", 1, 1)])
    found = await store.fetch(SPACE, ["a", "b", "nobody", "a"])
    assert sorted(found) == ["a", "b"]
    assert found["a"].values.tolist() == pytest.approx([0, 2])
    assert dict(found["a"].metadata) == {"kind": "panel"}
    assert dict(found["b"].metadata) == {}
    assert await ids(store, 1, 0, where={"shot": 2}) == []
    assert await store.count(SPACE) == 2


async def test_metadata_comes_back_as_it_was(store: VectorStore) -> None:
    """K-20: text, truth values and numbers, also by query."""
    given: dict[str, Scalar] = {"text": 'é🎬 "x" \' \\', "empty": "", "yes": True, "no": False, "n": 7, "f": 0.25}
    await store.upsert(SPACE, [Vector("a", near(1, 0), {**given, EXPIRES_AT: NOW})])
    for metadata in (
        (await store.query(SPACE, near(1, 0)))[0].metadata,
        (await store.fetch(SPACE, ["a"]))["a"].metadata,
    ):
        assert dict(metadata) == {**given, EXPIRES_AT: NOW}
        assert isinstance(metadata["yes"], bool)
        assert not isinstance(metadata["n"], bool)


async def test_a_filter_is_exact(store: VectorStore) -> None:
    """K-21: every name must match, one of its values suffices; a number is no truth value; an absent name never
    matches; a filter nobody meets answers nothing, however near others are."""
    await store.upsert(
        SPACE,
        [
            vector("a", 1, 0, kind="film", n=1, flag=True),
            vector("b", 1, 0.1, kind="film", n=2, flag=False),
            vector("c", 1, 0.2, kind="panel", n=1),
            vector("d", 1, 0.3),
        ],
    )
    assert await ids(store, 1, 0, where={"kind": "film"}) == ["a", "b"]
    assert await ids(store, 1, 0, where={"kind": ("panel", "film"), "n": 1}) == ["a", "c"]
    assert await ids(store, 1, 0, where={"n": 1.0}) == ["a", "c"]
    assert await ids(store, 1, 0, where={"n": (2, 3)}) == ["b"]
    assert await ids(store, 1, 0, where={"flag": True}) == ["a"]
    assert await ids(store, 1, 0, where={"flag": False}) == ["b"]
    for where in ({"kind": "Film"}, {"nobody": 1}, {"kind": ()}, {"n": "1"}, {"kind": "film", "n": 3}):
        assert await ids(store, 1, 0, where=where) == []


async def test_a_filter_never_lets_another_through(store: VectorStore) -> None:
    """K-21: in 150 entries, each filter answers what looking at all of them answers."""
    vectors = random_vectors(150)
    await store.upsert(SPACE, vectors)
    asked = random_vectors(4, seed=2)
    wheres: Sequence[dict[str, Any]] = (
        {},
        {"kind": "film"},
        {"shots": (0, 2)},
        {"own": True, "kind": "panel", "shots": 1},
    )
    for question in asked:
        for where in wheres:
            for alive in (None, NOW + 60):
                found = await store.query(SPACE, question.values, top_k=7, where=where, alive_at_s=alive)
                assert [match.id for match in found] == by_looking(vectors, question, where, alive)[:7]


def by_looking(vectors: list[Vector], asked: Vector, where: dict[str, Any], alive: float | None) -> list[str]:
    def fits(one: Vector) -> bool:
        for name, value in where.items():
            if one.metadata[name] not in (value if isinstance(value, tuple) else (value,)):
                return False
        return alive is None or float(one.metadata[EXPIRES_AT]) > alive

    def cosine(one: Vector) -> float:
        a, b = one.values.astype(np.float64), asked.values.astype(np.float64)
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    return [one.id for one in sorted((v for v in vectors if fits(v)), key=lambda v: -cosine(v))]


async def test_what_expired_is_not_answered(store: VectorStore) -> None:
    """K-22: from its moment on, swept or not; who asks for no moment sees it."""
    await store.upsert(SPACE, [vector("old", 1, 0, expires_at=NOW), vector("stays", 1, 0.1)])
    assert await ids(store, 1, 0, alive_at_s=NOW - 0.5) == ["old", "stays"]
    assert await ids(store, 1, 0, alive_at_s=NOW) == ["stays"]
    assert await ids(store, 1, 0) == ["old", "stays"]
    assert sorted(await store.fetch(SPACE, ["old", "stays"])) == ["old", "stays"]


async def test_a_sweep_takes_what_expired(store: VectorStore) -> None:
    """K-22: in every namespace, and nothing else; a second sweep finds nothing."""
    await store.upsert(SPACE, random_vectors(40))
    await store.upsert("prj_2", [vector("x", 1, 0, expires_at=NOW - 5), vector("y", 1, 0, expires_at=NOW + 50)])
    assert await store.sweep(NOW + 9) == 11
    assert await store.sweep(NOW + 9) == 0
    assert await store.count(SPACE) == 30
    assert await store.count("prj_2") == 1
    assert sorted(await store.fetch(SPACE, ["v9", "v10"])) == ["v10"]


async def test_what_is_deleted_is_gone(store: VectorStore) -> None:
    """K-23: by id, by filter, the whole namespace; others stay; put again it is there again."""
    await store.upsert(SPACE, random_vectors(60))
    await store.upsert("prj_2", [vector("v1", 1, 0)])
    await store.delete(SPACE, ["v0", "v1", "nobody"])
    assert await store.count(SPACE) == 58
    assert await store.delete_where(SPACE, {"shots": 2}) == 20
    assert await store.delete_where(SPACE, {"shots": 2}) == 0
    assert await store.count(SPACE) == 38
    left = {match.id for match in await store.query(SPACE, random_vectors(1)[0].values, top_k=100)}
    assert left == {f"v{n}" for n in range(2, 60) if n % 3 != 2}
    await store.upsert(SPACE, random_vectors(3))
    assert await store.count(SPACE) == 41
    await store.drop(SPACE)
    assert await store.count(SPACE) == 0
    assert await store.query(SPACE, random_vectors(1)[0].values) == []
    assert await ids(store, 1, 0, space="prj_2") == ["v1"]


async def test_a_dropped_namespace_begins_anew(store: VectorStore) -> None:
    """K-23: also with vectors of another length."""
    await store.upsert(SPACE, [vector("a", 1, 0)])
    assert await ids(store, 1, 0) == ["a"]
    await store.drop(SPACE)
    await store.upsert(SPACE, [vector("b", 1, 0, 0)])
    assert await ids(store, 1, 0, 0) == ["b"]


async def test_an_empty_namespace_answers_nothing(store: VectorStore) -> None:
    """K-24: no fault, in every call."""
    assert await store.query("prj_none", near(1, 0), where={"a": 1}, alive_at_s=NOW) == []
    assert await store.fetch("prj_none", ["a"]) == {}
    assert await store.count("prj_none") == 0
    assert await store.delete_where("prj_none", {"a": 1}) == 0
    await store.delete("prj_none", ["a"])
    await store.drop("prj_none")
    await store.upsert("prj_none", [])
    assert await store.sweep(NOW) == 0


async def test_namespaces_do_not_see_each_other(store: VectorStore) -> None:
    """K-24"""
    await store.upsert("prj_1", [vector("a", 1, 0, kind="x")])
    await store.upsert("prj_2", [vector("a", 0, 1, 0, kind="x")])
    assert await ids(store, 1, 0, space="prj_1", where={"kind": "x"}) == ["a"]
    assert (await store.query("prj_2", near(1, 0, 0)))[0].score == pytest.approx(0, abs=1e-6)
    await store.delete("prj_1", ["a"])
    assert await store.count("prj_2") == 1


async def test_a_wrong_dimension_is_refused(store: VectorStore) -> None:
    """K-25: typed, not retryable, and nothing of that upsert is in."""
    await store.upsert(SPACE, [vector("a", 1, 0)])
    with pytest.raises(WrongDimension) as refused:
        await store.upsert(SPACE, [vector("b", 1, 0, 0)])
    assert (refused.value.code, refused.value.retryable) == ("WRONG_DIMENSION", False)
    with pytest.raises(WrongDimension):
        await store.query(SPACE, near(1, 0, 0))
    with pytest.raises(WrongDimension):
        await store.upsert("prj_new", [vector("a", 1, 0), vector("b", 1, 0, 0)])
    assert await store.count(SPACE) == 1
    assert await store.count("prj_new") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        vector("", 1, 0),
        vector("with space", 1, 0),
        vector("x" * 201, 1, 0),
        vector("zero", 0, 0),
        vector("nan", float("nan"), 1),
        Vector("none", np.zeros(0, np.float32), {}),
        Vector("table", np.ones((2, 2), np.float32), {}),
        vector("a", 1, 0, n=2**60),
        vector("a", 1, 0, n=float("nan")),
        vector("a", 1, 0, text="x" * 20_000),
        vector("a", 1, 0, expires_at="soon"),
        Vector("a", np.ones(2, np.float32), {"$in": 1}),
        Vector("a", np.ones(2, np.float32), {"list": ["a"]}),  # type: ignore[dict-item]
    ],
    ids=lambda one: one.id[:9] or "empty",
)
async def test_what_cannot_be_kept_is_refused(store: VectorStore, wrong: Vector) -> None:
    """K-25: by the same rule everywhere, before anything is sent, and nothing of the call is in."""
    with pytest.raises(VectorFault) as refused:
        await store.upsert(SPACE, [vector("good", 1, 0), wrong])
    assert refused.value.code in ("INVALID", "WRONG_DIMENSION")
    assert not refused.value.retryable
    assert await store.count(SPACE) == 0


async def test_calls_have_limits(store: VectorStore) -> None:
    """K-25"""
    many = [vector(f"v{n}", 1, n) for n in range(1_001)]
    for call in (
        store.upsert(SPACE, many),
        store.upsert(SPACE, [many[0], many[0]]),
        store.query(SPACE, near(1, 0), top_k=0),
        store.query(SPACE, near(1, 0), top_k=101),
        store.query(SPACE, near(1, 0), where={EXPIRES_AT: 5}),
        store.query("a b", near(1, 0)),
        store.fetch(SPACE, [f"v{n}" for n in range(1_001)]),
        store.delete_where(SPACE, {}),
    ):
        with pytest.raises(VectorFault, match="INVALID"):
            await call


async def test_many_at_once(store: VectorStore) -> None:
    """K-26: callers that write and read side by side; all is there, and each sees its own."""

    async def one(caller: int) -> None:
        for n in range(5):
            name = f"c{caller}-{n}"
            await store.upsert(SPACE, [vector(name, 1, caller, n, caller=caller)])
            found = await store.query(SPACE, near(1, caller, n), where={"caller": caller}, top_k=10)
            assert name in [match.id for match in found]

    await asyncio.gather(*(one(caller) for caller in range(8)))
    assert await store.count(SPACE) == 40
    await store.check()
