"""What an idle installation asks of the lists' server."""

from __future__ import annotations

import asyncio

import pytest

from serve_app.remote.bridge import Bridge
from serve_app.remote.ending import end
from serve_app.remote.endpoint import Endpoint
from serve_app.remote.worker import RemoteWorker
from storage.bus.redis import PING_S
from storage.queue.protocol import IDLE_WAIT_S, VISIBILITY_S
from tests.unit.serve_app.remote.rig import PACE, Rig
from tests.unit.serve_app.remote.test_worker import Slow

pytestmark = pytest.mark.unit

DAY_S = 86_400
FASTER = 300
"""The waits of this test are so many times shorter than in production: two seconds of it are ten minutes."""
WINDOW_S = 2.0
BUS_PROCESSES = 4
OURS = ("blmove", "evalsha", "lrange", "hgetall", "mget", "time", "lrem", "rpush", "hset", "hget", "set", "get", "ping")


async def test_an_idle_day_is_under_ten_thousand_commands(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-116: a dispatcher, a worker, a bridge and the bus of four processes, counted by the server itself, with what
    scripts call; nothing polls."""
    monkeypatch.setattr("serve_app.remote.results.IDLE_WAIT_S", IDLE_WAIT_S / FASTER)
    hold_s, idle_s = VISIBILITY_S / FASTER, IDLE_WAIT_S / FASTER
    rig.dispatcher(pace=PACE)
    worker = RemoteWorker("w1", rig.lists, Slow(), hold_s=hold_s, idle_s=idle_s)
    endpoint = Endpoint("http://127.0.0.1:9", "", run_s=900)
    bridge = Bridge(rig.lists, endpoint, rig.objects, in_flight=2, grace_s=hold_s, idle_s=idle_s)
    tasks = [asyncio.ensure_future(worker.run()), asyncio.ensure_future(bridge.run())]

    async def commands() -> int:
        found = await rig.direct.info("commandstats")
        return sum(found.get(f"cmdstat_{name}", {}).get("calls", 0) for name in OURS)

    await rig.fact(commands, 10)
    await asyncio.sleep(0.5)  # everybody is up and waits
    before = await commands()
    await asyncio.sleep(WINDOW_S)
    counted = await commands() - before
    await end(*tasks)
    await endpoint.close()
    a_day = counted * DAY_S / (WINDOW_S * FASTER) + BUS_PROCESSES * DAY_S / PING_S
    assert counted > 10  # it was measured at all
    assert a_day < 10_000, f"{a_day:.0f} commands a day"
