"""The bridge between the lists and a RunPod-style endpoint, killed between any two steps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from serve_app.remote.bridge import Bridge
from serve_app.remote.ending import end
from serve_app.remote.endpoint import Endpoint
from storage.codec import decode
from storage.ledger.protocol import AttemptState
from tests.unit.serve_app.remote.fake_endpoint import FakeEndpoint
from tests.unit.serve_app.remote.rig import Rig

pytestmark = pytest.mark.unit


@pytest.fixture
def endpoint(rig: Rig, film: bytes) -> Iterator[FakeEndpoint]:
    made = FakeEndpoint(rig.folder / "objects/data", film)
    yield made
    made.close()


class Running:
    """A bridge that may be killed: at a boundary it hangs, and everything it started is gone."""

    def __init__(
        self, rig: Rig, endpoint: FakeEndpoint, *, die_at: str = "", run_s: float = 5.0, in_flight: int = 4
    ) -> None:
        self.died, self._die_at = asyncio.Event(), die_at
        self.client = Endpoint(endpoint.url, "key", run_s=run_s)
        self.bridge = Bridge(
            rig.lists,
            self.client,
            rig.objects,
            in_flight=in_flight,
            grace_s=0.2,
            poll_s=0.02,
            slack_s=0.1,
            idle_s=0.2,
            at=self._at,
        )
        self.task = asyncio.ensure_future(self.bridge.run())

    async def _at(self, boundary: str) -> None:
        if boundary == self._die_at and not self.died.is_set():
            self.died.set()
            await asyncio.Event().wait()

    async def __aenter__(self) -> Bridge:
        return self.bridge

    async def __aexit__(self, *_error: object) -> None:
        self.bridge.leave()
        await end(self.task)
        await self.client.close()


async def test_a_job_goes_to_the_endpoint_and_its_film_becomes_a_take(rig: Rig, endpoint: FakeEndpoint) -> None:
    """G-299: /run, /status, result; once."""
    rig.dispatcher()
    async with Running(rig, endpoint) as bridge:
        id = await rig.order()
        media = await rig.media(id)
        await rig.fact(lambda: bridge.counts["done"])
    assert media["backend"] == "animatediff"
    assert endpoint.rendered == {id: 1}
    assert await rig.lists.notes() == {}


@pytest.mark.parametrize("boundary", ["taken", "leased", "asking", "accepted", "run noted", "over", "pushed"])
async def test_killed_between_any_two_steps_nothing_is_rendered_twice(
    rig: Rig, endpoint: FakeEndpoint, boundary: str
) -> None:
    """G-299: what was asked for is gone on with; a request nobody knows of is reconciled by its film, and asked again
    only when nothing can come of it any more."""
    dispatcher = rig.dispatcher()
    id = await rig.order()
    run_s = 0.3 if boundary == "asking" else 5.0  # nothing was sent: that is known when the time of a run has passed
    first = Running(rig, endpoint, die_at=boundary, run_s=run_s)
    async with first:
        await asyncio.wait_for(first.died.wait(), 10)
    async with Running(rig, endpoint, run_s=run_s):
        await rig.media(id)
        await rig.fact(lambda: dispatcher.counts["done"] == 1)
    assert endpoint.rendered == {id: 1}


async def test_an_answer_that_was_lost_is_looked_for_not_asked_again(rig: Rig, endpoint: FakeEndpoint) -> None:
    """G-299: accepted, and nobody heard: the film says so."""
    endpoint.trouble["run"] = ["lost"]
    rig.dispatcher()
    async with Running(rig, endpoint) as bridge:
        id = await rig.order()
        await rig.media(id)
        assert (bridge.counts["unknown"], bridge.counts["reconciled"]) == (1, 1)
    assert endpoint.rendered == {id: 1}


async def test_a_busy_endpoint_is_asked_again_and_a_wrong_key_throws_nothing_away(
    rig: Rig, endpoint: FakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G-299"""
    monkeypatch.setattr("serve_app.remote.bridge.BACKOFF_S_MIN", 0.02)
    monkeypatch.setattr("serve_app.remote.bridge.CLOSED_WAIT_S", 0.02)
    endpoint.trouble.update(run=[429, 503, 401], status=[500, 429])
    rig.dispatcher()
    async with Running(rig, endpoint) as bridge:
        id = await rig.order()
        await rig.media(id)
        counts = bridge.counts
        assert (counts["busy"], counts["closed"], counts["status_faults"]) == (2, 1, 2)
    assert endpoint.rendered == {id: 1}


async def test_what_the_endpoint_refuses_fails_and_is_a_dead_letter(rig: Rig, endpoint: FakeEndpoint) -> None:
    """G-299, G-289"""
    endpoint.trouble["run"] = [422]
    rig.dispatcher()
    async with Running(rig, endpoint):
        id = await rig.order()
        row = await rig.final(id)
    error = decode(row.error or b"")
    assert (error["code"], error["retryable"]) == ("REMOTE_FAILED", False)
    assert [letter.id for letter in await rig.lists.dead()] == [id]


async def test_no_more_are_asked_for_at_once_than_said_and_a_cancel_reaches_the_endpoint(
    rig: Rig, endpoint: FakeEndpoint
) -> None:
    """G-299, G-287"""
    endpoint.looks = 10_000
    rig.dispatcher()
    async with Running(rig, endpoint, in_flight=2) as bridge:
        ids = [await rig.order() for _ in range(4)]
        await rig.fact(lambda: len(endpoint.runs) == 2)
        for id in (*ids[2:], *ids[:2]):  # who waits first: a place that a cancel frees would let the next one run
            await rig.cancel(id)
            assert (await rig.final(id)).state is AttemptState.CANCELLED
        await rig.fact(lambda: bridge.counts["cancelled"] >= 2)
    assert set(endpoint.cancelled) >= {"run-1", "run-2"}
    assert len(endpoint.runs) == 2
