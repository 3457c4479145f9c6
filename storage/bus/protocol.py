"""The bus: wake-ups between processes, `(stream, seq)` and nothing else.

Owns the vocabulary every implementation shares; holds no I/O. The one invariant: *a wake-up says "look again", never
"this is so"*. Whoever is woken re-reads the ledger, so a lost, duplicated, late or reordered wake-up costs latency and
nothing else, and everybody who listens also looks by itself now and then. Publishers are owners (after a commit) and
workers (after a change of an attempt row); listeners are subscriptions, owners and workers.

Streams are named `topic/what`. Sequences only say which of two wake-ups of one stream is the newer; sequences of
different streams have nothing to do with each other.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from storage.codec import CodecError, decode, encode


class Topic(enum.StrEnum):
    """What a wake-up is about: the closed set of first words of a stream."""

    HOME = "home"  # home/{home}: rows were committed; seq: the head
    ATTEMPT = "attempt"  # attempt/{home}/{attempt}: a worker changed the row
    WORK = "work"  # work/{home}: the home opened attempts; work/{home}/{attempt}: it cancelled one that may run


ANY = "*"
"""Stream of the wake-up that says "anything may have moved": after a gap, and instead of too many."""

STREAMS_MAX = 4_096
"""Streams that wait in one direction of one listener or topic. Over: all of them become one `ANY`."""

FRAME_WAKES_MAX = 512
"""Wake-ups in one frame; more go in the next."""

STREAM_CHARS_MAX = 200
"""Of a stream's name. Longer: `ValueError`, for names are ours."""

FRAME_BYTES_MAX = 256 * 1024
"""A frame above this is refused before it is decoded."""


class BusState(enum.StrEnum):
    LIVE = "live"  # wake-ups pass
    POLLING = "polling"  # they do not: everybody looks by itself until they do


@dataclass(frozen=True, slots=True)
class Wake:
    stream: str
    seq: int

    @property
    def topic(self) -> str:
        return self.stream.partition("/")[0]

    @property
    def what(self) -> str:
        """The stream's name without its topic; `ANY` for anything."""
        return ANY if self.stream == ANY else self.stream.partition("/")[2]


EVERYTHING = Wake(ANY, 0)


@dataclass(slots=True)
class BusCounts:
    """Since the start. `merged`: wake-ups that a newer one of their stream replaced before they left."""

    published: int = 0
    merged: int = 0
    frames: int = 0
    received: int = 0
    overflows: int = 0
    faults: int = 0
    gaps: int = 0


class Subscription(Protocol):
    """Iterate it; of each stream only the newest sequence waits. Begins with one `EVERYTHING` once it is in force."""

    def __aiter__(self) -> AsyncIterator[Wake]: ...
    async def next(self) -> Wake: ...

    def close(self) -> None:
        """Ends the iteration."""
        ...


class Bus(Protocol):
    """One per process and loop."""

    counts: BusCounts

    @property
    def state(self) -> BusState: ...

    @property
    def why(self) -> str:
        """What is wrong while the state is POLLING; else empty."""
        ...

    async def open(self) -> None:
        """Never raises for a medium that cannot be reached: the bus polls, and tries again by itself."""
        ...

    async def close(self) -> None: ...

    def publish(self, stream: str, seq: int) -> None:
        """Leave a wake-up to be sent. Never blocks, never raises for a fault, costs a dictionary entry."""
        ...

    def subscribe(self, *topics: Topic) -> Subscription: ...


def home_stream(home: str) -> str:
    return f"{Topic.HOME}/{home}"


def attempt_stream(home: str, attempt: str) -> str:
    return f"{Topic.ATTEMPT}/{home}/{attempt}"


def work_stream(home: str) -> str:
    return f"{Topic.WORK}/{home}"


def cancel_stream(home: str, attempt: str) -> str:
    """Of the topic of work: whoever runs this attempt looks whether it still should."""
    return f"{Topic.WORK}/{home}/{attempt}"


def ring_workers(bus: Bus, home: str, cancelled: Sequence[str] = ()) -> None:
    """After a commit that opened or cancelled attempts. Only who runs what was cancelled beats at once; a ring for all
    would cost every running attempt a commit whenever anybody's job goes on."""
    bus.publish(work_stream(home), 0)
    for attempt in cancelled:
        bus.publish(cancel_stream(home, attempt), 0)


@dataclass(slots=True)
class Coalesced:
    """Wake-ups that wait: of each stream the newest. Over `streams_max` streams they are one `ANY`."""

    streams_max: int = STREAMS_MAX
    everything: bool = False
    waiting: dict[str, int] = field(default_factory=dict)

    def put(self, wake: Wake) -> bool:
        """Whether it was merged with one that waited."""
        if self.everything:
            return True
        if wake.stream == ANY or (len(self.waiting) >= self.streams_max > 0 and wake.stream not in self.waiting):
            self.everything = True
            self.waiting.clear()
            return False
        before = self.waiting.get(wake.stream)
        if before is None or before < wake.seq:
            self.waiting[wake.stream] = wake.seq
        return before is not None

    def take(self, most: int = FRAME_WAKES_MAX) -> list[Wake]:
        """Oldest stream first, at most `most`."""
        if self.everything:
            self.everything = False
            return [EVERYTHING]
        streams = [stream for stream, _ in zip(self.waiting, range(most), strict=False)]
        return [Wake(stream, self.waiting.pop(stream)) for stream in streams]

    def __bool__(self) -> bool:
        return self.everything or bool(self.waiting)


def pack(wakes: list[Wake]) -> bytes:
    """A frame as it travels: versioned msgpack of [[stream, seq], …]."""
    return encode([[wake.stream, wake.seq] for wake in wakes])


def unpack(frame: bytes) -> list[Wake]:
    """Raises `CodecError` for anything else."""
    if len(frame) > FRAME_BYTES_MAX:
        raise CodecError(f"a bus frame of {len(frame)} bytes")
    body = decode(frame)
    if not isinstance(body, list | tuple) or len(body) > FRAME_WAKES_MAX:
        raise CodecError("a bus frame is a list of wake-ups")
    found = []
    for pair in body:
        if not (isinstance(pair, list | tuple) and len(pair) == 2):
            raise CodecError("a wake-up is a pair")
        stream, seq = pair
        if not isinstance(stream, str) or len(stream) > STREAM_CHARS_MAX or not isinstance(seq, int):
            raise CodecError("a wake-up is a stream and a sequence")
        found.append(Wake(stream, seq))
    return found
