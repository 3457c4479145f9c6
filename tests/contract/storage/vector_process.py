"""A process of its own that upserts without end: `python vector_process.py FILE_OR_URL NAME BATCH`.

Prints a line per acknowledged upsert: the number of the first vector in it. It never ends by itself.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

import numpy as np

from storage.vectors.pgvector import PgVectors
from storage.vectors.protocol import Vector, VectorStore
from storage.vectors.sqlite import SqliteVectors

SPACE = "prj_crash"
DIMENSION = 32


def values_of(number: int) -> np.ndarray:
    return np.random.default_rng(number).standard_normal(DIMENSION).astype(np.float32)


def vector(name: str, number: int) -> Vector:
    return Vector(f"{name}-{number}", values_of(number), {"writer": name, "number": number})


def opened(where: str) -> VectorStore:
    return PgVectors(where) if where.startswith("postgresql://") else SqliteVectors(Path(where))


async def main(where: str, name: str, batch: int) -> None:
    store = opened(where)
    await store.open()
    for start in count(0, batch):
        await store.upsert(SPACE, [vector(name, start + k) for k in range(batch)])
        sys.stdout.write(f"{start}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
