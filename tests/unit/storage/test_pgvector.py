"""pgvector on a real PostgreSQL: its index, its schema, its faults (K-34, K-35)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import psycopg
import pytest

from storage.ledger.postgres import PostgresLedger
from storage.vectors.pgvector import PgVectors
from storage.vectors.protocol import Vector, VectorFault
from tests import postgres

pytestmark = pytest.mark.unit

SIZE = 384


@pytest.fixture
async def store(vector_url: str) -> AsyncIterator[PgVectors]:
    made = PgVectors(vector_url, exact_rows_max=50)
    await made.open()
    yield made
    await made.close()


def vectors(count: int, seed: int = 1, **metadata: Any) -> list[Vector]:
    values = np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32)
    return [Vector(f"{seed}-{n}", row, {"n": n, "rare": n % 30 == 7, **metadata}) for n, row in enumerate(values)]


async def plan_of(url: str, statement: str) -> str:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute(f"EXPLAIN {statement}".encode())).fetchall()
        return "\n".join(str(row[0]) for row in rows)


async def test_an_index_answers_where_many_fit(store: PgVectors, vector_url: str) -> None:
    """K-34: above the bound the HNSW index is asked, over several namespaces at once; what does not fit is not
    answered, and where few fit all of them are found."""
    for seed in range(1, 4):
        await store.upsert(f"s{seed}", vectors(120, seed))
    asked = vectors(1, 3)[0].values + vectors(1, 9)[0].values * 0.01
    found = await store.query("s3", asked, top_k=10)
    assert (found[0].id, len(found)) == ("3-0", 10)
    assert all(one.id.startswith("3-") for one in found)
    assert (await store.query("s3", asked, top_k=10, where={"rare": False}))[0].id == "3-0"
    rare = await store.query("s3", asked, top_k=10, where={"rare": True})
    assert sorted(one.id for one in rare) == ["3-37", "3-67", "3-7", "3-97"]
    text = "[" + ",".join("1" * SIZE) + "]"
    near = (
        "SELECT id FROM storyforge_vectors.entries WHERE size = 384"
        f" ORDER BY body::vector(384) <=> '{text}'::vector(384) LIMIT 5"
    )
    assert "entries_near_384" in await plan_of(vector_url, near)


async def test_what_the_index_gave_up_on_is_found_all_the_same(store: PgVectors) -> None:
    """K-34: as many as were asked for, or all that fit, in a namespace that is a small part of the table."""
    await store.upsert("big", vectors(300, 1))
    small = [Vector(one.id, -one.values, one.metadata) for one in vectors(60, 2)]
    await store.upsert("small", small)
    found = await store.query("small", vectors(1, 1)[0].values, top_k=60)
    assert len(found) == 60


async def test_one_process_migrates(vector_url: str) -> None:
    """K-35: however many start at once; beside a ledger in the same database; twice is once."""
    ledger = PostgresLedger(vector_url)
    await ledger.open()
    stores = [PgVectors(vector_url) for _ in range(4)]
    await asyncio.gather(*(one.open() for one in stores))
    await stores[0].upsert("s", vectors(2))
    assert await stores[1].count("s") == 2
    for one in stores:
        await one.close()
        await one.close()
    await ledger.close()
    again = PostgresLedger(vector_url)
    await again.open()
    await again.close()


async def test_an_older_code_leaves_a_newer_schema_alone(vector_url: str) -> None:
    """K-35"""
    store = PgVectors(vector_url)
    await store.open()
    await store.close()
    async with await psycopg.AsyncConnection.connect(vector_url) as connection:
        await connection.execute("INSERT INTO storyforge_vectors.schema_steps (number, what) VALUES (99, 'newer')")
    with pytest.raises(VectorFault, match="newer version") as refused:
        await store.open()
    assert (refused.value.code, refused.value.retryable) == ("REFUSED", False)


async def test_a_database_without_the_extension_is_named() -> None:
    """K-35: with what to install; no password in it."""
    with postgres.running() as server:
        if server is None or server.run("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
            pytest.skip("not run: no PostgreSQL without the extension vector on this machine")
        with pytest.raises(VectorFault, match="pgvector") as refused:
            await PgVectors(server.url()).open()
        assert (refused.value.code, refused.value.retryable) == ("REFUSED", False)
        assert "password-of-tests" not in str(refused.value)


async def test_the_extension_may_be_in_any_schema(vector_server: postgres.Server, vector_url: str) -> None:
    """K-35: nothing depends on the session's search path."""
    name = vector_url.rpartition("/")[2]
    vector_server.run('CREATE SCHEMA "Ext"; CREATE EXTENSION vector SCHEMA "Ext"', name)
    store = PgVectors(vector_url, exact_rows_max=1)
    await store.open()
    await store.upsert("s", vectors(5))
    assert (await store.query("s", vectors(3)[2].values))[0].id == "1-2"
    assert sorted(await store.fetch("s", ["1-0"])) == ["1-0"]
    await store.close()


async def test_cut_connections_cost_nothing(vector_server: postgres.Server, store: PgVectors) -> None:
    """K-35: backends that an administrator ends are replaced; what was acknowledged is there; a server that is gone is
    UNAVAILABLE, without the password."""
    await store.upsert("s", vectors(3))
    for _ in range(3):
        vector_server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'storyforge'"
        )
        assert await store.count("s") == 3
    with pytest.raises(VectorFault) as gone:
        await PgVectors("postgresql://u:secret-word@127.0.0.1:1/none").open()
    assert (gone.value.code, gone.value.retryable) == ("UNAVAILABLE", True)
    assert "secret-word" not in str(gone.value)
    with pytest.raises(ValueError, match="cannot be read"):
        PgVectors("postgresql://%%%")
