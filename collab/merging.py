"""Folding many updates into one without a document.

Owns the chunking: merging a few at a time costs half a microsecond an update, thousands at once a hundred times that.
Invariant: a merge keeps everything, updates that wait for a missing dependency included; it never goes through a
document, which would drop them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import pycrdt


def merge(updates: Sequence[bytes], chunk: int) -> bytes:
    """One update that says what all of them say. At least one update, `chunk` >= 2."""
    level = list(updates)
    while len(level) > 1:
        level = [_merge_chunk(level[at : at + chunk]) for at in range(0, len(level), chunk)]
    return level[0]


def _merge_chunk(updates: Sequence[bytes]) -> bytes:
    return updates[0] if len(updates) == 1 else pycrdt.merge_updates(*updates)


class Folder(Protocol):
    """Merges somewhere: here between turns of the loop, or in another process."""

    async def fold(self, updates: Sequence[bytes]) -> bytes: ...


class LocalFolder:
    """Merges on this loop, giving others a turn after each chunk."""

    def __init__(self, chunk: int) -> None:
        self._chunk = chunk

    async def fold(self, updates: Sequence[bytes]) -> bytes:
        level = list(updates)
        while len(level) > 1:
            merged: list[bytes] = []
            for at in range(0, len(level), self._chunk):
                merged.append(_merge_chunk(level[at : at + self._chunk]))
                await asyncio.sleep(0)
            level = merged
        return level[0]
