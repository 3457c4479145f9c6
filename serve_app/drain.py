"""How a host leaves: one order of steps, inside one window, whatever brought it about.

Owns the state (serving → draining → drained) and the times of it; what the steps do is a `House`
(`serve_app/leaving.py`). Invariant: a drain that has begun ends within `DrainLimits.end_s`, with every home given back
or its sockets told to come again; nothing it closes before its commits were awaited.

Why an order (decision 0017): a client comes back 100 ms after its close, so a project is let go only when somebody else
can take it and the ingress has stopped sending people here. Projects nobody has open go first, unnoticed, while the
ingress learns; then the busiest, so that most people have most of the window left should their first try fail.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

logger = logging.getLogger("storyforge.drain")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainLimits:
    """Units are in the names. `fit` makes the same drain for a shorter window."""

    window_s: float = 30.0
    """From the sign until Serve closes every socket of ours in one instant (1012), which must find none."""
    reserve_s: float = 3.0
    """Left of the window when we are done: a loop that is late must not run into the storm."""
    lead_s: float = 1.0
    """How long the ingress may take to stop sending people here, before the first of them is sent away."""
    hold_s_max: float = 20.0
    """How long we keep everything, still serving, while no other host could take it. Over: we let go all the same."""
    sockets_per_s: float = 200.0
    """Closings a second. Stock clients come back 100 ms later, all of them: this is the rate at which they arrive.
    When the window is too short for it, the rate rises."""
    crowd_sockets: int = 100
    """A project with more sockets than this is closed in slices."""
    crowd_spread_s_max: float = 1.5
    """Slices of one project take at most this: who came back early waits for the rest (`HAND_OVER_S` is longer)."""
    handovers_at_once_max: int = 8
    """Projects that leave at the same time. Over: they wait for a place."""
    handover_s_max: float = 8.0
    """One project's leaving, commits awaited. Over: the next round tries again, the ledger's fence keeps it right."""
    retry_s: float = 0.25
    """Between two looks for a successor, and two rounds over what is left."""

    @property
    def end_s(self) -> float:
        return self.window_s - self.reserve_s

    def fit(self, window_s: float) -> DrainLimits:
        """The same shares of another window: a laptop's is two seconds long."""
        share = window_s / self.window_s
        return replace(
            self,
            window_s=window_s,
            reserve_s=min(self.reserve_s, window_s / 4),
            lead_s=min(self.lead_s, window_s / 5),
            hold_s_max=self.hold_s_max * share,
            crowd_spread_s_max=min(self.crowd_spread_s_max, window_s / 4),
            handover_s_max=min(self.handover_s_max, window_s / 2),
        )


class State(enum.StrEnum):
    SERVING = "serving"  # claims what it is asked for
    DRAINING = "draining"  # claims nothing; what it holds is served until it is handed over
    DRAINED = "drained"  # holds nothing, serves nobody


@dataclass(frozen=True, slots=True)
class Load:
    """What one project weighs here; `home` is empty for sockets that are tunnelled to owners elsewhere."""

    home: str
    sockets: int


@dataclass(frozen=True, slots=True)
class Step:
    """One project leaves `at_s` after the round began; its sockets are closed over `over_s`."""

    home: str
    at_s: float
    over_s: float


class Signs(Protocol):
    """Who tells us that we are being stopped (`serve_app/deployments/stop_signs.py`)."""

    def listen(self) -> None: ...
    def end(self) -> None: ...


class NoSigns:
    """For a host that nobody but its caller stops."""

    def listen(self) -> None:
        return

    def end(self) -> None:
        return


class House(Protocol):
    """What a drain needs of its host."""

    async def stop_claiming(self) -> None:
        """From here on nothing is opened that is not open, and the others know. Must not raise."""
        ...

    async def has_successor(self) -> bool:
        """Whether another host lives, answers, and is not leaving itself."""
        ...

    def loads(self) -> Sequence[Load]: ...

    async def hand_over(self, home: str, over_s: float) -> None:
        """Commits awaited, sockets closed with a retry code, the project given back; done when the ledger has it.
        What fails is tried again."""
        ...

    def close_rest(self) -> None:
        """Tell every socket that is left to come again, now."""
        ...

    async def retire(self) -> None:
        """Take this host out of the directory. Must not raise."""
        ...


def plan(loads: Sequence[Load], room_s: float, limits: DrainLimits) -> list[Step]:
    """When each project leaves: quiet ones at once, then the busiest first, so that sockets close at an even rate."""
    busy = sorted((load for load in loads if load.sockets), key=lambda load: (-load.sockets, load.home))
    rate = max(limits.sockets_per_s, sum(load.sockets for load in busy) / max(room_s, 0.001))
    steps, at_s = [Step(load.home, 0.0, 0.0) for load in loads if not load.sockets], 0.0
    for load in busy:
        needs_s = load.sockets / rate
        crowd = load.sockets > limits.crowd_sockets or not load.home
        steps.append(Step(load.home, at_s, min(needs_s, limits.crowd_spread_s_max) if crowd else 0.0))
        at_s += needs_s
    return steps


def retry_hint(spread_ms_max: int = 500) -> str:
    """For the close reason: when to come again. Stock clients do not read it; ours and partners' may."""
    return f"retry_ms={random.randint(0, spread_ms_max)}"


class Drain:
    """`hold`: whether waiting for a successor is free, because the window passes anyway (HAProxy ingress)."""

    def __init__(self, house: House, limits: DrainLimits, *, hold: bool = True) -> None:
        self._house, self._limits, self._hold = house, limits, hold
        self._task: asyncio.Task[None] | None = None
        self.state = State.SERVING

    def begin(self) -> None:
        """The sign was seen. Idempotent; must be called on the host's loop."""
        if self.state is not State.SERVING:
            return
        self.state = State.DRAINING
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def ended(self) -> None:
        """Wait until a drain that has begun is over; at once if none has."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def cut_short(self) -> None:
        """Whoever runs us does not wait: what is still here is closed by `StoryHostCore.stop`."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._limits.end_s):
                await self._house.stop_claiming()
                await self._await_successor()
                await self._let_go(began)
        except TimeoutError:
            left = self._house.loads()
            logger.warning("the drain ran out of time", extra={"homes": len(left), "window_s": self._limits.window_s})
        except Exception:
            logger.exception("the drain failed")  # what is left is closed all the same
        self._house.close_rest()
        await self._house.retire()
        self.state = State.DRAINED
        logger.info("drained", extra={"took_s": round(loop.time() - began, 3)})

    async def _await_successor(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + (self._limits.hold_s_max if self._hold else 0.0)
        while not await self._house.has_successor():
            if loop.time() >= until:
                logger.warning("no other host takes over")
                return
            await asyncio.sleep(self._limits.retry_s)

    async def _let_go(self, began: float) -> None:
        loop = asyncio.get_running_loop()
        await self._round([Step(load.home, 0.0, 0.0) for load in self._house.loads() if not load.sockets])
        await asyncio.sleep(max(0.0, began + self._limits.lead_s - loop.time()))
        while loads := self._house.loads():
            # Half of what is left: the other half is for what has to be tried again.
            room_s = (began + self._limits.end_s - loop.time()) / 2
            await self._round(plan(loads, room_s, self._limits))
            if self._house.loads():
                await asyncio.sleep(self._limits.retry_s)

    async def _round(self, steps: Sequence[Step]) -> None:
        places = asyncio.Semaphore(self._limits.handovers_at_once_max)
        async with asyncio.TaskGroup() as tasks:
            for step in steps:
                tasks.create_task(self._step(step, places))

    async def _step(self, step: Step, places: asyncio.Semaphore) -> None:
        await asyncio.sleep(step.at_s)
        async with places:
            try:
                async with asyncio.timeout(self._limits.handover_s_max):
                    await self._house.hand_over(step.home, step.over_s)
            except Exception as error:  # noqa: BLE001 - one project's fault must not keep the others here
                logger.warning("a project did not leave", extra={"home": step.home, "error": type(error).__name__})
