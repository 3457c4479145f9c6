"""The heavy work on update bytes, pure, and who may do it: bytes in, bytes out.

Owns four functions (fold, collect, diff, held) and the port behind which they run: on this loop in chunks, in another
process, or in a deployment. Invariant: nothing here keeps state, so that any result may be thrown away and made again;
folding never goes through a document, which would drop what waits for a missing dependency.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import pycrdt

from collab.limits import Limits
from collab.merging import merge
from collab.updates import read_header
from collab.verifying import pack_held

FOLD_CHUNK = 64
"""Updates merged in one call where no room says otherwise; see `Limits.merge_updates_max`."""


def fold(updates: Sequence[bytes], chunk: int = FOLD_CHUNK) -> bytes:
    """One update that says what all of them say."""
    return merge(updates, chunk)


def collect(update: bytes) -> bytes:
    """The same document after garbage collection; as it was if something in it still waits for a dependency."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(update)
    limits = Limits(structs_per_update_max=1 << 53, delete_ranges_per_update_max=1 << 53)
    waiting = read_header(pycrdt.get_update(update, doc.get_state()), limits).structs
    return update if waiting else doc.get_update()


def diff(update: bytes, state_vector: bytes) -> bytes:
    """What a peer with this state vector lacks of the update; its delete set whole."""
    return pycrdt.get_update(update, state_vector)


def held(update: bytes) -> bytes:
    """What the update holds, for `collab.verifying`."""
    state_vector = pycrdt.get_state(update)
    return pack_held(state_vector, pycrdt.get_update(update, state_vector))


class Folder(Protocol):
    """Does the four somewhere. What it raises is the caller's to survive: nothing was changed."""

    async def fold(self, updates: Sequence[bytes]) -> bytes: ...
    async def collect(self, update: bytes) -> bytes: ...
    async def diff(self, update: bytes, state_vector: bytes) -> bytes: ...
    async def held(self, update: bytes) -> bytes: ...


class LocalFolder:
    """On this loop. A fold gives others a turn after each chunk; the others hold the loop for as long as they take
    (about 3 ms a megabyte)."""

    def __init__(self, chunk: int = FOLD_CHUNK) -> None:
        self._chunk = chunk

    async def fold(self, updates: Sequence[bytes]) -> bytes:
        level = list(updates)
        while len(level) > 1:
            merged: list[bytes] = []
            for at in range(0, len(level), self._chunk):
                merged.append(merge(level[at : at + self._chunk], self._chunk))
                await asyncio.sleep(0)
            level = merged
        return level[0]

    async def collect(self, update: bytes) -> bytes:
        return collect(update)

    async def diff(self, update: bytes, state_vector: bytes) -> bytes:
        return diff(update, state_vector)

    async def held(self, update: bytes) -> bytes:
        return held(update)
