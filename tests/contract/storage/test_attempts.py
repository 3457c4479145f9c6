"""Attempts: compare-and-set by workers (S-30 … S-33)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage.ledger.protocol import ATTEMPT_STALE_MS, Append, Attempt, AttemptState, NewAttempt

pytestmark = pytest.mark.contract


def new(id: str, number: int = 1, step: str = "enhance", priority: int = 0, job: str = "job_1") -> NewAttempt:
    return NewAttempt(id, "prj_1", "scn_1", job, step, number, b"request", 60_000, priority)


async def post(world: Any, *attempts: NewAttempt) -> Any:
    claim = await world.own()
    await world.ledger.append(Append("prj_1", claim.epoch, claim.seq, (), attempts=attempts))
    return claim


async def cancel(world: Any, *ids: str, home: str = "prj_1") -> None:
    claim = await world.own(home)
    await world.ledger.append(Append(home, claim.epoch, claim.seq, (), cancel_attempts=ids))


async def test_a_new_attempt_is_open(world: Any) -> None:
    """S-30: as the owner committed it."""
    await post(world, new("att_1"))
    assert await world.ledger.attempt("att_1") == Attempt(
        "att_1", "prj_1", "scn_1", "job_1", "enhance", 1, AttemptState.OPEN, b"request", 60_000, 0, world.clock.now,
        None, None, None, 0.0, "", False, None, None, 1,
    )  # fmt: skip
    assert await world.ledger.attempt("att_x") is None


async def test_claims_go_by_priority_then_age_and_step(world: Any) -> None:
    """S-30: the highest priority first, then the oldest, of the steps asked for."""
    await post(world, new("att_1"), new("att_2", 2), new("att_3", 3, priority=5), new("att_4", 4, step="render"))
    claimed = [await world.ledger.claim_attempt("w", ["enhance"]) for _ in range(4)]
    assert [a and a.id for a in claimed] == ["att_3", "att_1", "att_2", None]
    assert await world.ledger.claim_attempt("w", []) is None
    assert (await world.ledger.claim_attempt("w", ["x", "render"])).id == "att_4"


async def test_a_claim_sets_worker_deadline_and_heartbeat(world: Any) -> None:
    """S-30: the deadline counts from the claim; every change grows the version."""
    await post(world, new("att_1"))
    world.clock.advance(500)
    claimed = await world.ledger.claim_attempt("w1", ["enhance"])
    now = world.clock.now
    assert (claimed.state, claimed.worker, claimed.version) == (AttemptState.CLAIMED, "w1", 2)
    assert (claimed.deadline_at_ms, claimed.heartbeat_at_ms) == (now + 60_000, now)
    assert claimed == await world.ledger.attempt("att_1")


async def test_many_workers_one_claim_each(world: Any) -> None:
    """S-30: no attempt is handed to two."""
    await post(world, *(new(f"att_{i}", i) for i in range(5)))
    got = await asyncio.gather(*(world.ledger.claim_attempt(f"w{i}", ["enhance"]) for i in range(9)))
    ids = [a.id for a in got if a]
    assert sorted(ids) == [f"att_{i}" for i in range(5)]


async def test_beats_renew_and_report(world: Any) -> None:
    """S-31: a beat renews the claim, keeps progress and partial result, and says whether to stop."""
    await post(world, new("att_1"))
    await world.ledger.claim_attempt("w1", ["enhance"])
    world.clock.advance(4_000)
    assert not await world.ledger.beat_attempt("att_1", "w1", progress=0.5, message="half", result=b"part")
    assert not await world.ledger.beat_attempt("att_1", "w1", progress=0.6, message="more")
    row = await world.ledger.attempt("att_1")
    assert (row.progress, row.message, row.result, row.heartbeat_at_ms) == (0.6, "more", b"part", world.clock.now)
    assert await world.ledger.beat_attempt("att_1", "w2", progress=0, message="")
    assert await world.ledger.beat_attempt("att_none", "w1", progress=0, message="")
    assert await world.ledger.attempt("att_1") == row


@pytest.mark.parametrize("why", ["stale", "deadline"])
async def test_a_dead_workers_claim_is_taken_over(world: Any, why: str) -> None:
    """S-32: stale heartbeat or passed deadline: another worker may claim, the old one's writes are refused."""
    await post(world, replace(new("att_1"), timeout_ms=8_000))
    await world.ledger.claim_attempt("w1", ["enhance"])
    world.clock.advance(ATTEMPT_STALE_MS)
    assert await world.ledger.claim_attempt("w2", ["enhance"]) is None
    if why == "deadline":
        await world.ledger.beat_attempt("att_1", "w1", progress=0.1, message="")
        world.clock.advance(3_000)
        assert await world.ledger.claim_attempt("w2", ["enhance"]) is None
    world.clock.advance(1)
    assert await world.ledger.claim_attempt("w1", ["enhance"]) is None
    again = await world.ledger.claim_attempt("w2", ["enhance"])
    assert (again.id, again.worker) == ("att_1", "w2")
    assert await world.ledger.beat_attempt("att_1", "w1", progress=0.9, message="zombie")
    assert not await world.ledger.finish_attempt("att_1", "w1", AttemptState.DONE, result=b"z", error=None)
    assert await world.ledger.finish_attempt("att_1", "w2", AttemptState.DONE, result=b"good", error=None)
    assert (await world.ledger.attempt("att_1")).result == b"good"


async def test_finish_is_final(world: Any) -> None:
    """S-31: claimed → final once; a late claim, beat or finish changes nothing."""
    await post(world, new("att_1"))
    assert not await world.ledger.finish_attempt("att_1", "w1", AttemptState.DONE, result=b"r", error=None)
    await world.ledger.claim_attempt("w1", ["enhance"])
    with pytest.raises(ValueError):
        await world.ledger.finish_attempt("att_1", "w1", AttemptState.OPEN, result=None, error=None)
    assert await world.ledger.finish_attempt("att_1", "w1", AttemptState.FAILED, result=None, error=b"why")
    row = await world.ledger.attempt("att_1")
    assert (row.state, row.error, row.result) == (AttemptState.FAILED, b"why", None)
    world.clock.advance(10**9)
    assert await world.ledger.claim_attempt("w2", ["enhance"]) is None
    assert not await world.ledger.finish_attempt("att_1", "w1", AttemptState.DONE, result=b"r", error=None)
    await cancel(world, "att_1")
    assert await world.ledger.attempt("att_1") == row


async def test_cancelling(world: Any) -> None:
    """S-33: an open attempt is cancelled at once; a claimed one is told at its next beat; only by its own home."""
    await post(world, new("att_1"), new("att_2", 2))
    await world.ledger.claim_attempt("w1", ["enhance"])
    await cancel(world, "att_1", "att_2", home="prj_other")
    assert not (await world.ledger.attempt("att_1")).cancel_requested
    await cancel(world, "att_1", "att_2", "att_none")
    claimed, waiting = await world.ledger.attempt("att_1"), await world.ledger.attempt("att_2")
    assert (claimed.state, claimed.cancel_requested) == (AttemptState.CLAIMED, True)
    assert (waiting.state, waiting.cancel_requested) == (AttemptState.CANCELLED, True)
    assert await world.ledger.claim_attempt("w2", ["enhance"]) is None
    assert await world.ledger.beat_attempt("att_1", "w1", progress=0.2, message="")
    assert await world.ledger.finish_attempt("att_1", "w1", AttemptState.CANCELLED, result=None, error=None)


async def test_listing(world: Any) -> None:
    """S-30: of a home, oldest first; open means not final."""
    await post(world, new("att_1"), new("att_2", 2), new("att_3", job="job_2"))
    await world.ledger.claim_attempt("w1", ["enhance"])
    await world.ledger.finish_attempt("att_1", "w1", AttemptState.DONE, result=b"", error=None)
    await world.ledger.claim_attempt("w1", ["enhance"])

    async def ids(**filters: Any) -> list[str]:
        return [a.id for a in await world.ledger.attempts("prj_1", **filters)]

    assert await ids() == ["att_1", "att_2", "att_3"]
    assert await ids(job="job_1") == ["att_1", "att_2"]
    assert await ids(open_only=True) == ["att_2", "att_3"]
    assert await world.ledger.attempts("prj_2") == []


async def test_nothing_open_costs_no_commit(world: Any) -> None:
    """S-30: asking for work when there is none writes nothing."""
    await post(world)
    before = await world.ledger.change_token()
    assert await world.ledger.claim_attempt("w1", ["enhance"]) is None
    assert await world.ledger.change_token() == before
