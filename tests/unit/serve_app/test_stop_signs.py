"""W-104: a replica hears that Serve stops it, from Serve's own call and from its front port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from serve_app.deployments import stop_signs

pytestmark = pytest.mark.unit


async def test_w104_the_front_port_is_found_and_its_draining_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """W-104: healthy answers are no sign, an unhealthy one neither; DRAINING is, once, however often it is said."""
    told: list[str] = []
    said, asked = "200 OK\r\n\r\nsuccess", asyncio.Event()

    async def front(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readline()).startswith(b"GET /-/healthz ")
        writer.write(f"HTTP/1.1 {said}".encode())
        writer.close()
        asked.set()

    async def answered(next_: str) -> None:
        nonlocal said
        said = next_
        for _ in range(2):  # the first may have been under way
            asked.clear()
            await asked.wait()

    server = await asyncio.start_server(front, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert port in stop_signs.listening_ports()
    monkeypatch.setattr(stop_signs, "PROBE_S", 0.01)
    monkeypatch.setattr(stop_signs, "hear_shutdown", lambda _asked: False)
    monkeypatch.setenv("RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT", str(port))
    monkeypatch.setenv("RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT", str(port))
    signs = stop_signs.StopSigns("haproxy", lambda: told.append("heard"))
    async with asyncio.timeout(20):
        signs.listen()
        await answered("200 OK\r\n\r\nsuccess")
        await answered("503 Service Unavailable\r\n\r\nUNHEALTHY")
        assert told == []
        said = "503 Service Unavailable\r\n\r\nDRAINING"
        while not told:  # noqa: ASYNC110 - what is awaited is a callback
            await asyncio.sleep(0.01)
        signs._tell("again")
    assert told == ["heard"]
    signs.end()
    server.close()
    await server.wait_closed()


async def test_w104_serves_own_call_is_heard_on_our_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """W-104: Serve calls on a loop of its own; the host hears it on its own, and Serve's shutdown goes on. (Stands for
    Serve's class; the real one is stopped in tests/serve/test_rolling.py.)"""
    shut: list[str] = []

    class Replica:
        async def perform_graceful_shutdown(self) -> None:
            shut.append("shut")

    def hear_shutdown(asked: Callable[[], object]) -> bool:
        stop_signs.hook(Replica, asked)
        return True

    monkeypatch.setattr(stop_signs, "hear_shutdown", hear_shutdown)
    heard_on: list[int] = []
    heard = asyncio.Event()

    def hear() -> None:
        heard_on.append(threading.get_ident())
        heard.set()

    stop_signs.StopSigns("python", hear).listen()
    await asyncio.to_thread(lambda: asyncio.run(Replica().perform_graceful_shutdown()))
    async with asyncio.timeout(5):
        await heard.wait()
    assert (shut, heard_on) == (["shut"], [threading.get_ident()])
    with pytest.raises(AttributeError):
        stop_signs.hook(object, hear)


def test_w104_the_window_is_the_ingresses_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """W-104: behind HAProxy it is the draining period of the cluster's environment."""
    monkeypatch.setenv("RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S", "12.5")
    assert stop_signs.window_s("haproxy") == 12.5
