"""How a PostgreSQL database gets the tables of the vector store.

Owns the schema `storyforge_vectors` and its numbered steps; the ledger's schema is another's. The invariant: of
processes that start at once one migrates, under an advisory lock of its transaction; each step commits whole and is
never changed once released. The extension `vector` may be in any schema: every name of it is written with its schema.
"""

from __future__ import annotations

import psycopg
from psycopg import errors

from storage.ledger.postgres_connect import Connection, told
from storage.vectors.protocol import VectorFault

LOCK = 0x53465631  # "SFV1"

INDEXED = (384, 512)
"""Lengths with an approximate index: MiniLM's, and identities'. Others are compared one by one."""

VERSION_MIN = (0, 8)
"""pgvector with iterative scans: before, an index that filters afterwards may answer too little."""

STEPS_TABLE = """CREATE TABLE IF NOT EXISTS storyforge_vectors.schema_steps (
  number bigint PRIMARY KEY, what text NOT NULL, at timestamptz NOT NULL DEFAULT now()
)"""


def _hnsw(size: int) -> str:
    return (
        f"CREATE INDEX entries_near_{size} ON storyforge_vectors.entries"
        f" USING hnsw ((body::{{vector}}.vector({size})) {{vector}}.vector_cosine_ops) WHERE size = {size}"
    )


STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "namespaces and their entries",
        (
            """CREATE TABLE storyforge_vectors.spaces (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, size integer NOT NULL
)""",
            """CREATE TABLE storyforge_vectors.entries (
  space bigint NOT NULL, id text COLLATE "C" NOT NULL, size integer NOT NULL, body {vector}.vector NOT NULL,
  metadata jsonb NOT NULL, expires_at double precision, PRIMARY KEY (space, id)
)""",
            "CREATE INDEX entries_metadata ON storyforge_vectors.entries USING gin (metadata jsonb_path_ops)",
            "CREATE INDEX entries_expire ON storyforge_vectors.entries (expires_at) WHERE expires_at IS NOT NULL",
            *(_hnsw(size) for size in INDEXED),
        ),
    ),
)


async def ensure_schema(connection: Connection, where: str) -> str:
    """Run the steps that are missing; the quoted name of the extension's schema. Raises `VectorFault`."""
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            vector = await _extension(connection)
            await connection.execute("CREATE SCHEMA IF NOT EXISTS storyforge_vectors")
            await connection.execute(STEPS_TABLE)
            row = await (
                await connection.execute("SELECT coalesce(max(number), 0) FROM storyforge_vectors.schema_steps")
            ).fetchone()
            done = int(row[0]) if row else 0
            if done > len(STEPS):
                words = f"{where} has the vector schema {done}, this code {len(STEPS)}: run the newer version"
                raise VectorFault("REFUSED", words, False)
            for number, (what, statements) in enumerate(STEPS[done:], done + 1):
                for statement in statements:
                    await connection.execute(statement.format(vector=vector).encode())
                await connection.execute(
                    "INSERT INTO storyforge_vectors.schema_steps (number, what) VALUES (%s, %s)", (number, what)
                )
            return vector
    except errors.FeatureNotSupported as error:
        words = f"{where} has no extension vector: install pgvector 0.8 or newer, or use another vector_store"
        raise VectorFault("REFUSED", words, False) from error
    except (errors.UndefinedFile, errors.InsufficientPrivilege) as error:
        words = f"{where}: {told(error)}; let an administrator run CREATE EXTENSION vector and grant CREATE"
        raise VectorFault("REFUSED", words, False) from error
    except psycopg.Error as error:
        raise VectorFault("UNAVAILABLE", f"{where}: {told(error)}", True) from error


async def _extension(connection: Connection) -> str:
    found = await _look(connection)
    if found is None:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        found = await _look(connection)
        assert found is not None
    schema, version = found
    if tuple(int(part) for part in version.split(".")[:2]) < VERSION_MIN:
        raise VectorFault("REFUSED", f"pgvector is {version}: 0.8 or newer is needed (ALTER EXTENSION … UPDATE)", False)
    return schema


async def _look(connection: Connection) -> tuple[str, str] | None:
    row = await (
        await connection.execute(
            "SELECT quote_ident(n.nspname), e.extversion FROM pg_extension e"
            " JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"
        )
    ).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))
