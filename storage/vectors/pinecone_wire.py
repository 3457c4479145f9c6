"""What we send to Pinecone and read back: filters, metadata, batches. Pure.

The invariant: what comes back is what was put, and a filter says exactly what the contract's `where` says. Two marks
travel with every entry: its number of dimensions (an index has one width, so shorter vectors are filled with zeros,
which changes no cosine) and its end, so that "not expired" is one comparison.
(Pinecone docs: "Filter by metadata", "Upsert records", limits of both.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from storage.vectors.protocol import EXPIRES_AT, Floats, Scalar, Vector

BATCH_VECTORS_MAX = 100
BATCH_BYTES_MAX = 1_900_000
"""An upsert request may have 2 MB."""
NUMBER_BYTES = 21
"""The longest float32 as JSON, with its comma."""
FETCH_CHARS_MAX = 4_000
"""Ids of a fetch stand in its address."""

SIZE = "_size"
NEVER = 2**53
"""`expires_at` of what stays."""


def padded(values: Floats, width: int) -> list[float]:
    filled = np.zeros(width, np.float32)
    filled[: len(values)] = values
    found: list[float] = filled.tolist()
    return found


def item(vector: Vector, width: int) -> dict[str, Any]:
    metadata = {EXPIRES_AT: NEVER, **vector.metadata, SIZE: len(vector.values)}
    return {"id": vector.id, "values": padded(vector.values, width), "metadata": metadata}


def metadata_of(found: Mapping[str, Any] | None) -> dict[str, Scalar]:
    kept = {name: value for name, value in (found or {}).items() if name != SIZE}
    if kept.get(EXPIRES_AT) == NEVER:
        del kept[EXPIRES_AT]
    return kept


def size_of(found: Mapping[str, Any] | None, width: int) -> int:
    """Of an entry that others put without our mark: the index's width."""
    return int((found or {}).get(SIZE, width))


def filter_of(where: Mapping[str, tuple[Scalar, ...]], alive_at_s: float | None = None) -> dict[str, Any] | None:
    """None for no filter. `$in` takes text and numbers; a truth value is asked for by `$eq`."""
    parts: list[dict[str, Any]] = []
    for name, values in where.items():
        plain = [value for value in values if not isinstance(value, bool)]
        choices: list[dict[str, Any]] = [{name: {"$eq": value}} for value in values if isinstance(value, bool)]
        if plain:
            choices.append({name: {"$eq": plain[0]} if len(plain) == 1 else {"$in": plain}})
        parts.append(choices[0] if len(choices) == 1 else {"$or": choices})
    if alive_at_s is not None:
        parts.append({EXPIRES_AT: {"$gt": alive_at_s}})
    return None if not parts else parts[0] if len(parts) == 1 else {"$and": parts}


def expired_by(now_s: float) -> dict[str, Any]:
    return {EXPIRES_AT: {"$lte": now_s}}


def batches(vectors: Sequence[Vector], width: int) -> Iterator[Sequence[Vector]]:
    """By number and by bytes, in order."""
    start = size = 0
    for place, vector in enumerate(vectors):
        more = width * NUMBER_BYTES + len(vector.id) + _bytes(vector.metadata) + 200
        if place > start and (place - start >= BATCH_VECTORS_MAX or size + more > BATCH_BYTES_MAX):
            yield vectors[start:place]
            start, size = place, 0
        size += more
    if vectors:
        yield vectors[start:]


def _bytes(metadata: Mapping[str, Scalar]) -> int:
    """At most, as JSON: a character may be written as six."""
    return sum(len(name) + 8 + (6 * len(v.encode()) if isinstance(v, str) else 24) for name, v in metadata.items())


def id_batches(ids: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for id in ids:
        if batch and (len(batch) >= BATCH_VECTORS_MAX or sum(map(len, batch)) + len(id) > FETCH_CHARS_MAX):
            yield batch
            batch = []
        batch.append(id)
    if batch:
        yield batch
