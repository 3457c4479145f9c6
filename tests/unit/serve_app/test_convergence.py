"""Recorded typing of two people at once, through real hosts, with lost connections. The whole trace: tests/serve."""

from __future__ import annotations

import random

import pytest

from tests.traces import Typist, load, replay
from tests.unit.serve_app.test_two_hosts import TOKEN, Pair, Served, pair

pytestmark = pytest.mark.unit
__all__ = ["pair"]
KEYSTROKES = 1_500
LETTERS = str.maketrans("aeiosn", "ضéı🎬ß漢")


def test_w78_a_trace_replays_to_its_own_end_without_a_network() -> None:
    """W-78: what the replay itself adds is nothing."""
    from tests.traces import typed

    trace = load()
    assert len(trace.keystrokes) == 26_078
    _, text = typed(trace, b"\x00\x00", [11, 22])
    assert text == trace.end


@pytest.mark.parametrize("script", ["ascii", "any"])
async def test_w78_recorded_typing_converges_through_two_hosts(pair: Pair, script: str) -> None:
    """W-78: one person on the owner, one in a tunnel beside it, connections lost at random."""
    project, scene = await pair.story()
    trace = load().first(KEYSTROKES)
    if script == "any":
        trace = trace.written(lambda letter: letter.translate(LETTERS))

    def typist(host: Served, name: str) -> Typist:
        return Typist(f"ws://127.0.0.1:{host.port}/{project}/scene:{scene}", TOKEN, name)

    async with typist(pair.one, "Ada") as ada, typist(pair.two, "Bo") as bo:
        outcome = await replay(trace, [ada, bo], random.Random(script), cuts=12, limit_s=60)
        assert outcome.texts == [outcome.expected] * 2
        assert outcome.cuts > 3
        assert outcome.connections > 5
        host = pair.owner(project)
        assert host is not None
        home = host.core.runtime.owned(project)
        assert home is not None
        assert (await home.room(f"scene:{scene}")).text("script") == outcome.expected
