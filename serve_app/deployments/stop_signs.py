"""How a replica learns that Serve is stopping it, and how long it then has.

Two signs, the first one counts. (1) Serve asks the replica to shut down: a hook on that call, at once, whatever the
ingress. (2) The replica's own front port answers `/-/healthz` with DRAINING, which is what load balancers go by: asked
every 250 ms, for the day on which Serve's inside looks different. Behind Serve's Python proxy there is no such port and
Serve waits for open sockets until it kills the replica: without the hook a drain there would never begin.
Invariant: `heard` is called at most once, on the loop that `listen` was called on. (Ray Serve 2.60.)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

logger = logging.getLogger("storyforge.drain")

PROBE_S = 0.25
PROBE_TIMEOUT_S = 2.0
ANSWER_BYTES_MAX = 4_096
WINDOW_DEFAULT_S = 20.0
"""Serve's own default of `graceful_shutdown_timeout_s`, where the deployment's cannot be read."""
STATE_LISTEN = "0A"


class StopSigns:
    """`ingress` is what `serve_app.replica.ingress_mode` says."""

    def __init__(self, ingress: str, heard: Callable[[], None]) -> None:
        self._ingress, self._heard = ingress, heard
        self._probe: asyncio.Task[None] | None = None
        self._told = False

    def listen(self) -> None:
        loop = asyncio.get_running_loop()
        hooked = hear_shutdown(lambda: loop.call_soon_threadsafe(self._tell, "shutdown"))
        if self._ingress == "haproxy":
            self._probe = loop.create_task(self._watch())
        logger.info("listening for the stop", extra={"hook": hooked, "probe": self._probe is not None})

    def end(self) -> None:
        if self._probe is not None:
            self._probe.cancel()

    def _tell(self, sign: str) -> None:
        if not self._told:
            self._told = True
            logger.info("Serve is stopping this replica", extra={"sign": sign})
            self._heard()

    async def _watch(self) -> None:
        port: int | None = None
        while not self._told:
            await asyncio.sleep(PROBE_S)
            answer = None if port is None else await ask_front(port)
            if answer is None:
                port = await _front_port()
                if port is not None:
                    logger.info("front port found", extra={"port": port})
            elif "DRAINING" in answer:
                self._tell("probe")


async def _front_port() -> int | None:
    """Our port for the ingress: the one of Serve's range on which we listen; None until Serve has opened it."""
    first = int(os.environ.get("RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT", "30000"))
    last = int(os.environ.get("RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT", "31000"))
    for port in listening_ports():
        if first <= port <= last and await ask_front(port) is not None:
            return port
    return None


def listening_ports() -> list[int]:
    """TCP ports this very process listens on (Linux; elsewhere none are known)."""
    ours: set[str] = set()
    with contextlib.suppress(OSError):
        for descriptor in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                ours.add(os.readlink(descriptor))
    found: set[int] = set()
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == STATE_LISTEN and f"socket:[{words[9]}]" in ours:
                    found.add(int(words[1].rpartition(":")[2], 16))
    return sorted(found)


async def ask_front(port: int) -> str | None:
    """What Serve's own health route says there; None when nothing answers in HTTP."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /-/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read(ANSWER_BYTES_MAX)
            while len(answer) < ANSWER_BYTES_MAX and (more := await reader.read(ANSWER_BYTES_MAX)):
                answer += more
    except (OSError, TimeoutError):
        return None
    finally:
        if writer is not None:
            writer.close()
    return answer.decode("latin-1") if answer.startswith(b"HTTP/") else None


def hear_shutdown(asked: Callable[[], object]) -> bool:
    """Call `asked` when Serve asks this process's replica to shut down. False where Serve's inside looks different."""
    try:
        from ray.serve._private import replica

        hook(replica.Replica, asked)
    except (ImportError, AttributeError):
        logger.warning("Serve's shutdown cannot be heard directly")
        return False
    return True


def hook(replica: Any, asked: Callable[[], object]) -> None:
    """Raises `AttributeError` when this is not how a replica is asked to go."""
    plain: Callable[[Any], Awaitable[None]] = replica.perform_graceful_shutdown

    async def perform_graceful_shutdown(self: Any) -> None:
        asked()
        await plain(self)

    replica.perform_graceful_shutdown = perform_graceful_shutdown


def window_s(ingress: str) -> float:
    """From the sign until Serve ends every socket: behind HAProxy the draining period, else the graceful shutdown."""
    if ingress == "haproxy":
        return float(os.environ.get("RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S", "30"))
    try:
        from ray import serve

        return float(serve.get_replica_context()._deployment_config.graceful_shutdown_timeout_s)
    except Exception as error:  # noqa: BLE001 - not in a replica, or Serve's inside looks different
        logger.info("the shutdown window is Serve's default", extra={"error": type(error).__name__})
        return WINDOW_DEFAULT_S
