"""When a job stops: its place, its pace, and what such steps have taken (G-171, G-172)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.scene.forecast import eta_s, position
from gpu.steps import Step
from storage.ledger.places import Place, Queue
from storage.ledger.protocol import Attempt, AttemptState
from storage.ledger.queue_board import Forecast, QueueBoard

pytestmark = pytest.mark.unit

WAITS = Attempt(
    "att", "prj", "scn", "job", "storyboard", 1, AttemptState.OPEN, b"", 60_000, 0, 5, None, None, None, 0.0, "",
    False, None, None, 1,
)  # fmt: skip
RUNS = replace(WAITS, state=AttemptState.CLAIMED, deadline_at_ms=100_000, heartbeat_at_ms=42_000)  # begun at 40 s
RATES = {(str(step), ""): ms for step, ms in zip(Step, (100, 10, 4_000, 30_000, 2_000), strict=True)}


def seen(rates: dict[tuple[str, str], int], **places: Place) -> Forecast:
    return Forecast(Queue(42_000, (), rates), places)


def test_a_waiting_job_knows_its_place_and_its_time() -> None:
    """G-171: the wait, the step, and the steps after it until somebody can pick, or until the end."""
    forecast = seen(RATES, att=Place(3, 8_000))
    assert position(WAITS, forecast) == 3
    assert eta_s(WAITS, False, forecast) == 8 + 4
    assert eta_s(WAITS, True, forecast) == 8 + 4 + 30 + 2
    assert eta_s(replace(WAITS, step="enhance"), False, forecast) == pytest.approx(8 + 0.1 + 0.01 + 4, abs=0.051)
    asks = replace(WAITS, step="cache")
    assert eta_s(asks, False, forecast) == pytest.approx(8 + 4, abs=0.051)
    assert eta_s(asks, False, forecast, drawn=True) == pytest.approx(8 + 30 + 2)


def test_a_running_step_goes_by_its_pace_once_it_has_one() -> None:
    """G-171: until then by the mean; a step that is late is about to be done."""
    forecast = seen(RATES)
    assert position(RUNS, seen(RATES, att=Place(1, 0))) is None
    assert eta_s(RUNS, False, forecast) == 2
    assert eta_s(replace(RUNS, progress=0.25), False, forecast) == 6
    assert eta_s(replace(RUNS, heartbeat_at_ms=60_000), False, forecast) == 0


def test_what_nobody_measured_is_not_told() -> None:
    """G-171: no number rather than a guess; a vendor's rate stands in for another of the same step."""
    assert eta_s(WAITS, False, seen({}, att=Place(1, 0))) is None
    assert eta_s(WAITS, False, seen(RATES, att=Place(1, None))) is None
    assert eta_s(WAITS, False, seen(RATES)) is None
    assert eta_s(RUNS, False, seen({})) is None
    assert eta_s(RUNS, True, seen({("storyboard", ""): 4_000})) is None
    slow = {("storyboard", "gpu"): 6_000, ("video", "vendor"): 50_000}
    assert eta_s(RUNS, True, seen(slow)) == 4 + 50
    assert eta_s(replace(RUNS, needs="gpu"), False, seen(slow)) == 4


async def test_however_many_ask_one_looks() -> None:
    """G-172: a look serves everybody for a second; only who knows of something newer makes another."""
    looks, now_s = [0], [0.0]

    async def look() -> Queue:
        looks[0] += 1
        return Queue(1_000 * looks[0], (), {})

    board = QueueBoard(look, lambda: now_s[0])
    for _ in range(5):
        assert (await board.forecast()).queue.at_ms == 1_000
    assert (await board.forecast(1_000)).queue.at_ms == 1_000
    assert (await board.forecast(1_001)).queue.at_ms == 2_000
    now_s[0] = 1.0
    assert (await board.forecast()).queue.at_ms == 3_000
    assert looks[0] == 3
