"""Subscriptions over Server-Sent Events and WebSocket, on a real loopback server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from serve_app.auth import OWNER, SESSION_COOKIE
from serve_app.graphql.context import Ports
from serve_app.graphql.feed import ChangeFeed
from storage.bus.memory import Air, MemoryBus
from storage.bus.protocol import attempt_stream, home_stream
from storage.codec import encode
from storage.ledger.errors import Unavailable
from storage.ledger.protocol import AttemptState, Kind, NewEvent
from tests.unit.serve_app.conftest import TOKEN, World, job_row

pytestmark = pytest.mark.unit

EVENTS = "subscription($p: ID!, $a: String) { projectEvents(projectId: $p, after: $a) { sequence kind jobId payload } }"
JOB = "subscription($j: ID!) { jobProgress(jobId: $j) { state progress message } }"
PROTOCOL = Subprotocol("graphql-transport-ws")


async def eventually(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - facts of other tasks, no event to wait for
            await asyncio.sleep(0.01)


async def sse(base: str, query: str, **variables: Any) -> AsyncIterator[tuple[str, Any]]:
    """(event, data) pairs of one stream."""
    headers = {"authorization": f"Bearer {TOKEN}", "accept": "text/event-stream"}
    body = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream("POST", f"http://{base}/graphql", json=body, headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        event = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data:"):
                yield event, json.loads(line[5:] or "null")


async def note(world: World, project: str, type_: str = "note") -> None:
    body = encode({"n": 1, "script": "private", "facts": {"text": "private", "raw": b"x"}})
    event = NewEvent("@project", Kind.EVENT, type_, body, source="owner")
    await world.scribe.append(project, [event], [])


async def test_q15_events_replay_from_a_cursor_and_go_on_live(world: World, served: str) -> None:
    """Q-15: everything after the cursor in order, each once, then what commits later; no story text."""
    project = await world.project()
    await note(world, project, "before")
    stream = sse(served, EVENTS, p=project, a="1")
    seen = [(await anext(stream))[1]["data"]["projectEvents"] for _ in range(2)]
    await note(world, project, "live")
    seen.append((await anext(stream))[1]["data"]["projectEvents"])
    assert [(e["kind"], e["sequence"]) for e in seen] == [("project.created", "2"), ("before", "3"), ("live", "4")]
    assert json.loads(seen[-1]["payload"]) == {"n": 1, "facts": {}}
    await stream.aclose()
    await eventually(lambda: feed(world).watchers == 0 and not feed(world).polling)


async def test_q15_without_a_cursor_only_what_comes(world: World, served: str) -> None:
    """Q-15: from now on."""
    project = await world.project()
    stream = sse(served, EVENTS, p=project)
    first = asyncio.ensure_future(anext(stream))
    await eventually(lambda: feed(world).watchers == 1 and world.ledger.reads.get("change_token", 0) > 1)
    await note(world, project, "new")
    assert (await first)[1]["data"]["projectEvents"]["kind"] == "new"
    await stream.aclose()


async def test_q16_a_job_is_told_at_every_change_and_ends(world: World, served: str) -> None:
    """Q-16: now, at each change of the job or its attempt, and completion at a terminal state."""
    project = await world.project()
    scene = await world.scene(project)
    job = await world.job(scene)
    stream = sse(served, JOB, j=job)
    told = [(await anext(stream))[1]["data"]["jobProgress"]]
    attempt = await world.ledger.claim_attempt("wrk", ["storyboard"])
    assert attempt is not None
    told.append((await anext(stream))[1]["data"]["jobProgress"])
    await world.ledger.beat_attempt(attempt.id, "wrk", progress=0.5, message="Inking")
    told.append((await anext(stream))[1]["data"]["jobProgress"])
    await world.ledger.finish_attempt(attempt.id, "wrk", AttemptState.DONE, result=b"", error=None)
    await world.scribe.append(
        project, [NewEvent("@x", Kind.EVENT, "t", encode({}))], [job_row(project, scene, job, "FINAL_READY")]
    )
    rest = [item async for item in stream]
    assert told[-1]["message"] == "Inking"
    assert told[-1]["progress"] > told[0]["progress"]
    assert rest[-1] == ("complete", None)
    assert rest[-2][1]["data"]["jobProgress"]["state"] == "FINAL_READY"


async def test_q16_a_quiet_subscription_costs_no_query(world: World, served: str) -> None:
    """Q-16: while nothing commits only the change token is read, once for all subscribers."""
    project = await world.project()
    job = await world.job(await world.scene(project))
    streams = [sse(served, JOB, j=job) for _ in range(3)]
    for stream in streams:
        await anext(stream)
    waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
    tokens = world.ledger.reads["change_token"]
    await eventually(lambda: world.ledger.reads["change_token"] > tokens + 2)
    reads = dict(world.ledger.reads)
    tokens = reads.pop("change_token")
    await eventually(lambda: world.ledger.reads["change_token"] > tokens + 4)
    now = dict(world.ledger.reads)
    now.pop("change_token")
    assert now == reads
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_q15_errors_of_a_stream_are_events(world: World, served: str) -> None:
    """Q-15: an unknown project or field is told in the stream's own form, then the stream completes."""
    items = [item async for item in sse(served, EVENTS, p="prj_no")]
    assert items[0][1]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert items[-1] == ("complete", None)
    items = [item async for item in sse(served, "subscription { nothing }")]
    assert "nothing" in items[0][1]["errors"][0]["message"]
    items = [item async for item in sse(served, "{ me { id } }")]
    assert items == [("next", {"data": {"me": {"id": "owner"}}}), ("complete", None)]


async def test_q15_a_subscription_needs_a_stream(world: World) -> None:
    """Q-15: asked for as plain JSON it is refused with words."""
    answer = await world.post('subscription { jobProgress(jobId: "x") { state } }')
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")


async def test_q15_the_feed_waits_out_a_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Q-15: a ledger that hiccups does not end subscriptions."""
    monkeypatch.setattr("serve_app.graphql.feed.FAULT_POLL_S", 0.01)
    answers: list[Any] = [Unavailable("locked"), 1, 1, Unavailable("locked"), 2]

    class Flaky:
        async def change_token(self) -> int:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            return int(answer)

    source: Any = Flaky()
    changes = ChangeFeed(source, poll_s=0.001)
    async with asyncio.timeout(20), changes.watch("prj_a") as watch:
        assert await watch.changed(await watch.changed(0)) == 2


class NoNews:
    """A ledger whose change token never moves: whatever wakes a subscriber came by the bus."""

    async def change_token(self) -> int:
        return 1


async def test_q87_a_wake_up_wakes_the_subscribers_of_its_project_alone() -> None:
    """Q-87: by the bus, of a commit or of an attempt; a look at everything wakes all."""
    air, source = Air(), NoNews()
    here, there = MemoryBus(air), MemoryBus(air)
    await here.open()
    await there.open()
    changes = ChangeFeed(source, here, poll_live_s=60)  # type: ignore[arg-type]
    async with asyncio.timeout(20), changes.watch("prj_a") as a, changes.watch("prj_b") as b:
        await eventually(lambda: a.version == b.version == 2)  # the first poll, and the subscription
        there.publish(home_stream("prj_a"), 7)
        assert await a.changed(2) == 3
        there.publish(attempt_stream("prj_a", "att_x"), 7)
        assert await a.changed(3) == 4
        assert b.version == 2
        air.fall()
        await b.changed(2)
    assert not changes.polling
    await here.close()
    await there.close()


async def test_q87_beside_a_live_bus_the_poll_is_slow_and_without_it_quick() -> None:
    """Q-87: a wake-up that got lost costs one slow poll."""
    air = Air()
    bus = MemoryBus(air)
    await bus.open()
    asked = 0

    class Counting:
        async def change_token(self) -> int:
            nonlocal asked
            asked += 1
            return 1

    changes = ChangeFeed(Counting(), bus, poll_s=0.001, poll_live_s=60)  # type: ignore[arg-type]
    async with changes.watch("prj_a"):
        await eventually(lambda: asked == 1)
        await asyncio.sleep(0.05)
        assert asked == 1
    air.fall()
    async with changes.watch("prj_a"):
        await eventually(lambda: asked > 10)
    await bus.close()


def feed(world: World) -> ChangeFeed:
    ports: Ports = world.app.state.ports
    return ports.feed


async def say(ws: ClientConnection, **message: Any) -> None:
    await ws.send(json.dumps(message))


async def hear(ws: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(20):
        message: dict[str, Any] = json.loads(await ws.recv())
        return message


async def closed(ws: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed):
        await hear(ws)
    assert ws.close_code is not None
    return ws.close_code


@pytest.mark.parametrize("payload", [{"token": TOKEN}, {"authorization": f"Bearer {TOKEN}"}])
async def test_q17_graphql_transport_ws_carries_operations(world: World, served: str, payload: dict[str, str]) -> None:
    """Q-17: sign-in by `connection_init`, queries and subscriptions, errors in our words, completion by the client."""
    project = await world.project()
    async with connect(f"ws://{served}/graphql", subprotocols=[PROTOCOL]) as ws:
        await say(ws, type="connection_init", payload=payload)
        assert (await hear(ws))["type"] == "connection_ack"
        await say(ws, id="1", type="subscribe", payload={"query": EVENTS, "variables": {"p": project, "a": "0"}})
        assert (await hear(ws))["payload"]["data"]["projectEvents"]["sequence"] == "1"
        assert (await hear(ws))["payload"]["data"]["projectEvents"]["sequence"] == "2"
        await say(ws, id="2", type="subscribe", payload={"query": "{ me { colour } }"})
        error = await hear(ws)
        assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", "GRAPHQL_VALIDATION_FAILED")
        await say(ws, id="1", type="complete")
        await eventually(lambda: feed(world).watchers == 0)
        await say(ws, type="ping")
        assert (await hear(ws))["type"] == "pong"


@pytest.mark.parametrize("payload", [{}, {"token": "wrong-token"}, {"token": 7}, {"authorization": "Basic x"}])
async def test_q11_a_socket_without_the_token_is_closed_4401(
    world: World, served: str, payload: dict[str, Any]
) -> None:
    """Q-11: before anything is looked up."""
    async with connect(f"ws://{served}/graphql", subprotocols=[PROTOCOL]) as ws:
        await say(ws, type="connection_init", payload=payload)
        assert await closed(ws) == 4401
    async with connect(f"ws://{served}/graphql", subprotocols=[PROTOCOL]) as ws:
        await say(ws, id="1", type="subscribe", payload={"query": "{ me { id } }"})
        assert await closed(ws) == 4401
    assert world.ledger.reads == {}


async def test_q12_a_socket_by_cookie_needs_our_origin(world: World, served: str) -> None:
    """Q-12: same origin by Origin header; a foreign page's socket is nobody."""
    cookie = {"cookie": f"{SESSION_COOKIE}={world.gate.ticket(OWNER)}"}
    for origin, ok in [(f"http://{served}", True), ("http://evil.test", False), (None, False)]:
        headers = {**cookie, **({"origin": origin} if origin else {})}
        async with connect(f"ws://{served}/graphql", subprotocols=[PROTOCOL], additional_headers=headers) as ws:
            await say(ws, type="connection_init")
            if ok:
                assert (await hear(ws))["type"] == "connection_ack"
            else:
                assert await closed(ws) == 4401


async def test_q17_only_the_new_protocol_and_well_formed_messages(world: World, served: str) -> None:
    """Q-17: the legacy subprotocol is refused with 4406, malformed messages with 4400."""
    async with connect(f"ws://{served}/graphql", subprotocols=[Subprotocol("graphql-ws")]) as ws:
        assert await closed(ws) == 4406
    subscribe = {"id": "1", "type": "subscribe"}
    for text in ["{", "[]", '{"type": 7}', json.dumps(subscribe), json.dumps({**subscribe, "payload": {"query": 7}})]:
        async with connect(f"ws://{served}/graphql", subprotocols=[PROTOCOL]) as ws:
            await say(ws, type="connection_init", payload={"token": TOKEN})
            await hear(ws)
            await ws.send(text)
            assert await closed(ws) == 4400, text
