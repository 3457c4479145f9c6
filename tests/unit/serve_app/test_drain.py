"""W-100, W-101: the order and the times of a drain, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from serve_app.drain import Drain, DrainLimits, Load, State, plan, retry_hint
from tests.simulation.clock import run

pytestmark = pytest.mark.unit

LIMITS = DrainLimits()


@dataclass
class FakeHouse:
    """Remembers when each project left; `slow`: how long one takes; `fails`: how often it does so first."""

    sockets: dict[str, int]
    successor_at_s: float | None = 0.0
    slow: dict[str, float] = field(default_factory=dict)
    fails: dict[str, int] = field(default_factory=dict)
    left: list[tuple[str, float]] = field(default_factory=list)
    leaving_now: int = 0
    leaving_most: int = 0
    claims_stopped: bool = False
    rest_closed_at_s: float | None = None
    retired_at_s: float | None = None
    moments: set[State] = field(default_factory=set)

    async def stop_claiming(self) -> None:
        self.claims_stopped = True

    async def has_successor(self) -> bool:
        return self.successor_at_s is not None and asyncio.get_running_loop().time() >= self.successor_at_s

    def loads(self) -> Sequence[Load]:
        return [Load(home, sockets) for home, sockets in self.sockets.items()]

    async def hand_over(self, home: str, over_s: float) -> None:
        self.leaving_now += 1
        self.leaving_most = max(self.leaving_most, self.leaving_now)
        try:
            await asyncio.sleep(over_s + self.slow.get(home, 0.01))
            if self.fails.get(home, 0) > 0:
                self.fails[home] -= 1
                raise RuntimeError("the database blinked")
        finally:
            self.leaving_now -= 1
        del self.sockets[home]
        self.left.append((home, asyncio.get_running_loop().time()))

    def close_rest(self) -> None:
        self.rest_closed_at_s = asyncio.get_running_loop().time()

    async def retire(self) -> None:
        self.retired_at_s = asyncio.get_running_loop().time()


def drained(house: FakeHouse, limits: DrainLimits = LIMITS, *, hold: bool = True) -> float:
    """Drain to the end; the seconds it took."""

    async def main() -> float:
        drain = Drain(house, limits, hold=hold)
        assert drain.state is State.SERVING
        drain.begin()
        drain.begin()
        assert drain.state is State.DRAINING
        await drain.ended()
        assert house.claims_stopped
        assert drain.state is State.DRAINED
        return asyncio.get_running_loop().time()

    return run(main())


def test_w100_what_nobody_has_open_goes_first_then_the_busiest() -> None:
    """W-100: quiet projects leave while the ingress learns that we go; people are sent away only after that."""
    house = FakeHouse({"small": 2, "quiet": 0, "large": 50, "silent": 0})
    took_s = drained(house)
    assert [home for home, _ in house.left] == ["quiet", "silent", "large", "small"]
    assert all(at < LIMITS.lead_s for home, at in house.left[:2])
    assert all(at >= LIMITS.lead_s for home, at in house.left[2:])
    assert took_s < LIMITS.lead_s + 1
    assert house.rest_closed_at_s is not None
    assert house.retired_at_s is not None
    assert house.rest_closed_at_s <= house.retired_at_s


def test_w100_while_nobody_can_take_over_everything_is_served() -> None:
    """W-100: with no other host up, nothing is let go before one is, or before the hold ends."""
    house = FakeHouse({"one": 3, "quiet": 0}, successor_at_s=7.0)
    drained(house)
    assert min(at for _, at in house.left) >= 7.0
    alone = FakeHouse({"one": 3}, successor_at_s=None)
    assert LIMITS.hold_s_max <= drained(alone) < LIMITS.end_s
    assert alone.left
    unheld = FakeHouse({"one": 3}, successor_at_s=None)
    assert drained(unheld, hold=False) < 2 * LIMITS.lead_s


@pytest.mark.parametrize("window_s", [2.0, 5.0, 20.0, 30.0])
def test_w100_the_end_is_inside_the_window_whatever_hangs(window_s: float) -> None:
    """W-100: a project that never lets go is closed with the rest, before Serve would close everything at once."""
    limits = LIMITS.fit(window_s)
    house = FakeHouse({"stuck": 5, "fine": 5, "quiet": 0}, slow={"stuck": 1_000.0})
    assert drained(house, limits) <= limits.end_s < window_s
    assert {home for home, _ in house.left} == {"fine", "quiet"}
    assert house.rest_closed_at_s is not None


def test_w100_what_fails_is_tried_again() -> None:
    """W-100: a database that blinks costs a round."""
    house = FakeHouse({"one": 3, "two": 1}, fails={"one": 3})
    assert drained(house) < LIMITS.end_s
    assert sorted(home for home, _ in house.left) == ["one", "two"]


def test_w100_projects_leave_beside_each_other_within_a_bound() -> None:
    """W-100: `handovers_at_once_max` projects at most are on their way out at the same time."""
    house = FakeHouse({f"p{n}": 1 for n in range(100)}, slow={f"p{n}": 0.5 for n in range(100)})
    took_s = drained(house)
    assert house.leaving_most == LIMITS.handovers_at_once_max
    assert took_s < LIMITS.end_s


def test_w101_closings_keep_to_their_rate_and_the_rate_rises_only_when_the_window_is_short() -> None:
    """W-101: sockets close at 200 a second; 8,000 of them in a window for 1,600 close faster, not later."""
    few = plan([Load(f"p{n}", 10) for n in range(40)], 12.0, LIMITS)
    apart = [b.at_s - a.at_s for a, b in itertools.pairwise(few)]
    assert apart == pytest.approx([10 / LIMITS.sockets_per_s] * 39)
    many = plan([Load(f"p{n}", 200) for n in range(40)], 8.0, LIMITS)
    assert many[-1].at_s + 0.2 == pytest.approx(8.0)
    assert [step.at_s for step in many] == sorted(step.at_s for step in many)


def test_w101_a_crowd_is_closed_in_slices() -> None:
    """W-101: a large room's sockets close over a bounded time, a small one's together; tunnels are always spread."""
    crowd, small, tunnels = plan([Load("crowd", 1_000), Load("small", 9), Load("", 5)], 100.0, LIMITS)
    assert (crowd.home, crowd.over_s) == ("crowd", LIMITS.crowd_spread_s_max)
    assert (small.home, small.over_s) == ("small", 0.0)
    assert (tunnels.home, tunnels.over_s > 0) == ("", True)


def test_w101_the_hint_is_small_and_differs() -> None:
    """W-101: the close reason says when to come again; hints are spread."""
    hints = {retry_hint() for _ in range(100)}
    assert len(hints) > 20
    assert all(re.fullmatch(r"retry_ms=\d{1,3}", hint) for hint in hints)
