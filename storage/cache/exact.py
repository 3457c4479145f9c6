"""The exact cache's contract (level one): the same recipe gives the same bytes without computing them.

Owns the vocabulary; no I/O. The invariant: a cache can only save work. Every fault (disk, corruption, a full or slow
store) is a miss or a skipped write, logged and counted, and never an exception to the job that asked. Keys are recipe
hashes made by the steps of generation; values are their results.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

TTL_S = 30 * 24 * 3600.0
"""How long a value serves. Lower: more is computed again; higher: old looks outlive a changed renderer."""

KEY_BYTES_MAX = 256


@dataclass(slots=True)
class CacheCounts:
    hits: int = 0
    misses: int = 0
    writes: int = 0
    evictions: int = 0
    faults: int = 0


class ExactCache(Protocol):
    """No method raises for anything the store does; `ValueError` for a key of 0 or more than `KEY_BYTES_MAX` bytes.
    Opens itself at first use; `close` is safe at any time."""

    counts: CacheCounts

    async def get(self, key: bytes) -> bytes | None:
        """The value, or None: never written, expired, evicted, damaged, or the store is in trouble."""
        ...

    async def put(self, key: bytes, value: bytes, *, ttl_s: float = TTL_S) -> None:
        """Keep the value, replacing an older one. A value over an eighth of the cache is not kept."""
        ...

    async def evict(self, key: bytes) -> None: ...

    async def sweep(self) -> int:
        """Remove what is expired; how many. The bound on bytes is kept by `put` itself."""
        ...

    async def close(self) -> None: ...


def check_key(key: bytes) -> None:
    """Raises `ValueError`."""
    if not 0 < len(key) <= KEY_BYTES_MAX:
        raise ValueError(f"a cache key has 1..{KEY_BYTES_MAX} bytes")


def digest_of(key: bytes, value: bytes) -> bytes:
    """Of a value under its key: damage, or another key's value, is found."""
    return hashlib.blake2b(value, digest_size=16, key=key[:64]).digest()
