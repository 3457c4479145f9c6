"""The object store's contract: whole files under keys, written once, read by range.

Owns the vocabulary of all stores; no I/O. The invariant: a key shows all of an object or nothing of it. Objects come
from generation steps, uploads and exports, and go to players and people through signed addresses.
"""

from __future__ import annotations

import enum
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

KEY_BYTES_MAX = 900
"""S3 takes 1,024; the rest is for a deployment's own prefix."""

KEY_PART_BYTES_MAX = 200
"""One name between slashes. File systems take 255; the rest is for suffixes of our own."""

OBJECT_BYTES_MAX = 8 * 1024**3
"""One object. Above it: a feature film in one file; exports split before."""

CHUNK_BYTES = 256 * 1024
"""Piece size of streamed reads and writes: memory per transfer against calls per megabyte."""

_PART = re.compile(r"[A-Za-z0-9_=@+~-][A-Za-z0-9._=@+~-]*")


class Access(enum.StrEnum):
    """Who may read the objects of a store."""

    SIGNED = "signed"  # whoever holds a signed address; caches may keep it
    SIGNED_DOWNLOAD = "signed_download"  # the same for one person's download: no shared cache keeps it
    PRIVATE = "private"  # never served; read by our own parts only


class StoreName(enum.StrEnum):
    """The four stores; the value is the first part of every key in them."""

    VIDEOS = "videos"  # takes: playlists, segments, files, captions
    ASSETS = "assets"  # panels, posters, reference images, uploads
    EXPORTS = "exports"  # what people download
    INTERNAL = "internal"  # work between steps

    @property
    def access(self) -> Access:
        return _ACCESS[self]

    def key(self, *parts: str) -> str:
        """A checked key in this store. Raises `ObjectStoreError` BAD_KEY."""
        return check_key("/".join((self.value, *parts)))


def store_of(key: str) -> StoreName | None:
    """The store a key is in, if any of ours."""
    return next((name for name in StoreName if key.startswith(f"{name}/")), None)


_ACCESS = {
    StoreName.VIDEOS: Access.SIGNED,
    StoreName.ASSETS: Access.SIGNED,
    StoreName.EXPORTS: Access.SIGNED_DOWNLOAD,
    StoreName.INTERNAL: Access.PRIVATE,
}


class ObjectStoreError(Exception):
    """A refusal or a fault. Codes: NOT_FOUND, EXISTS, BAD_KEY, BAD_RANGE, TOO_LARGE (never retryable), DISK_FULL,
    UNWRITABLE, IO, THROTTLED, CONFLICT (retryable: the place, not the request, is at fault), ACCESS_DENIED, NO_BUCKET
    (not retryable: the message names the setting)."""

    def __init__(self, code: str, message: str, retryable: bool) -> None:
        super().__init__(code, message, retryable)
        self.code, self.message, self.retryable = code, message, retryable

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """`sha256` is of the content, lower-case hex; it serves as a strong ETag. `modified_ms` is Unix time."""

    key: str
    size: int
    sha256: str
    content_type: str
    cache_control: str
    modified_ms: int


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says of an object; its hash, type and cache rule cost a `head`."""

    key: str
    size: int
    modified_ms: int


Body = bytes | Path | AsyncIterator[bytes]
"""What can be stored: bytes, a file (copied), or chunks (an iterator that raises stores nothing)."""


class ObjectStore(Protocol):
    """Every method raises `ObjectStoreError`; BAD_KEY for a key that `check_key` refuses."""

    async def put(
        self,
        key: str,
        body: Body,
        *,
        content_type: str,
        cache_control: str = "",
        if_none_match: bool = False,
    ) -> ObjectInfo:
        """Store all of it or nothing. `if_none_match`: EXISTS when the key is taken (of racing puts one wins)."""
        ...

    async def get(self, key: str) -> bytes:
        """The whole object in memory; for large ones use `open`. NOT_FOUND."""
        ...

    def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes start..end (end not included, None: to the last) in chunks. NOT_FOUND, BAD_RANGE at the first chunk."""
        ...

    async def head(self, key: str) -> ObjectInfo | None: ...

    async def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> Sequence[Listed]:
        """Objects whose key begins with `prefix` and sorts after `after`, by key, at most `limit`."""
        ...

    async def delete(self, key: str) -> bool:
        """Whether there was one."""
        ...

    async def sweep(self, older_than_s: float = 24 * 3600.0) -> int:
        """Remove what writers that died left half done; how much. Call it at start."""
        ...

    async def check(self) -> None:
        """Return if the place can be reached and used."""
        ...


def check_key(key: str) -> str:
    """The key, if every store can hold it: "/"-separated parts of A-Z a-z 0-9 . _ = @ + ~ -, none empty or beginning
    with a dot (so no "..", no absolute path, no ":")."""
    parts = key.split("/")
    if len(key) > KEY_BYTES_MAX or not all(_PART.fullmatch(p) and len(p) <= KEY_PART_BYTES_MAX for p in parts):
        raise ObjectStoreError("BAD_KEY", "the key has a part no store can hold", False)
    return key
