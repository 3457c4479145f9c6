"""The vector store in PostgreSQL, by the extension `vector`.

Owns a few connections, on an event loop of its own thread. The invariant: the database is the truth, seen by everybody
at once, and a filter is exact. Where at most `EXACT_ROWS_MAX` entries fit, they are compared one by one: exact, and
quicker than an index of neighbours that would throw most of what it finds away. Where more fit, the HNSW index answers
with iterative scan: approximate (a neighbour may be missed), never anything that does not fit; where it gave up before
enough were found, the rows are compared one by one after all.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from psycopg_pool import PoolTimeout

from storage.ledger.errors import LedgerError
from storage.ledger.postgres_connect import Connection, Pool, check_address, connect, open_pool, run, where
from storage.vectors.own_loop import OwnLoop, run_on
from storage.vectors.pgvector_schema import INDEXED, ensure_schema
from storage.vectors.protocol import (
    EXPIRES_AT,
    Floats,
    Match,
    PartialUpsert,
    Scalar,
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

EXACT_ROWS_MAX = 5_000
"""Comparing so many takes some 15 ms; the index needs about as long to find a hundred that pass a filter."""
EF_SEARCH = 100
"""Neighbours the index keeps in sight. Higher: it misses fewer and takes longer."""
BATCH_VECTORS_MAX = 100
"""Vectors of one transaction: an entry costs the index of neighbours up to 10 ms, and a statement has 10 s."""
SWEEP_ROWS, SWEEP_BATCHES_MAX = 500, 200

T = TypeVar("T")


class PgVectors:
    """See `storage.vectors.protocol.VectorStore`. `direct_url`: the same database past its pooler, for the schema."""

    lag_s = 0.0

    def __init__(self, url: str, *, direct_url: str = "", exact_rows_max: int = EXACT_ROWS_MAX) -> None:
        """Raises `ValueError` for an address that cannot be read, without repeating it."""
        check_address(url)
        self._url, self._direct_url, self._exact_rows_max = url, direct_url or url, exact_rows_max
        self._loop: OwnLoop | None = None
        self._pool: Pool | None = None
        self._vector = ""

    async def open(self) -> None:
        """Raises `VectorFault` REFUSED for a database without the extension, UNAVAILABLE for one that is away."""
        if self._loop is not None:
            return
        self._loop = OwnLoop("pgvector")
        try:
            await self._loop.run(_told(self._open()))
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> None:
        connection = await connect(self._direct_url)
        try:
            self._vector = await ensure_schema(connection, where(self._direct_url))
        finally:
            await connection.close()
        self._pool = await open_pool(self._url)

    async def close(self) -> None:
        loop, pool = self._loop, self._pool
        self._loop = self._pool = None
        if loop is not None:
            if pool is not None:
                await loop.run(pool.close())
            await loop.stop()

    async def check(self) -> None:
        await self._do(_number_of, "")

    # writing
    async def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        """In batches, in the order of ids: two that meet do not wait for each other."""
        size, ordered = check_upsert(namespace, vectors), sorted(vectors, key=lambda one: one.id)
        for start in range(0, len(ordered), BATCH_VECTORS_MAX):
            try:
                await self._do(self._upsert, namespace, ordered[start : start + BATCH_VECTORS_MAX], size)
            except VectorFault as fault:
                if not start:
                    raise
                ids = [one.id for one in ordered]
                raise PartialUpsert(tuple(ids[:start]), tuple(ids[start:]), fault) from fault

    async def _upsert(self, connection: Connection, namespace: str, vectors: Sequence[Vector], size: int) -> None:
        async with connection.transaction():
            number = await self._make_space(connection, namespace, size)
            rows = [_row(vector) for vector in vectors]
            await connection.execute(
                self._sql(
                    "INSERT INTO storyforge_vectors.entries (space, id, size, body, metadata, expires_at)"
                    " SELECT %s, id, %s, body::{vector}.vector, metadata::jsonb, expires_at"
                    " FROM unnest(%s::text[], %s::text[], %s::text[], %s::double precision[])"
                    " AS given (id, body, metadata, expires_at)"
                    " ON CONFLICT (space, id) DO UPDATE SET size = excluded.size, body = excluded.body,"
                    " metadata = excluded.metadata, expires_at = excluded.expires_at"
                ),
                (number, size, *(list(column) for column in zip(*rows, strict=True))),
            )

    async def _make_space(self, connection: Connection, namespace: str, size: int) -> int:
        """Locked against a drop until the transaction ends."""
        for _ in range(2):
            row = await (
                await connection.execute(
                    "SELECT number, size FROM storyforge_vectors.spaces WHERE name = %s FOR KEY SHARE", (namespace,)
                )
            ).fetchone()
            if row is not None:
                if row[1] != size:
                    raise WrongDimension(namespace, row[1], size)
                return int(row[0])
            await connection.execute(
                "INSERT INTO storyforge_vectors.spaces (name, size) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (namespace, size),
            )
        raise VectorFault("UNAVAILABLE", f"{namespace} was dropped while it was written", True)

    async def delete(self, namespace: str, ids: Sequence[str]) -> None:
        check_name(namespace)
        asked = sorted(check_ids(ids))
        if asked:
            await self._do(_execute, f"{_DELETE} AND id = ANY(%s)", (namespace, asked))

    async def delete_where(self, namespace: str, where: Where) -> int:
        check_name(namespace)
        asked = check_where(where)
        if not asked:
            raise invalid("an empty filter deletes nothing: use drop")
        condition, given = _condition(asked)
        return await self._do(_execute, f"{_DELETE}{condition}", (namespace, *given))

    async def drop(self, namespace: str) -> None:
        check_name(namespace)
        await self._do(_drop, namespace)

    async def sweep(self, now_s: float) -> int:
        """Rows that somebody else has in hand are left for the next sweep."""
        gone = 0
        for _ in range(SWEEP_BATCHES_MAX):
            batch = await self._do(_execute, _SWEEP, (now_s, SWEEP_ROWS))
            gone += batch
            if batch < SWEEP_ROWS:
                break
        return gone

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
        condition, given = _condition(asked)
        if alive_at_s is not None:
            condition, given = f"{condition} AND (expires_at IS NULL OR expires_at > %s)", [*given, alive_at_s]
        found = await self._do(self._query, namespace, values, top_k, condition, given)
        return [one for one in found if one.score >= at_least]

    async def _query(
        self, connection: Connection, namespace: str, values: Floats, top_k: int, condition: str, given: list[Any]
    ) -> list[Match]:
        async with connection.transaction():
            space = await _number_of(connection, namespace)
            if space is None:
                return []
            number, size = space
            if size != len(values):
                raise WrongDimension(namespace, size, len(values))
            if size in INDEXED and await self._many(connection, number, condition, given):
                found = await self._near(connection, number, values, top_k, condition, given)
                if len(found) == top_k:
                    return found
            return await self._exact(connection, number, values, top_k, condition, given)

    async def _many(self, connection: Connection, number: int, condition: str, given: list[Any]) -> bool:
        row = await (
            await connection.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM storyforge_vectors.entries WHERE space = %s{condition}"
                " LIMIT %s) AS fitting".encode(),
                (number, *given, self._exact_rows_max + 1),
            )
        ).fetchone()
        return row is not None and int(row[0]) > self._exact_rows_max

    async def _near(
        self, connection: Connection, number: int, values: Floats, top_k: int, condition: str, given: list[Any]
    ) -> list[Match]:
        await connection.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        await connection.execute(f"SET LOCAL hnsw.ef_search = {max(EF_SEARCH, 2 * top_k)}".encode())
        size, text = len(values), _text(values)
        way = f"body::{{vector}}.vector({size}) OPERATOR({{vector}}.<=>) %s::{{vector}}.vector({size})"
        sql = (
            f"SELECT id, 1 - ({way}), metadata, expires_at FROM storyforge_vectors.entries"
            f" WHERE size = {size} AND space = %s{condition} ORDER BY {way} LIMIT %s"
        )
        return await self._matches(connection, sql, (text, number, *given, text, top_k))

    async def _exact(
        self, connection: Connection, number: int, values: Floats, top_k: int, condition: str, given: list[Any]
    ) -> list[Match]:
        """`MATERIALIZED`: what fits is found first, by whatever index, and no index of neighbours is asked."""
        sql = (
            "WITH found AS MATERIALIZED (SELECT id, body, metadata, expires_at FROM storyforge_vectors.entries"
            f" WHERE space = %s{condition})"
            " SELECT id, 1 - (body OPERATOR({vector}.<=>) %s::{vector}.vector) AS score, metadata, expires_at"
            " FROM found ORDER BY score DESC, id LIMIT %s"
        )
        return await self._matches(connection, sql, (number, *given, _text(values), top_k))

    async def _matches(self, connection: Connection, sql: str, given: tuple[Any, ...]) -> list[Match]:
        rows = await (await connection.execute(self._sql(sql), given)).fetchall()
        found = [Match(id, min(1.0, max(-1.0, score)), _metadata(kept, end)) for id, score, kept, end in rows]
        return sorted(found, key=lambda one: (-one.score, one.id))

    async def fetch(self, namespace: str, ids: Sequence[str]) -> dict[str, Vector]:
        check_name(namespace)
        rows = await self._do(_rows, f"SELECT id, body::real[], metadata, expires_at{_OF_SPACE} AND id = ANY(%s)",
                              (namespace, check_ids(ids)))  # fmt: skip
        return {
            id: Vector(id, np.array(body, np.float32), _metadata(metadata, expires_at))
            for id, body, metadata, expires_at in rows
        }

    async def count(self, namespace: str) -> int:
        check_name(namespace)
        rows = await self._do(_rows, f"SELECT count(*){_OF_SPACE}", (namespace,))
        return int(rows[0][0])

    # what everything needs
    def _sql(self, text: str) -> bytes:
        return text.replace("{vector}", self._vector).encode()

    async def _do(self, work: Callable[..., Awaitable[T]], *given: Any) -> T:
        """Every call may be done twice: to put, delete or ask again changes nothing."""
        pool = self._pool

        async def on_pool() -> T:
            assert pool is not None
            return await run(pool, lambda connection: work(connection, *given), repeat=True)

        return await run_on(self._loop if pool is not None else None, _told(on_pool()))


_OF_SPACE = (
    " FROM storyforge_vectors.entries WHERE space = (SELECT number FROM storyforge_vectors.spaces WHERE name = %s)"
)
_DELETE = f"DELETE{_OF_SPACE}"
_SWEEP = (
    "DELETE FROM storyforge_vectors.entries WHERE (space, id) IN (SELECT space, id FROM storyforge_vectors.entries"
    " WHERE expires_at <= %s LIMIT %s FOR UPDATE SKIP LOCKED)"
)


async def _execute(connection: Connection, sql: str, given: tuple[Any, ...]) -> int:
    return (await connection.execute(sql.encode(), given)).rowcount


async def _rows(connection: Connection, sql: str, given: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return await (await connection.execute(sql.encode(), given)).fetchall()


async def _number_of(connection: Connection, namespace: str) -> tuple[int, int] | None:
    rows = await _rows(connection, "SELECT number, size FROM storyforge_vectors.spaces WHERE name = %s", (namespace,))
    return (int(rows[0][0]), int(rows[0][1])) if rows else None


async def _drop(connection: Connection, namespace: str) -> None:
    async with connection.transaction():
        rows = await _rows(
            connection, "DELETE FROM storyforge_vectors.spaces WHERE name = %s RETURNING number", (namespace,)
        )
        for (number,) in rows:
            await _execute(connection, "DELETE FROM storyforge_vectors.entries WHERE space = %s", (number,))


def _condition(asked: Mapping[str, tuple[Scalar, ...]]) -> tuple[str, list[Any]]:
    """SQL that follows a WHERE, and what it is given. JSON compares numbers by value and tells them from true."""
    single = {name: values[0] for name, values in asked.items() if len(values) == 1}
    sql, given = "", list[Any]()
    if single:
        sql, given = " AND metadata @> %s::jsonb", [json.dumps(single)]
    for name, values in asked.items():
        if len(values) != 1:
            sql += " AND metadata @> ANY (%s::jsonb[])"
            given.append([json.dumps({name: value}) for value in values])
    return sql, given


def _row(vector: Vector) -> tuple[str, str, str, float | None]:
    metadata = {name: value for name, value in vector.metadata.items() if name != EXPIRES_AT}
    end = vector.metadata.get(EXPIRES_AT)
    return vector.id, _text(vector.values), json.dumps(metadata), None if end is None else float(end)


def _text(values: Floats) -> str:
    return f"[{','.join(map(repr, values.tolist()))}]"


def _metadata(kept: dict[str, Scalar], expires_at: float | None) -> dict[str, Scalar]:
    return kept if expires_at is None else {**kept, EXPIRES_AT: expires_at}


async def _told(work: Coroutine[Any, Any, T]) -> T:
    """What the database's client raises, in the words of the contract."""
    try:
        return await work
    except LedgerError as error:
        raise VectorFault("UNAVAILABLE", str(error), True) from None
    except PoolTimeout:
        raise VectorFault("UNAVAILABLE", "no connection to the database was free in time", True) from None
    except ValueError as error:
        raise VectorFault("INVALID", str(error), False) from None
