"""Flights: attempts that ask for the same thing, of whatever job and project, are worked on once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage.ledger.protocol import ATTEMPT_STALE_MS, CLAIMS_MAX, Append, AttemptState, NewAttempt

pytestmark = pytest.mark.contract

OPEN, CLAIMED, DONE, FAILED = AttemptState.OPEN, AttemptState.CLAIMED, AttemptState.DONE, AttemptState.FAILED


def new(id: str, home: str = "prj_1", flight: str = "film", **more: Any) -> NewAttempt:
    return NewAttempt(id, home, "scn_1", f"job_{id}", "video", 1, b"request", 60_000, flight=flight, **more)


async def post(world: Any, *attempts: NewAttempt, cancel: tuple[str, ...] = ()) -> None:
    home = attempts[0].home if attempts else "prj_1"
    claim = await world.own(home)
    await world.ledger.append(Append(home, claim.epoch, claim.seq, (), attempts=attempts, cancel_attempts=cancel))


async def claim(world: Any, worker: str) -> str | None:
    row = await world.ledger.claim_attempt(worker, ["video"])
    return None if row is None else str(row.id)


async def states(world: Any, *ids: str) -> list[AttemptState]:
    return [(await world.ledger.attempt(id)).state for id in ids]


async def end(world: Any, id: str, worker: str, state: AttemptState, steps: tuple[str, ...] = ("video",)) -> Any:
    done = state is DONE
    result, error = (b"film", None) if done else (None, b"why")
    return await world.ledger.finish_and_claim(id, worker, state, result=result, error=error, steps=steps)


async def test_one_is_worked_on_and_all_end_with_it(world: Any) -> None:
    """K-93: two people, two projects, one render; whoever waits holds no worker, and what flies otherwise goes on."""
    await post(world, new("att_1"))
    await post(world, new("att_2", "prj_2"), new("att_4", "prj_2", "other"), new("att_5", "prj_2", ""))
    await post(world, new("att_3"))
    assert [await claim(world, f"w{n}") for n in range(5)] == ["att_1", "att_4", "att_5", None, None]
    ended = await end(world, "att_1", "w0", DONE)
    assert (ended.counted, ended.next) == (True, None)
    assert sorted((row.id, row.home) for row in ended.also) == [("att_2", "prj_2"), ("att_3", "prj_1")]
    for row in [await world.ledger.attempt(id) for id in ("att_2", "att_3")]:
        assert (row.state, row.result, row.flown_with) == (DONE, b"film", "job_att_1")
    assert (await world.ledger.attempt("att_1")).flown_with == ""
    assert await states(world, "att_4", "att_5") == [CLAIMED, CLAIMED]


@pytest.mark.parametrize("state", [FAILED, AttemptState.CANCELLED])
async def test_the_next_takes_over_where_the_first_gives_up(world: Any, state: AttemptState) -> None:
    """K-94: nobody's wait is lost: the oldest that waits is worked on, by the same worker if it asks."""
    await post(world, new("att_1"), new("att_2"))
    await post(world, new("att_3", "prj_2"))
    assert await claim(world, "w1") == "att_1"
    ended = await end(world, "att_1", "w1", state)
    assert (ended.counted, ended.next.id, ended.also) == (True, "att_2", ())
    assert await claim(world, "w2") is None
    assert [row.id for row in (await end(world, "att_2", "w1", DONE)).also] == ["att_3"]


async def test_a_first_that_is_cancelled_before_anybody_began_leaves_its_place(world: Any) -> None:
    """K-94: a cancel of one is no cancel of the others."""
    await post(world, new("att_1"), new("att_2"))
    await post(world, cancel=("att_1",))
    assert await claim(world, "w1") == "att_2"
    await post(world, new("att_3"), new("att_4"))
    await post(world, cancel=("att_3",))
    await end(world, "att_2", "w1", DONE)
    assert await states(world, "att_1", "att_3", "att_4") == [AttemptState.CANCELLED, AttemptState.CANCELLED, DONE]


async def test_a_worker_that_dies_leaves_the_flight_to_another(world: Any) -> None:
    """K-95: after the missed beats the same attempt is claimed anew, never a second one beside it; what the dead one
    says later does not count, and one that takes its workers with it makes way for the next."""
    await post(world, new("att_1"), new("att_2"))
    for n in range(CLAIMS_MAX):
        assert await claim(world, f"w{n}") == "att_1"
        assert await claim(world, "idle") is None
        world.clock.advance(ATTEMPT_STALE_MS + 1)
    lost = await world.ledger.claim_attempt("w8", ["video"])
    assert (lost.id, lost.state) == ("att_1", FAILED)
    assert await claim(world, "w9") == "att_2"
    assert not (await end(world, "att_1", "w0", DONE, ())).counted
    assert (await end(world, "att_2", "w9", DONE)).counted


async def test_a_newer_one_that_was_claimed_before_it_was_seen_is_waited_for(world: Any) -> None:
    """K-95: even where an older one appears later, as after a release, one is worked on."""
    await post(world, new("att_1", not_before_ms=world.clock.now + 1_000), new("att_2"))
    assert await claim(world, "w1") is None  # the older one's time has not come: the same vendor, the same patience
    world.clock.advance(1_001)
    assert await claim(world, "w1") == "att_1"
    assert await world.ledger.release_attempt("att_1", "w1")
    assert await claim(world, "w2") == "att_1"


async def test_many_that_claim_at_once_never_work_on_two(world: Any) -> None:
    """K-96: whoever asks whenever, at most one of a flight is claimed, and every one of it ends."""
    ids = [f"att_{n}" for n in range(6)]
    await post(world, *(new(id) for id in ids))
    for _ in range(3):
        got = [row for row in await asyncio.gather(*(claim(world, f"w{n}") for n in range(8))) if row]
        assert len(got) <= 1
        claimed = [id for id, state in zip(ids, await states(world, *ids), strict=True) if state is CLAIMED]
        assert claimed == got
        if got:
            row = await world.ledger.attempt(got[0])
            await world.ledger.release_attempt(row.id, row.worker)
    last = await claim(world, "w")
    await end(world, str(last), "w", DONE)
    assert set(await states(world, *ids)) == {DONE}


async def test_an_attempt_of_a_flight_is_handed_over_only_where_it_leads(world: Any) -> None:
    """K-93, G-300: an append never claims what somebody works on already."""
    await post(world, new("att_1"))
    assert await claim(world, "w1") == "att_1"
    await post(world, new("att_2", hand_to="w2"))
    assert await states(world, "att_2") == [OPEN]
