"""The vector store in memory: exact, and gone with its process.

Owns one exact index a namespace. The invariant is the protocol's. Tests, and whoever needs vectors for one run, use it.
"""

from __future__ import annotations

from collections.abc import Sequence

from storage.vectors.exact import ExactIndex
from storage.vectors.protocol import (
    Floats,
    Match,
    Vector,
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


class MemoryVectors:
    """See `storage.vectors.protocol.VectorStore`. No call waits for anything."""

    lag_s = 0.0

    def __init__(self) -> None:
        self._spaces: dict[str, ExactIndex] = {}

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        self._spaces.clear()

    async def check(self) -> None:
        """Memory always answers."""

    @property
    def namespaces(self) -> dict[str, int]:
        """Each with its entries."""
        return {name: len(space) for name, space in self._spaces.items()}

    async def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        dimension = check_upsert(namespace, vectors)
        if dimension:
            space = self._spaces.setdefault(namespace, ExactIndex(dimension))
            if space.dimension != dimension:
                raise WrongDimension(namespace, space.dimension, dimension)
            space.put(vectors)

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
        space = self._spaces.get(namespace)
        if space is None:
            return []
        if space.dimension != len(values):
            raise WrongDimension(namespace, space.dimension, len(values))
        return space.search(values, top_k=top_k, where=asked, alive_at_s=alive_at_s, at_least=at_least)

    async def fetch(self, namespace: str, ids: Sequence[str]) -> dict[str, Vector]:
        check_name(namespace)
        asked, space = check_ids(ids), self._spaces.get(namespace)
        return {} if space is None else space.get(asked)

    async def delete(self, namespace: str, ids: Sequence[str]) -> None:
        check_name(namespace)
        asked, space = check_ids(ids), self._spaces.get(namespace)
        if space is not None:
            space.remove(asked)

    async def delete_where(self, namespace: str, where: Where) -> int:
        check_name(namespace)
        asked, space = check_where(where), self._spaces.get(namespace)
        if not asked:
            raise invalid("an empty filter deletes nothing: use drop")
        return 0 if space is None else space.remove(space.ids_where(asked))

    async def drop(self, namespace: str) -> None:
        self._spaces.pop(check_name(namespace), None)

    async def count(self, namespace: str) -> int:
        space = self._spaces.get(check_name(namespace))
        return 0 if space is None else len(space)

    async def sweep(self, now_s: float) -> int:
        return sum(space.remove(space.expired(now_s)) for space in self._spaces.values())
