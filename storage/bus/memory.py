"""A bus inside one process, for tests and simulations, with the faults a real one has.

Owns the air between the buses that share it. Invariant: the air may lose, repeat, delay and reorder, as real media may;
nothing but latency may depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from storage.bus.base import BusBase, BusFault
from storage.bus.protocol import Wake, pack


class Air:
    """Carries frames between its buses. `weather` makes of each frame those that arrive: none, one, several."""

    def __init__(self) -> None:
        self.buses: list[MemoryBus] = []
        self.down = False
        self.weather: Callable[[bytes], Iterable[bytes]] = lambda frame: (frame,)

    def carry(self, topic: str, frame: bytes) -> int:
        hearers = [bus for bus in self.buses if topic in bus.topics]
        for bus in hearers:
            for arriving in self.weather(frame):
                bus.heard(arriving)
        return len(hearers)

    def fall(self) -> None:
        self.down = True
        for bus in self.buses:
            bus.lost("the air is gone")

    def rise(self) -> None:
        self.down = False
        for bus in self.buses:
            bus.now_live()


class MemoryBus(BusBase):
    def __init__(self, air: Air | None = None) -> None:
        super().__init__()
        self._air = air or Air()

    async def start(self) -> None:
        self._air.buses.append(self)
        if not self._air.down:
            self.now_live()

    async def stop(self) -> None:
        if self in self._air.buses:
            self._air.buses.remove(self)

    async def send(self, topic: str, wakes: list[Wake]) -> int:
        if self._air.down:
            raise BusFault("the air is gone")
        return self._air.carry(topic, pack(wakes))
