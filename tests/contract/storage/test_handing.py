"""Handing over: an attempt claimed in the append that opens it, and an end that is the next claim."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage.ledger.protocol import ATTEMPT_STALE_MS, Append, AttemptState, Ended, NewAttempt

pytestmark = pytest.mark.contract

DONE = AttemptState.DONE


def new(id: str, hand_to: str = "", *, user: str = "usr_a", number: int = 1) -> NewAttempt:
    return NewAttempt(
        id, "prj_1", "scn_1", f"job_{id}", "enhance", number, b"request", 60_000, user=user, pool="quick",
        hand_to=hand_to,
    )  # fmt: skip


async def post(world: Any, *attempts: NewAttempt) -> None:
    claim = await world.own()
    await world.ledger.append(Append("prj_1", claim.epoch, claim.seq, (), attempts=attempts))


async def finish(world: Any, id: str, worker: str) -> Any:
    return await world.ledger.finish_and_claim(id, worker, DONE, result=b"r", error=None, steps=["enhance"])


async def test_an_append_hands_its_attempt_to_the_worker_that_asked(world: Any) -> None:
    """G-300: it is claimed as any claim is, before anybody hears of it, and is nobody else's."""
    await post(world, new("att_1", "w1"))
    row = await world.ledger.handed("w1")
    now = world.clock.now
    assert (row.id, row.state, row.worker, row.claims, row.version) == ("att_1", AttemptState.CLAIMED, "w1", 1, 2)
    assert (row.deadline_at_ms, row.heartbeat_at_ms) == (now + 60_000, now)
    assert await world.ledger.claim_attempt("w2", ["enhance"]) is None
    assert await world.ledger.handed("w2") is None
    assert await finish(world, "att_1", "w1") == Ended(True)
    assert (await world.ledger.attempt("att_1")).state is DONE
    assert await world.ledger.handed("w1") is None


async def test_who_holds_something_is_handed_nothing(world: Any) -> None:
    """G-300: a worker holds one; what came too late for it waits for whoever is free."""
    await post(world, new("att_1"))
    assert (await world.ledger.claim_attempt("w1", ["enhance"])).id == "att_1"
    await post(world, new("att_2", "w1"))
    assert (await world.ledger.attempt("att_2")).state is AttemptState.OPEN
    await post(world, new("att_3", "w2"), new("att_4", "w2"))
    rows = [await world.ledger.attempt(id) for id in ("att_3", "att_4")]
    assert [row.state for row in rows] == [AttemptState.CLAIMED, AttemptState.OPEN]


async def test_a_handed_attempt_that_nobody_begins_is_taken_over(world: Any) -> None:
    """G-300: a worker that died after it asked is found by the beats it misses, as always."""
    await post(world, new("att_1", "w1"))
    world.clock.advance(ATTEMPT_STALE_MS + 1)
    row = await world.ledger.claim_attempt("w2", ["enhance"])
    assert (row.id, row.worker, row.claims) == ("att_1", "w2", 2)
    assert not await world.ledger.finish_attempt("att_1", "w1", DONE, result=b"late", error=None)


async def test_what_is_handed_is_a_turn_in_the_queue(world: Any) -> None:
    """G-300: it is charged like a claim: whoever is handed much waits behind whoever had less."""
    await post(world, new("att_1", "w1", user="usr_a"))
    await post(world, new("att_2", user="usr_a"), new("att_3", user="usr_b"))
    order = [(await world.ledger.claim_attempt(f"x{n}", ["enhance"])).id for n in range(2)]
    assert order == ["att_3", "att_2"]
    assert (await world.ledger.attempt("att_1")).charge_ms > 0


async def test_an_attempt_of_an_append_that_is_refused_is_nobody_s(world: Any) -> None:
    """G-300: nothing is claimed before it is committed."""
    claim = await world.own()
    with pytest.raises(Exception, match="expected epoch"):
        await world.ledger.append(Append("prj_1", claim.epoch + 1, claim.seq, (), attempts=(new("att_1", "w1"),)))
    assert await world.ledger.handed("w1") is None
    assert await world.ledger.attempt("att_1") is None


async def test_the_end_of_one_is_the_claim_of_the_next(world: Any) -> None:
    """G-301: one commit; the next is whose turn it is, as with any claim."""
    await post(world, new("att_1"), new("att_2"), replace(new("att_3"), priority=5))
    assert (await world.ledger.claim_attempt("w1", ["enhance"])).id == "att_3"
    ended = await finish(world, "att_3", "w1")
    row = ended.next
    assert (ended.counted, row.id, row.worker, row.state) == (True, "att_1", "w1", AttemptState.CLAIMED)
    ended = await finish(world, "att_1", "w1")
    assert (ended.counted, ended.next.id) == (True, "att_2")
    assert await finish(world, "att_2", "w1") == Ended(True)


async def test_a_lost_claim_still_leads_to_the_next(world: Any) -> None:
    """G-301: what does not count is told, and the worker goes on."""
    await post(world, new("att_1"))
    await world.ledger.claim_attempt("w1", ["enhance"])
    world.clock.advance(ATTEMPT_STALE_MS + 1)
    await world.ledger.claim_attempt("w2", ["enhance"])
    await post(world, new("att_2"))
    ended = await finish(world, "att_1", "w1")
    assert (ended.counted, ended.next.id) == (False, "att_2")
    assert (await world.ledger.attempt("att_1")).result is None
