"""Hostile bytes from good ones: the corpus of recorded frames and what is done to them. Deterministic by seed."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

from collab import wire
from collab.lib0 import var_string
from collab.limits import Limits

FUZZ = int(os.environ.get("FUZZ", "8000"))
"""Mutated frames in all, half in each framing."""
FUZZ_START = int(os.environ.get("FUZZ_START", "0"))
BATCH = 1000
INTERESTING = (0, 1, 2, 4, 7, 8, 9, 10, 0x27, 0x28, 0x7F, 0x80, 0x84, 0xFF)
DATA = Path(__file__).parents[2] / "data/golden"
GOLDEN: dict[str, Any] = json.loads((DATA / "collab-wire.json").read_text())
PROVIDERS: dict[str, Any] = json.loads((DATA / "hocuspocus-wire.json").read_text())
BASE = [bytes.fromhex(each) for each in GOLDEN["updates"]]
LIMITS = Limits()


def seeds() -> range:
    return range(FUZZ_START, FUZZ_START + max(1, FUZZ // BATCH // 2))


def mutated(source: random.Random, frame: bytes) -> bytes:
    data = bytearray(frame)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data)) if data else 0
        what = source.random()
        if what < 0.6 and data:
            data[at] = source.choice((*INTERESTING, source.randrange(256)))
        elif what < 0.8:
            data[at:at] = bytes((source.choice((*INTERESTING, source.randrange(256))),))
        elif len(data) > 1:
            del data[at : at + source.randint(1, 3)]
    return bytes(data)


def corpus() -> list[bytes]:
    """y-protocols frames as Yjs writes them."""
    updates = [*BASE, bytes.fromhex(GOLDEN["full"]), bytes.fromhex(GOLDEN["both"])]
    frames = [bytes.fromhex(each) for each in GOLDEN["frames"].values()]
    return [*frames, *(wire.sync_update(each) for each in updates), *(wire.sync_step2(each) for each in updates)]


def hostile(source: random.Random, frames: list[bytes]) -> bytes:
    """One mutated frame; mostly its payload alone is mutated, so that the update reader gets to see it."""
    kind = source.choice(frames)
    if kind[0] == 0 and source.random() < 0.8:
        message = wire.read_message(kind, LIMITS)
        if isinstance(message, wire.SyncUpdate | wire.SyncStep2):
            return wire.sync_update(mutated(source, message.update))
    return mutated(source, kind)


def provider_frames(name: str) -> list[bytes]:
    """What stock Hocuspocus providers sent, readdressed to `name`: token, syncs, presence, stateless, close."""
    golden = var_string(PROVIDERS["name"])
    recorded = [bytes.fromhex(each) for version in PROVIDERS["providers"].values() for each in version.values()]
    return [var_string(name) + each[len(golden) :] for each in recorded if each.startswith(golden)]


def rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Memory:
    """Whether this process grows from batch to batch. The first batches fill caches and are not counted."""

    WARM_BATCHES = 5
    GROWTH_BYTES_MAX = 64 * 1024 * 1024

    def __init__(self) -> None:
        self._batches, self._base = 0, 0

    def check(self) -> None:
        self._batches += 1
        if self._batches == self.WARM_BATCHES:
            self._base = rss_bytes()
        elif self._batches > self.WARM_BATCHES:
            assert rss_bytes() - self._base < self.GROWTH_BYTES_MAX, f"after {self._batches} batches"


MEMORY = Memory()
