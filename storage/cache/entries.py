"""What is kept of a film that may stand for others: its question, its media, whose it is, and the rows of its words.

Owns the record and where it lies: one object of the internal store, written before the vector that finds it. The
invariant: a record is written once under its job's name, so the same film remembered twice is one entry; a record that
cannot be read is no entry. Vectors find entries; this says what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from storage.cache.verdict import Film
from storage.codec import CodecError, decode, encode
from storage.objects.protocol import ObjectStore, ObjectStoreError, StoreName
from storage.vectors.protocol import Floats

FOLDER = f"{StoreName.INTERNAL.value}/cache/"
RECORD_BYTES_MAX = 2 * 1024 * 1024
"""One entry: its question, its media's names and its rows. Over: not remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """`rows`: float32 (moments, dimension), of the words of each moment."""

    id: str
    film: Film
    media: Mapping[str, Any]
    of: Mapping[str, str]
    seed: str
    by: str
    frame_key: str | None
    frame_sha256: str | None
    rows: Floats
    chosen: bool = False
    """Whether people chose its frames: then it is a film of these words, and not the one its seed alone would give."""


def entry_id(job: str, film: Film) -> str:
    return f"{job}.{film.digest[:16]}"


class Records:
    """Entries as objects, by space (whose they are) and id."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def put(self, space: str, id: str, told: Mapping[str, Any], rows: Floats) -> None:
        """`told`: what the owner said to remember. Raises `ObjectStoreError`, `CodecError`."""
        body = encode({"told": dict(told), "shape": list(rows.shape), "rows": rows.astype("<f4").tobytes()})
        if len(body) > RECORD_BYTES_MAX:
            raise CodecError(f"an entry of {len(body)} bytes is over {RECORD_BYTES_MAX}")
        await self._objects.put(_key(space, id), body, content_type="application/octet-stream")

    async def get(self, space: str, id: str) -> Entry | None:
        """None: there is none that can be read. Raises `ObjectStoreError` where nobody can tell."""
        try:
            return _entry(id, await self._objects.get(_key(space, id)))
        except ObjectStoreError as error:
            if error.code == "NOT_FOUND":
                return None
            raise
        except (CodecError, KeyError, TypeError, ValueError):
            return None

    async def shown(self, entry: Entry) -> bool:
        """Whether its film is still there to be played."""
        return await self._objects.head(str(entry.media["playlist_key"])) is not None

    async def delete(self, space: str, id: str) -> None:
        await self._objects.delete(_key(space, id))

    async def delete_of(self, space: str, job: str) -> None:
        await self._delete(_key(space, f"{job}."))

    async def drop(self, space: str) -> int:
        """All of a space; how many."""
        return await self._delete(_key(space, ""))

    async def _delete(self, prefix: str) -> int:
        gone = 0
        while found := await self._objects.list(prefix, limit=500):
            for each in found:
                gone += await self._objects.delete(each.key)
        return gone

    async def sweep(self, before_ms: float) -> None:
        """Records older than that: their entries expired, or were let go of by name."""
        after = ""
        while found := await self._objects.list(FOLDER, after=after, limit=500):
            for each in found:
                if each.modified_ms < before_ms:
                    await self._objects.delete(each.key)
            after = found[-1].key


def _entry(id: str, body: bytes) -> Entry:
    kept = decode(body, bytes_max=RECORD_BYTES_MAX)
    told, ask = kept["told"], kept["told"]["ask"]
    rows = np.frombuffer(kept["rows"], "<f4").reshape(kept["shape"]).astype(np.float32)
    return Entry(
        id,
        Film.of_ask(ask),
        dict(told["media"]),
        {str(name): str(value) for name, value in told["of"].items()},
        str(told["seed"]),
        str(told.get("by", "")),
        told.get("frame_key"),
        told.get("frame_sha256"),
        rows,
        bool(told.get("chosen")),
    )


def _key(space: str, id: str) -> str:
    return f"{FOLDER}{space}/{id}"
