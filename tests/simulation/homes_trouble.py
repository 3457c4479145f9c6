"""What can happen to the hosts of a world of homes, and how often.

Owns the list; each is drawn with its weight from the world's one random source, and some go on while the next ones
happen. Invariant: everything here is something that a machine, a network, a disk or an operator does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from storage.ledger.errors import LedgerError
from tests.simulation.clock import later
from tests.simulation.homes_ledger import Cut

if TYPE_CHECKING:
    from tests.simulation.homes_host import HomesHost
    from tests.simulation.homes_world import World

STOPPED_S_MAX = 6.0
"""Three leases: long enough for others to claim, to write, and to lose it again."""


async def crashes(world: World, host: HomesHost) -> None:
    host.process.kill()
    await world.replace(host)


async def leaves(world: World, host: HomesHost) -> None:
    """A deploy: it drains, and now and then does not live to see the end of it."""
    if world.rng.random() < 0.4:
        later(world.rng.uniform(0.0, 0.5), host.process.kill)
    with contextlib.suppress(LedgerError):
        await host.call(lambda runtime: runtime.stop(), patience_s=20.0)
    if host.process.alive and not host.process.stopped:
        host.ledger.watch.dead.add(host.row.incarnation)  # its peer port is closed
    await world.replace(host)


async def loses_heartbeats(world: World, host: HomesHost) -> None:
    """Only its beats do not get through."""
    world.ledger.cut.add(host.row.incarnation)
    await asyncio.sleep(world.rng.uniform(0.5, 4.0))
    world.ledger.cut.discard(host.row.incarnation)


async def is_cut_off(world: World, host: HomesHost) -> None:
    """No way to the database, while people still reach it."""
    host.line.cut = world.rng.choice((Cut.REFUSED, Cut.HANGS))
    later(world.rng.uniform(0.2, 5.0), _restored, host)


def _restored(host: HomesHost) -> None:
    host.line.cut = Cut.NONE


async def stops(world: World, host: HomesHost) -> None:
    """SIGSTOP, a long collection, a machine that is moved: it goes on with old memory and a queue of frames."""
    host.process.stop()


async def clock_stands_still(world: World, host: HomesHost) -> None:
    """The worst zombie: it never gives up by itself."""
    host.clock.frozen_at_ms = host.clock.now_ms()
    world.ledger.cut.add(host.row.incarnation)
    world.zombies.append(host)
    await world.replace(host)


async def peers_are_apart(world: World, host: HomesHost) -> None:
    """It and another one cannot reach each other; both reach the database."""
    other = world.rng.choice(world.hosts)
    pair = frozenset({host.row.peer, other.row.peer})
    world.torn.add(pair)
    later(world.rng.uniform(0.5, 5.0), world.torn.discard, pair)


async def wall_clock_jumps(world: World, host: HomesHost) -> None:
    world.ledger.wall_jump_ms = world.rng.choice((0, -86_400_000, 5_000, 3_600_000))


async def hands_over(world: World, host: HomesHost) -> None:
    """It gives one of its homes up, as when its people are elsewhere."""
    open_homes = host.runtime.homes
    if open_homes and host.process.alive:
        home = world.rng.choice(open_homes)
        with contextlib.suppress(LedgerError):
            await host.call(lambda runtime: runtime.release(home))


Happening = Callable[["World", "HomesHost"], Awaitable[None]]
HAPPENINGS: dict[Happening, float] = {
    crashes: 3,
    leaves: 2,
    loses_heartbeats: 2,
    is_cut_off: 3,
    stops: 4,
    clock_stands_still: 1,
    peers_are_apart: 2,
    wall_clock_jumps: 1,
    hands_over: 3,
}


async def trouble(world: World) -> None:
    """Something happens to a host, again and again."""
    what, weights = list(HAPPENINGS), list(HAPPENINGS.values())
    while world.ledger.stormy:
        await asyncio.sleep(world.rng.uniform(*world.trouble_every_s))
        happening = world.rng.choices(what, weights)[0]
        host = world.rng.choice(world.hosts)
        world.trace.note(host.process.name, happening.__name__)
        await happening(world, host)
