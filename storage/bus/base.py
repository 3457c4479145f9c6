"""What every bus shares: wake-ups wait in lanes, one a topic, and leave in frames; listeners hear what they asked for.

Owns the outgoing lanes, the listeners and the state. Invariants: `publish` is a dictionary entry and never waits or
fails; of a stream that waits only the newest sequence is kept; whenever wake-ups may have been missed, every listener
hears `EVERYTHING` once. An implementation sends frames (`send`) and calls `heard`, `lost` and `now_live`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from storage.bus.protocol import (
    EVERYTHING,
    STREAM_CHARS_MAX,
    BusCounts,
    BusState,
    Coalesced,
    Topic,
    Wake,
    unpack,
)
from storage.codec import CodecError

log = logging.getLogger("storyforge.bus")

LINGER_S = 0.02
"""Between two frames of a topic. The first wake-up after a pause leaves at once; what comes meanwhile goes together."""

HASTY = frozenset((Topic.WORK, Topic.ATTEMPT))
HASTY_S = 0.002
"""The same for wake-ups of jobs. They are few, and a job of five steps waits for ten of them one after the other: with
`LINGER_S` between them that was a tenth of a second a job."""

QUIET_S = 0.25
"""Between two frames of a topic that nobody listened to: what an unheard installation pays, and the most that a
listener's first wake-up is late by."""

BACKOFF_S_MIN, BACKOFF_S_MAX = 0.1, 5.0
"""Between tries while the medium cannot be reached; doubles, with jitter."""


class BusFault(Exception):
    """The medium cannot be reached now. Never leaves the bus."""


class Backoff:
    """Waits that double, each half random, so that processes that lost the same server do not return in step."""

    def __init__(self) -> None:
        self._next_s = BACKOFF_S_MIN

    def reset(self) -> None:
        self._next_s = BACKOFF_S_MIN

    def next_s(self) -> float:
        wait_s, self._next_s = self._next_s, min(BACKOFF_S_MAX, self._next_s * 2)
        return wait_s * random.uniform(0.5, 1.0)


class Listener:
    """See `protocol.Subscription`."""

    def __init__(self, bus: BusBase, topics: frozenset[str]) -> None:
        self.topics = topics
        self._bus, self._waiting = bus, Coalesced()
        self._ready: list[Wake] = []
        self._rung, self._closed = asyncio.Event(), False

    def put(self, wake: Wake) -> None:
        if wake is EVERYTHING or wake.topic in self.topics or wake == EVERYTHING:
            self._waiting.put(wake)
            self._rung.set()

    async def next(self) -> Wake:
        """Raises `StopAsyncIteration` once closed."""
        while not self._ready:
            await self._rung.wait()
            if self._closed:
                raise StopAsyncIteration
            self._rung.clear()
            self._ready = self._waiting.take()
            if self._waiting:
                self._rung.set()
            self._ready.reverse()
        return self._ready.pop()

    __anext__ = next

    def __aiter__(self) -> AsyncIterator[Wake]:
        return self

    def close(self) -> None:
        self._closed = True
        self._ready.clear()
        self._rung.set()
        self._bus.forget(self)


class _Lane:
    """What waits of one topic, and the task that sends it."""

    def __init__(self, topic: str) -> None:
        self.topic, self.waiting, self.rung = topic, Coalesced(), asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class BusBase(ABC):
    def __init__(self) -> None:
        self.counts = BusCounts()
        self._lanes = {str(topic): _Lane(topic) for topic in Topic}
        self._listeners: set[Listener] = set()
        self._state, self._why = BusState.POLLING, "not open"
        self._open = False

    # what an implementation is made of
    @abstractmethod
    async def send(self, topic: str, wakes: list[Wake]) -> int:
        """How many listen to the topic, as far as one knows. Raises `BusFault`."""

    @abstractmethod
    async def start(self) -> None: ...
    @abstractmethod
    async def stop(self) -> None: ...

    def topics_changed(self) -> None:
        """Other topics are listened to now (`topics`). Whoever needs a moment to follow calls `now_live` when done."""
        self.everything()

    def in_force(self, topics: frozenset[str]) -> bool:
        """Whether every frame of these topics comes in from now on."""
        return True

    # what it calls
    def heard(self, frame: bytes) -> None:
        """A frame came in. One that is none of ours is counted and forgotten: whoever waits looks by itself soon."""
        try:
            wakes = unpack(frame)
        except CodecError as error:
            self.counts.faults += 1
            log.warning("a bus frame could not be read", extra={"reason": str(error)})
            return
        self.counts.received += len(wakes)
        for wake in wakes:
            for listener in self._listeners:
                listener.put(wake)

    def now_live(self) -> None:
        """Wake-ups pass from here on; what passed before may have been missed."""
        if self._state is not BusState.LIVE:
            log.info("the bus is live")
        self._state, self._why = BusState.LIVE, ""
        self.everything()

    def lost(self, why: str) -> None:
        """The medium went away."""
        self.counts.faults += 1
        if self._state is BusState.LIVE:
            log.warning("the bus is polling", extra={"reason": why})
            for listener in self._listeners:
                listener.put(EVERYTHING)
        self._state, self._why = BusState.POLLING, why

    def everything(self, about: str | None = None) -> None:
        """Whoever listens (to that topic) and hears all it asked for looks at everything."""
        self.counts.gaps += 1
        for listener in self._listeners:
            if (about is None or about in listener.topics) and self.in_force(listener.topics):
                listener.put(EVERYTHING)

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(topic for listener in self._listeners for topic in listener.topics)

    # see `protocol.Bus`
    @property
    def state(self) -> BusState:
        return self._state

    @property
    def why(self) -> str:
        return self._why

    async def open(self) -> None:
        self._open = True
        await self.start()
        for lane in self._lanes.values():
            lane.task = asyncio.get_running_loop().create_task(self._drain(lane), name=f"bus-{lane.topic}")

    async def close(self) -> None:
        self._open = False
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listener in list(self._listeners):
            listener.close()
        await self.stop()
        self._state, self._why = BusState.POLLING, "closed"

    def publish(self, stream: str, seq: int) -> None:
        if len(stream) > STREAM_CHARS_MAX:
            raise ValueError(f"a stream has at most {STREAM_CHARS_MAX} characters")
        lane = self._lanes[stream.partition("/")[0]]
        overflowed = lane.waiting.everything
        self.counts.published += 1
        self.counts.merged += lane.waiting.put(Wake(stream, seq))
        self.counts.overflows += lane.waiting.everything and not overflowed
        lane.rung.set()

    def subscribe(self, *topics: Topic) -> Listener:
        listener = Listener(self, frozenset(str(topic) for topic in topics))
        before = self.topics
        self._listeners.add(listener)
        if self.topics != before:
            self.topics_changed()
        elif self.in_force(listener.topics):
            listener.put(EVERYTHING)
        return listener

    def forget(self, listener: Listener) -> None:
        before = self.topics
        self._listeners.discard(listener)
        if self._open and self.topics != before:
            self.topics_changed()

    async def _drain(self, lane: _Lane) -> None:
        backoff = Backoff()
        while True:
            await lane.rung.wait()
            lane.rung.clear()
            wakes = lane.waiting.take()
            if not wakes:
                continue
            try:
                listeners = await self.send(lane.topic, wakes)
            except BusFault as fault:
                self.lost(str(fault))
                for wake in wakes:
                    lane.waiting.put(wake)
                wait_s = backoff.next_s()
            else:
                backoff.reset()
                self.counts.frames += 1
                if self._state is BusState.POLLING and self.in_force(self.topics):
                    self.now_live()
                wait_s = QUIET_S if not listeners else HASTY_S if lane.topic in HASTY else LINGER_S
            if lane.waiting:
                lane.rung.set()
            await asyncio.sleep(wait_s)
