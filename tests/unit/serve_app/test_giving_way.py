"""What nobody asked for gives its worker back when somebody waits."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from serve_app.giving_way import Place, gives_way
from serve_app.worker import Report, StepCancelled
from storage.bus.protocol import ring_workers
from storage.codec import encode
from storage.ledger.fairness import Share
from storage.ledger.places import Queue, Waiting
from storage.ledger.protocol import Append, Attempt, AttemptState, NewAttempt
from tests.unit.serve_app.test_handing import FILM, HOME, Shop, shop

pytestmark = pytest.mark.unit

__all__ = ["shop"]

BEHIND = Place(("video",), ("animatic",), "att_behind", -1)


def waits(id: str, **more: Any) -> Waiting:
    row = Waiting(id, "video", "usr", HOME, "video", "", 0, 100, None, 0, Share(), Share(), Share())
    return replace(row, **more)


@pytest.mark.parametrize(
    ("rows", "places", "found"),
    [
        ([waits("a")], [BEHIND], {"att_behind"}),
        ([], [BEHIND], set()),
        ([waits("a", priority=-1)], [BEHIND], set()),
        ([waits("a", claimed_at_ms=1)], [BEHIND], set()),
        ([waits("a", not_before_ms=99)], [BEHIND], set()),
        ([waits("a", needs="diffusers")], [BEHIND], set()),
        ([waits("a", step="enhance")], [BEHIND], set()),
        ([waits("a")], [BEHIND, Place(("video",), ())], set()),
        ([waits("a")], [replace(BEHIND, priority=0)], set()),
        ([waits("a")], [BEHIND, replace(BEHIND, attempt="att_other")], {"att_behind"}),
        ([waits("a"), waits("b")], [BEHIND, replace(BEHIND, attempt="att_other")], {"att_behind", "att_other"}),
    ],
)
def test_k97_one_gives_way_for_each_that_nobody_idle_can_take(
    rows: list[Waiting], places: list[Place], found: set[str]
) -> None:
    """K-97: only below everybody's priority, only for work this lane can do now, never more than wait."""
    assert gives_way(places, Queue(10, rows, {})) == found


async def test_k97_a_film_made_ahead_stops_for_somebody_s_and_goes_on_after_it(shop: Shop) -> None:
    """K-97: within a ring; its place is kept on the row, and no try of it is counted."""
    begun: asyncio.Queue[str] = asyncio.Queue()
    loop, go_on = asyncio.get_running_loop(), threading.Event()

    def film(attempt: Attempt, _request: dict[str, Any], report: Report) -> dict[str, Any]:
        loop.call_soon_threadsafe(begun.put_nowait, attempt.id)
        while attempt.priority < 0 and not go_on.is_set():
            if report.cancelled():
                raise StepCancelled
            time.sleep(0.001)
        return {}

    async def post(id: str, priority: int) -> None:
        new = NewAttempt(id, HOME, "scn", f"job_{id}", "video", 1, encode({}), 60_000, priority)
        await shop.ledger.append(Append(HOME, shop.claim.epoch, shop.claim.seq, (), attempts=(new,)))
        ring_workers(shop.bus, HOME)

    shop.runs["video"] = film
    await shop.start(FILM)
    async with asyncio.timeout(20):
        await post("att_ahead", -1)
        assert await begun.get() == "att_ahead"
        await post("att_asked", 0)
        assert await begun.get() == "att_asked"
        assert (await shop.final("att_asked")).state is AttemptState.DONE
        assert await begun.get() == "att_ahead"
        row = await shop.ledger.attempt("att_ahead")
        assert row is not None
        assert row.claims == 1
        go_on.set()
        assert (await shop.final("att_ahead")).state is AttemptState.DONE
