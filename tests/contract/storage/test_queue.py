"""The fair queue of attempts: whose turn it is, who may take it, and what cannot go on for ever (G-160 … G-168)."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from storage.codec import decode
from storage.ledger.fairness import COST_MS_DEFAULT, EVEN_TURN
from storage.ledger.memory import MemoryLedger
from storage.ledger.places import Place, places
from storage.ledger.protocol import (
    AFFINITY_WAIT_MS,
    ATTEMPT_STALE_MS,
    CLAIMS_MAX,
    WORKER_LOST,
    Append,
    Attempt,
    AttemptState,
    NewAttempt,
)

pytestmark = pytest.mark.contract
DONE = AttemptState.DONE


def new(id: str, user: str = "u", **more: Any) -> NewAttempt:
    return replace(NewAttempt(id, "prj_1", "scn_1", id, "render", 1, b"r", 600_000, user=user, pool="p"), **more)


async def post(world: Any, *attempts: NewAttempt, home: str = "prj_1") -> None:
    claim = await world.own(home)
    await world.ledger.append(Append(home, claim.epoch, claim.seq, (), attempts=attempts))


async def take(world: Any, took_ms: int = COST_MS_DEFAULT, worker: str = "w", **more: Any) -> Attempt | None:
    """Claim, work, finish."""
    found = await world.ledger.claim_attempt(worker, ["render"], **more)
    if found is not None:
        world.clock.advance(took_ms)
        assert await world.ledger.finish_attempt(found.id, worker, DONE, result=b"", error=None)
    return found


async def turns(world: Any, count: int, took_ms: dict[str, int] | None = None) -> list[str]:
    """Users in the order in which they were served."""
    served: list[str] = []
    for _ in range(count):
        found = await world.ledger.claim_attempt("w", ["render"])
        assert found is not None
        world.clock.advance((took_ms or {}).get(found.user, COST_MS_DEFAULT))
        assert await world.ledger.finish_attempt(found.id, "w", DONE, result=b"", error=None)
        served.append(found.user)
    return served


async def test_an_attempt_keeps_who_it_is_for(world: Any) -> None:
    """G-160: as the owner committed it; a claim counts and is charged."""
    wanted = new("a", "usr_a", needs="gpu", affinity="m", not_before_ms=5, weight=200)
    await post(world, wanted)
    row = await world.ledger.attempt("a")
    assert (row.user, row.needs, row.affinity, row.not_before_ms) == ("usr_a", "gpu", "m", 5)
    assert (row.pool, row.weight, row.claims, row.charge_ms) == ("p", 200, 0, 0)
    claimed = await world.ledger.claim_attempt("w", ["render"], offers=("gpu",), loaded="m")
    assert (claimed.claims, claimed.charge_ms) == (1, COST_MS_DEFAULT)
    assert claimed == await world.ledger.attempt("a")


async def test_only_who_offers_it_gets_what_needs_it(world: Any) -> None:
    """G-161: an attempt that needs something waits for a worker that offers it; one that needs nothing is anybody's."""
    await post(world, new("a", needs="gpu"), new("b"))
    assert (await take(world)).id == "b"
    assert await take(world, offers=("cpu", "tpu")) is None
    assert (await take(world, offers=("cpu", "gpu"))).id == "a"


async def test_nobody_takes_it_before_its_time(world: Any) -> None:
    """G-162: not before `not_before_ms`, then at once."""
    await post(world, new("a", not_before_ms=world.clock.now + 2_000))
    world.clock.advance(1_999)
    assert await take(world) is None
    world.clock.advance(1)
    assert (await take(world)).id == "a"


async def test_a_worker_with_the_model_is_preferred_for_a_while(world: Any) -> None:
    """G-163: others get it after `AFFINITY_WAIT_MS`, counted from when it could first be had."""
    await post(world, new("a", affinity="m1"), new("b", affinity="m2"), new("c", not_before_ms=1, affinity="m2"))
    assert (await take(world, 0, loaded="m2")).id == "b"
    assert (await take(world, 0, loaded="m2")).id == "c"
    assert await take(world, loaded="m2") is None
    world.clock.advance(AFFINITY_WAIT_MS - 1)
    assert await take(world) is None
    world.clock.advance(1)
    assert (await take(world, loaded="m2")).id == "a"
    await post(world, new("d", affinity="m1", not_before_ms=world.clock.now + 60_000))
    world.clock.advance(60_000)
    assert await take(world) is None
    world.clock.advance(AFFINITY_WAIT_MS)
    assert (await take(world)).id == "d"


async def test_equals_take_turns_however_much_they_ask_for(world: Any) -> None:
    """G-164: one who asked for eighty does not stand before those who asked for two."""
    await post(world, *(new(f"x{i}", "x") for i in range(80)))
    await post(world, *(new(f"{user}{i}", user) for user in "abc" for i in range(2)))
    assert Counter(await turns(world, 8)) == {"x": 2, "a": 2, "b": 2, "c": 2}
    assert await turns(world, 3) == ["x", "x", "x"]
    await post(world, new("late", "late"))
    assert "late" in await turns(world, 2)


async def test_service_is_time_not_turns(world: Any) -> None:
    """G-164: whose work takes four times as long has a quarter of the turns."""
    await post(world, *(new(f"{user}{i}", user) for user in ("slow", "fast") for i in range(40)))
    await turns(world, 4, {"slow": 4_000})
    served = Counter(await turns(world, 20, {"slow": 4_000}))
    assert served == {"slow": 4, "fast": 16}


async def test_who_was_away_saves_up_no_turns(world: Any) -> None:
    """G-164: a user who comes after others had a hundred turns gets half from then on, not the next hundred."""
    await post(world, *(new(f"x{i}", "x") for i in range(40)))
    await turns(world, 20)
    await post(world, *(new(f"y{i}", "y") for i in range(40)))
    assert Counter(await turns(world, 10))["x"] == 5


async def test_a_weight_is_a_part(world: Any) -> None:
    """G-164: two hundred percent have twice the turns."""
    await post(world, *(new(f"x{i}", "x", weight=200) for i in range(40)), *(new(f"y{i}", "y") for i in range(40)))
    assert Counter(await turns(world, 30)) == {"x": 20, "y": 10}


async def test_a_persons_projects_take_turns(world: Any) -> None:
    """G-164: inside one person's share the projects are equal."""
    await post(world, *(new(f"x{i}") for i in range(20)))
    await post(world, *(new(f"y{i}", home="prj_2") for i in range(3)), home="prj_2")
    homes = [(await take(world)).home for _ in range(6)]
    assert Counter(homes) == {"prj_1": 3, "prj_2": 3}


async def test_g325_forgotten_shares_cost_nobody_a_turn(world: Any) -> None:
    """G-325: people come and go at random; with shares forgotten between, nobody has ever had more than two turns
    more or less than with a ledger that forgets nothing (equals may change places); a second pruning finds nothing."""
    both, draw, gone = {"kept": type(world)(MemoryLedger(world.clock), world.clock), "pruned": world}, Random(7), 0
    weight = {"a": 50, "b": 100, "c": 100, "d": 200, "e": 400}
    took_ms = {"a": 900, "b": 100, "c": 3_000, "d": 500, "e": 70}
    await both["kept"].ledger.open()
    served: dict[str, list[str]] = {name: [] for name in both}
    for phase in range(12):
        for at in range(6):
            user, home = draw.choice("abcde"), draw.choice(("prj_1", "prj_2", "prj_3"))
            for each in both.values():
                await post(each, new(f"{phase}.{at}", user, home=home, weight=weight[user]), home=home)
        for _ in range(6):
            found = {name: await each.ledger.claim_attempt("w", ["render"]) for name, each in both.items()}
            world.clock.advance(took_ms[found["kept"].user])
            for name, each in both.items():
                served[name].append(found[name].user)
                assert await each.ledger.finish_attempt(found[name].id, "w", DONE, result=b"", error=None)
        gone += await world.ledger.prune_shares()
    for length in range(len(served["kept"])):
        kept, pruned = (Counter(served[name][:length]) for name in ("kept", "pruned"))
        assert max(abs(kept[user] - pruned[user]) for user in weight) <= 2
    assert gone > 0
    await post(world, new("last", "newcomer"))
    await take(world, 60_000_000)
    await post(world, new("after", "newcomer"))
    await take(world)
    assert await world.ledger.prune_shares() > 0
    assert await world.ledger.prune_shares() == 0


async def test_pools_do_not_pay_for_each_other(world: Any) -> None:
    """G-164: a film does not put anybody back in the queue of first panels."""
    await post(world, new("film", "x", pool="video"))
    await take(world, 60_000)
    await post(world, new("x1", "x"), new("x2", "x"), new("y1", "y"), new("y2", "y"))
    assert await turns(world, 4) == ["x", "y", "x", "y"]


async def test_urgent_work_goes_first_but_never_alone(world: Any) -> None:
    """G-165: every `EVEN_TURN`-th claim does not look at priority."""
    await post(world, *(new(f"x{i}", "x", priority=9) for i in range(40)), *(new(f"y{i}", "y") for i in range(40)))
    served = await turns(world, 20)
    assert served[: EVEN_TURN - 1] == ["x"] * (EVEN_TURN - 1)
    assert served.count("y") == 20 // EVEN_TURN


async def test_an_attempt_that_kills_its_workers_ends(world: Any) -> None:
    """G-166: claimed `CLAIMS_MAX` times, it fails by name and is handed back as failed; its partial result stays."""
    await post(world, new("poison"))
    for n in range(CLAIMS_MAX):
        claimed = await world.ledger.claim_attempt(f"w{n}", ["render"])
        assert (claimed.state, claimed.claims) == (AttemptState.CLAIMED, n + 1)
        await world.ledger.beat_attempt("poison", f"w{n}", progress=0.5, message="", result=b"part")
        world.clock.advance(ATTEMPT_STALE_MS + 1)
    ended = await world.ledger.claim_attempt("w9", ["render"])
    assert (ended.state, ended.claims, ended.result) == (AttemptState.FAILED, CLAIMS_MAX, b"part")
    said = decode(ended.error)
    assert (said["code"], said["retryable"]) == (WORKER_LOST, False)
    assert ended == await world.ledger.attempt("poison")
    assert await world.ledger.claim_attempt("w9", ["render"]) is None
    assert not await world.ledger.finish_attempt("poison", "w2", DONE, result=b"", error=None)


async def test_a_claim_given_back_is_open_at_once_and_not_counted(world: Any) -> None:
    """G-167: a worker that stops costs its attempt nothing; what was made so far is there for the next."""
    await post(world, new("a"))
    for _ in range(CLAIMS_MAX + 2):
        claimed = await world.ledger.claim_attempt("w", ["render"])
        assert claimed.claims == 1
        await world.ledger.beat_attempt("a", "w", progress=0.5, message="", result=b"part")
        assert not await world.ledger.release_attempt("a", "other")
        assert await world.ledger.release_attempt("a", "w")
        row = await world.ledger.attempt("a")
        assert (row.state, row.worker, row.result, row.claims) == (AttemptState.OPEN, None, b"part", 0)
    assert not await world.ledger.release_attempt("a", "w")


async def test_a_claim_given_back_after_a_cancel_is_cancelled(world: Any) -> None:
    """G-167: nobody begins it again."""
    await post(world, new("a"))
    await world.ledger.claim_attempt("w", ["render"])
    claim = await world.own()
    await world.ledger.append(Append("prj_1", claim.epoch, claim.seq, (), cancel_attempts=("a",)))
    assert await world.ledger.release_attempt("a", "w")
    assert (await world.ledger.attempt("a")).state is AttemptState.CANCELLED


async def test_a_place_in_the_queue_is_the_turn_one_will_have(world: Any) -> None:
    """G-170: the forecast order is the order of the claims, and the times are those of steps as they were measured."""
    await post(world, new("m1", "m"), new("m2", "m"))
    for _ in range(2):
        await take(world, 4_000)
    await post(world, *(new(f"x{i}", "x") for i in range(6)), new("u", "y", priority=3), new("heavy", "x", weight=50))
    await post(world, *(new(f"y{i}", "y", home="prj_2") for i in range(3)), home="prj_2")
    await post(world, new("z", "z"), new("other", "z", pool="q"), new("later", "z", not_before_ms=10**15))
    queue = await world.ledger.queue()
    found = places(queue)
    order = sorted((id for id in found if id not in ("other", "later")), key=lambda id: found[id].position)
    assert found["u"] == Place(1, 0)
    assert found["other"] == Place(1, 0)
    assert [found[id].starts_in_ms for id in order[:3]] == [0, 4_000, 8_000]
    claimed = [(await take(world, 4_000)).id for _ in range(len(order) + 1)]
    assert [id for id in claimed if id != "other"] == order


async def test_what_runs_is_worked_in(world: Any) -> None:
    """G-170: who waits behind two that run waits for what is left of both, shared."""
    await post(world, *(new(f"m{i}", "m") for i in range(5)))
    await take(world, 4_000)
    assert await world.ledger.claim_attempt("w1", ["render"])
    world.clock.advance(1_000)
    assert await world.ledger.claim_attempt("w2", ["render"])
    world.clock.advance(1_000)
    assert places(await world.ledger.queue())["m3"] == Place(1, (2_000 + 3_000) // 2)
    assert places(await world.ledger.queue())["m4"] == Place(2, (2_000 + 3_000 + 4_000) // 2)


async def test_several_workers_are_as_fair_as_one(world: Any) -> None:
    """G-164: claims at once are charged each; their order may follow tags a moment old, which the next ones mend."""
    await post(world, *(new(f"x{i}", "x") for i in range(40)))
    await post(world, *(new(f"y{i}", "y") for i in range(40)))
    for _ in range(5):
        found = await asyncio.gather(*(world.ledger.claim_attempt(f"w{n}", ["render"]) for n in range(4)))
        world.clock.advance(COST_MS_DEFAULT)
        for n, row in enumerate(found):
            assert await world.ledger.finish_attempt(row.id, f"w{n}", DONE, result=b"", error=None)
    done = [row.user for row in await world.ledger.attempts("prj_1") if row.state is DONE]
    assert len(done) == 20
    assert abs(done.count("x") - done.count("y")) <= 4


async def test_what_nobody_asked_for_is_never_before_what_somebody_did(world: Any) -> None:
    """K-97: below 0 no turn lifts it, not even those that look at no priority."""
    await post(world, *(new(f"a{n}", "@ahead", priority=-1) for n in range(2)))
    await post(world, *(new(f"b{n}", "u") for n in range(2 * EVEN_TURN)))
    assert await turns(world, 2 * EVEN_TURN) == ["u"] * 2 * EVEN_TURN
    assert await turns(world, 2) == ["@ahead"] * 2
