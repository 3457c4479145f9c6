"""The bus between machines: publish and subscribe on Redis or Valkey.

Owns two connections and nothing on the server: pub/sub keeps nothing, so there is nothing to trim, no cursor to lose
and no memory to bound there. (Streams would keep what we re-read from the ledger anyway.) Invariants: a reconnect is a
gap, and every listener looks at everything after it; while the server cannot be reached the bus says POLLING and why,
and tries again with backoff. `rediss://` is TLS, as the client reads it from the address.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import Any

import redis.asyncio as client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from storage.bus.base import Backoff, BusBase, BusFault
from storage.bus.protocol import Wake, pack

log = logging.getLogger("storyforge.bus")

CONNECT_S_MAX = 2.0
SEND_S_MAX = 2.0
"""A server that takes longer counts as gone until it answers again."""

PING_S = 120.0
"""A silent connection is asked this often whether its server still answers. More often: an idle installation of four
processes sends 10,000 commands a day for nothing, which some servers bill; a dead peer is found by the system sooner,
and whoever listens beside a live bus looks by itself anyway."""

KEEPALIVE = {
    getattr(socket, name): value
    for name, value in (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 3), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
}
"""Seconds of silence, between probes, and how many: no command of the server's."""

HELLO = "hello"
"""A channel that nobody publishes to, subscribed to last: its confirmation says that all before it are in force."""

_FAULTS = (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError)


class RedisBus(BusBase):
    """`namespace` keeps installations on one server apart. Raises `ValueError` for an unreadable address."""

    def __init__(self, url: str, namespace: str) -> None:
        super().__init__()
        self._prefix = f"storyforge:{namespace}:bus"
        common: dict[str, Any] = {
            "socket_connect_timeout": CONNECT_S_MAX,
            "socket_keepalive": True,
            "socket_keepalive_options": KEEPALIVE,
            "retry": Retry(NoBackoff(), 0),  # a silent reconnect would be a gap that nobody heard of
            "protocol": 2,
        }
        self._sender = client.Redis.from_url(url, socket_timeout=SEND_S_MAX, **common)
        self._ears = client.Redis.from_url(url, **common)
        self._pubsub: Any = None
        self._subscribed = frozenset[str]()  # what the server was asked for
        self._confirmed: set[str] = set()  # what it said yes to
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._spawn(self._listen())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hang_up()
        for each in (self._sender, self._ears):
            with contextlib.suppress(*_FAULTS):
                await each.aclose()

    def topics_changed(self) -> None:
        if self._pubsub is not None:
            self._spawn(self._follow())

    def in_force(self, topics: frozenset[str]) -> bool:
        return self._pubsub is not None and topics | {HELLO} <= self._confirmed

    # out
    async def send(self, topic: str, wakes: list[Wake]) -> int:
        try:
            return int(await self._sender.publish(f"{self._prefix}:{topic}", pack(wakes)))
        except _FAULTS as error:
            raise BusFault(_words(error)) from error

    # in
    async def _listen(self) -> None:
        backoff = Backoff()
        while True:
            try:
                self._pubsub = self._ears.pubsub()
                self._subscribed, self._confirmed = frozenset(), set()
                async with self._changing:  # two who connect one pubsub at the same time lose one connection
                    self._subscribed = self.topics
                    await self._pubsub.subscribe(*(f"{self._prefix}:{topic}" for topic in (*self._subscribed, HELLO)))
                while True:
                    message = await self._pubsub.get_message(ignore_subscribe_messages=False, timeout=PING_S)
                    if message is None:
                        await self._pubsub.ping()
                        async with asyncio.timeout(SEND_S_MAX):
                            message = await self._pubsub.get_message(ignore_subscribe_messages=False, timeout=None)
                    self._take(message)
                    backoff.reset()
            except _FAULTS as error:
                self.lost(_words(error))
                await self._hang_up()
                await asyncio.sleep(backoff.next_s())

    def _take(self, message: Any) -> None:
        if message is None:
            return
        if message["type"] == "message":
            self.heard(bytes(message["data"]))
        elif message["type"] == "subscribe":  # from here on frames of this topic come; those before did not
            topic = message["channel"].decode().rpartition(":")[2]
            self._confirmed.add(topic)
            if topic == HELLO:
                self.now_live()
            elif HELLO in self._confirmed:
                self.everything(topic)

    async def _follow(self) -> None:
        """Subscribe to what is listened to, and leave the rest."""
        async with self._changing:
            pubsub, wanted = self._pubsub, self.topics
            if pubsub is None:
                return
            more, less = wanted - self._subscribed, self._subscribed - wanted
            try:
                if more:
                    await pubsub.subscribe(*(f"{self._prefix}:{topic}" for topic in more))
                self._confirmed -= less
                if less:
                    await pubsub.unsubscribe(*(f"{self._prefix}:{topic}" for topic in less))
            except _FAULTS:
                return  # whoever listens notices too, and begins again
            self._subscribed = wanted

    async def _hang_up(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            with contextlib.suppress(*_FAULTS):
                await pubsub.aclose()

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name="bus-redis")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _words(error: BaseException) -> str:
    return f"redis unreachable: {type(error).__name__}"
