"""The vector store's contract: the nearest of those that may be answered at all.

Owns the vocabulary, its limits and its faults; no I/O. The invariant: a filter is exact. Whatever index finds
neighbours, an entry whose metadata does not match, or whose time is over, is never answered. Vectors come from
embedders; the semantic cache and the identities of characters read them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Scalar = str | int | float | bool
"""Of numbers only the value counts (1 equals 1.0, as in JSON); a truth value equals no number."""
Where = Mapping[str, Scalar | tuple[Scalar, ...]]
"""Name → the value, or one of the values, that the metadata must have. An entry without the name does not match."""
Floats = NDArray[np.float32]

EXPIRES_AT = "expires_at"
"""Metadata name: seconds since the epoch from which on an entry is not answered. Absent: never. Not for `where`."""

UPSERT_VECTORS_MAX = 1_000
"""In one call. More: the caller's batches; a call that takes everything hides where it failed."""
IDS_MAX = 1_000
TOP_K_MAX = 100
DIMENSIONS_MAX = 4_096
NAME_CHARS_MAX = 200
"""Of ids and namespaces, printable ASCII without spaces: what every store takes, Pinecone's 512 included."""
METADATA_NAMES_MAX = 40
METADATA_BYTES_MAX = 16 * 1024
"""Of one entry, as UTF-8 text. Pinecone refuses 40 kB; a filter needs digests, never texts."""
WHERE_VALUES_MAX = 1_000

_NAME = re.compile(rf"[!-~]{{1,{NAME_CHARS_MAX}}}")


class VectorFault(Exception):
    """`code`: INVALID (the caller's mistake), WRONG_DIMENSION, FULL, DAMAGED, REFUSED (credentials, no such index),
    none retryable; UNAVAILABLE, TIMEOUT, THROTTLED, PARTIAL, retryable."""

    def __init__(self, code: str, message: str, retryable: bool, retry_after_s: float | None = None) -> None:
        super().__init__(code, message, retryable, retry_after_s)
        self.code, self.message, self.retryable, self.retry_after_s = code, message, retryable, retry_after_s

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class WrongDimension(VectorFault):
    """A namespace takes vectors of the length of its first one. Never retryable."""

    def __init__(self, namespace: str, wanted: int, given: int) -> None:
        super().__init__("WRONG_DIMENSION", f"{namespace} holds vectors of {wanted} numbers, not {given}", False)
        self.args = (namespace, wanted, given)


class PartialUpsert(VectorFault):
    """Some batches of an upsert are in, others not. `stored` are; `missing` are not, as far as the store says: to
    upsert those again is harmless."""

    def __init__(self, stored: tuple[str, ...], missing: tuple[str, ...], cause: VectorFault) -> None:
        told = f"{len(stored)} of {len(stored) + len(missing)} vectors are in: {cause.message}"
        super().__init__("PARTIAL", told, cause.retryable, cause.retry_after_s)
        self.args = (stored, missing, cause)
        self.stored, self.missing, self.cause = stored, missing, cause


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """`values`: float32, not all zero, all finite. Of any length: stores compare directions."""

    id: str
    values: Floats
    metadata: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Match:
    id: str
    score: float
    """The cosine, −1 to 1."""
    metadata: Mapping[str, Scalar]


class VectorStore(Protocol):
    """Every method raises `VectorFault`. Usable from any event loop. A namespace exists by its first upsert; one that
    does not exist is empty."""

    async def open(self) -> None: ...

    async def close(self) -> None:
        """Safe at any time, also twice."""
        ...

    async def check(self) -> None:
        """Return if the store answers."""
        ...

    async def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        """Insert or replace, by id. Once it returned nothing of it is lost; whether this call's caller or others see
        it at once, `lag_s` says. Raises `WrongDimension`, `PartialUpsert`."""
        ...

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
        """The nearest that match, best first; only those with a cosine of `at_least`. `alive_at_s`: without entries
        that expired by then; None: with them. Raises `WrongDimension`."""
        ...

    async def fetch(self, namespace: str, ids: Sequence[str]) -> dict[str, Vector]:
        """Those that exist, expired or not; values as given, but for the last bit."""
        ...

    async def delete(self, namespace: str, ids: Sequence[str]) -> None:
        """An id that is not there is no fault."""
        ...

    async def delete_where(self, namespace: str, where: Where) -> int:
        """How many. An empty `where` is refused: that is `drop`."""
        ...

    async def drop(self, namespace: str) -> None: ...

    async def count(self, namespace: str) -> int:
        """Entries that are there, expired ones included."""
        ...

    async def sweep(self, now_s: float) -> int:
        """Delete what expired by then, in all namespaces, in bounded batches; how many. What one call leaves, the
        next one takes."""
        ...

    @property
    def lag_s(self) -> float:
        """How long an acknowledged change may stay unseen by queries, at most as far as is known; 0: never."""
        ...


def check_name(name: str) -> str:
    """An id or namespace. Raises `VectorFault` INVALID."""
    if not _NAME.fullmatch(name):
        raise invalid(f"a name has 1..{NAME_CHARS_MAX} printable ASCII characters without spaces")
    return name


def check_values(values: Floats) -> Floats:
    """One vector as contiguous float32. Raises `VectorFault` INVALID."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    if values.ndim != 1 or not 0 < values.size <= DIMENSIONS_MAX:
        raise invalid(f"a vector has 1..{DIMENSIONS_MAX} numbers in one row")
    length = float(np.linalg.norm(values.astype(np.float64)))
    if not math.isfinite(length) or not 1e-18 < length < 1e18:
        raise invalid("a vector has a direction: finite numbers, not all zero")
    return values


def check_upsert(namespace: str, vectors: Sequence[Vector]) -> int:
    """The dimension of the vectors, 0 for none. Raises `VectorFault` INVALID, `WrongDimension`."""
    check_name(namespace)
    if len(vectors) > UPSERT_VECTORS_MAX:
        raise invalid(f"an upsert has at most {UPSERT_VECTORS_MAX} vectors")
    if len({vector.id for vector in vectors}) < len(vectors):
        raise invalid("an upsert names an id once")
    for vector in vectors:
        check_name(vector.id)
        check_values(vector.values)
        check_metadata(vector.metadata)
        if len(vector.values) != len(vectors[0].values):
            raise WrongDimension(namespace, len(vectors[0].values), len(vector.values))
    return len(vectors[0].values) if vectors else 0


def check_metadata(metadata: Mapping[str, Scalar]) -> None:
    if len(metadata) > METADATA_NAMES_MAX:
        raise invalid(f"metadata has at most {METADATA_NAMES_MAX} names")
    size = 0
    for name, value in metadata.items():
        check_scalar(name, value)
        size += len(name) + (len(value.encode()) if isinstance(value, str) else 8)
    if size > METADATA_BYTES_MAX:
        raise invalid(f"metadata of one entry has at most {METADATA_BYTES_MAX} bytes")
    expires = metadata.get(EXPIRES_AT, 0.0)
    if isinstance(expires, bool | str):
        raise invalid(f"{EXPIRES_AT} is a number of seconds")


def check_scalar(name: str, value: Scalar) -> None:
    if not name or name.startswith("$") or len(name) > NAME_CHARS_MAX:
        raise invalid(f"a metadata name has 1..{NAME_CHARS_MAX} characters, the first not $")
    if isinstance(value, bool | str):
        if isinstance(value, str) and "\0" in value:
            raise invalid(f"metadata {name}: text without NUL")  # PostgreSQL has none
    elif not isinstance(value, int | float) or not abs(value) <= 2**53:
        raise invalid(f"metadata {name}: text, a truth value, or a number within ±2^53")


def check_where(where: Where | None) -> dict[str, tuple[Scalar, ...]]:
    """Each name with the values that match. Raises `VectorFault` INVALID."""
    asked: dict[str, tuple[Scalar, ...]] = {}
    for name, value in (where or {}).items():
        values = value if isinstance(value, tuple) else (value,)
        if name == EXPIRES_AT:
            raise invalid(f"{EXPIRES_AT} is asked for by alive_at_s")
        if len(values) > WHERE_VALUES_MAX:
            raise invalid(f"one of at most {WHERE_VALUES_MAX} values")
        for one in values:
            check_scalar(name, one)
        asked[name] = values
    return asked


def check_ids(ids: Sequence[str]) -> list[str]:
    """Each once. Raises `VectorFault` INVALID."""
    if len(ids) > IDS_MAX:
        raise invalid(f"at most {IDS_MAX} ids at once")
    return [check_name(id) for id in dict.fromkeys(ids)]


def check_top_k(top_k: int) -> None:
    if not 1 <= top_k <= TOP_K_MAX:
        raise invalid(f"top_k is 1..{TOP_K_MAX}")


def expires_at_of(metadata: Mapping[str, Scalar]) -> float:
    """Infinite for an entry that stays."""
    return float(metadata.get(EXPIRES_AT, math.inf))


def invalid(message: str) -> VectorFault:
    return VectorFault("INVALID", message, False)
