"""The peer port on real sockets: signed calls, errors that keep their code, tunnels that feel back-pressure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from actors.commands import CommandError
from collab.transport import WRITE_HIGH_BYTES, MessageKind
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.port import PeerPort
from serve_app.peers.tunnel import PeerTransport, pump
from serve_app.peers.wire import PeerError, seal, unseal
from storage.ledger.errors import Fenced

pytestmark = pytest.mark.unit

SECRET = b"a secret of the cluster"


class Browser:
    """A socket whose reading the test controls."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.stuck = False
        self.paused = False
        self.held = 0
        self.message: Callable[[MessageKind, bytes], None] | None = None
        self.writable: Callable[[], None] = lambda: None
        self.close_callback: Callable[[int, str], None] = lambda code, reason: None
        self.changed = asyncio.Event()

    def write(self, payload: bytes) -> None:
        self.received.append(payload)
        if self.stuck:
            self.held += len(payload)
        self.changed.set()

    def write_shared(self, encoded: bytes) -> None:
        raise AssertionError("a tunnel frames its own messages")

    def buffered_bytes(self) -> int:
        return self.held

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False
        self.changed.set()

    def close(self, code: int, reason: str = "") -> None:
        self.closed = (code, reason)
        self.changed.set()

    def on_message(self, callback: Callable[[MessageKind, bytes], None]) -> None:
        self.message = callback

    def on_writable(self, callback: Callable[[], None]) -> None:
        self.writable = callback

    def on_close(self, callback: Callable[[int, str], None]) -> None:
        self.close_callback = callback

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not fact():
                self.changed.clear()
                await self.changed.wait()


class Owner:
    """What the test's peer port does."""

    def __init__(self) -> None:
        self.tunnels: asyncio.Queue[tuple[dict[str, Any], PeerTransport]] = asyncio.Queue()

    async def double(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"twice": message["n"] * 2}

    async def refuse(self, message: dict[str, Any]) -> dict[str, Any]:
        raise CommandError("TITLE_EMPTY", "give it a title", ("input", "title"))

    async def fenced(self, message: dict[str, Any]) -> dict[str, Any]:
        raise Fenced("prj_x", 1, 2, 3, 4)

    async def crash(self, message: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("INT. KITCHEN - a secret line")

    async def tunnel(self, opening: dict[str, Any], transport: PeerTransport) -> None:
        await self.tunnels.put((opening, transport))
        await transport.serve()


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
async def address(owner: Owner) -> AsyncIterator[str]:
    operations = {"double": owner.double, "refuse": owner.refuse, "fenced": owner.fenced, "crash": owner.crash}
    port = PeerPort(SECRET, operations, owner.tunnel)
    yield await port.start("127.0.0.1")
    await port.stop()


@pytest.fixture
async def client() -> AsyncIterator[PeerClient]:
    peers = PeerClient(SECRET)
    yield peers
    await peers.close()


async def test_many_calls_share_a_line_and_each_gets_its_own_answer(client: PeerClient, address: str) -> None:
    """A-40: calls are answered by id, in any order."""
    answers = await asyncio.gather(*(client.call(address, "double", {"n": n}) for n in range(500)))
    assert [a["twice"] for a in answers] == [2 * n for n in range(500)]


async def test_errors_keep_their_code_and_a_crash_keeps_its_words_to_itself(client: PeerClient, address: str) -> None:
    """A-41: an error keeps its code across hosts; a crash keeps its words at home."""
    with pytest.raises(CommandError) as refused:
        await client.call(address, "refuse", {})
    assert (refused.value.code, refused.value.path) == ("TITLE_EMPTY", ("input", "title"))
    with pytest.raises(FaultError) as fenced:
        await client.call(address, "fenced", {})
    assert (fenced.value.code, fenced.value.retryable) == ("FENCED", True)
    with pytest.raises(FaultError) as crashed:
        await client.call(address, "crash", {})
    assert crashed.value.code == "INTERNAL"
    assert "secret" not in str(crashed.value)


async def test_another_clusters_secret_is_not_answered(address: str) -> None:
    """A-42: nothing is decoded or answered without the cluster's signature."""
    stranger = PeerClient(b"somebody else's secret")
    with pytest.raises(PeerError) as lost:
        await stranger.call(address, "double", {"n": 1})
    assert lost.value.code == "PEER_LOST"
    await stranger.close()


def test_a_sealed_message_that_was_touched_or_has_expired_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-42: a touched or expired message is refused."""
    sealed = seal({"op": "double"}, SECRET)[4:]
    assert unseal(sealed, SECRET)["op"] == "double"
    touched = sealed[:-1] + bytes((sealed[-1] ^ 1,))
    with pytest.raises(PeerError, match="signature"):
        unseal(touched, SECRET)
    later = __import__("time").time() + 60
    monkeypatch.setattr("serve_app.peers.wire.time.time", lambda: later)
    with pytest.raises(PeerError, match="expired"):
        unseal(sealed, SECRET)


async def test_a_port_nobody_listens_on_proves_the_owner_dead(client: PeerClient, address: str) -> None:
    """A-43: a refused connection is the proof that lets a survivor claim early."""
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    gone = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()
    assert await client.refuses(gone)
    assert not await client.refuses(address)


async def test_a_tunnel_carries_messages_and_closes_both_ways(client: PeerClient, address: str, owner: Owner) -> None:
    """A-44: a tunnelled socket is a socket: messages and closes go both ways."""
    browser = Browser()
    reader, writer = await client.open_tunnel(address, {"home": "prj_x", "doc": "outline"})
    pumping = asyncio.create_task(pump(browser, reader, writer))
    opening, transport = await owner.tunnels.get()
    assert opening["doc"] == "outline"
    heard: asyncio.Queue[tuple[MessageKind, bytes]] = asyncio.Queue()
    transport.on_message(lambda kind, data: heard.put_nowait((kind, data)))
    await asyncio.sleep(0)
    assert browser.message is not None
    browser.message(MessageKind.BINARY, b"hello")
    assert await heard.get() == (MessageKind.BINARY, b"hello")
    transport.write(b"to the browser")
    await browser.until(lambda: browser.received == [b"to the browser"])
    transport.close(4404, "no such document")
    await browser.until(lambda: browser.closed == (4404, "no such document"))
    await pumping


async def test_a_browser_that_leaves_ends_the_owner_s_transport_once(
    client: PeerClient, address: str, owner: Owner
) -> None:
    """A-44: a tunnel ends once, whoever ends it."""
    browser = Browser()
    pumping = asyncio.create_task(pump(browser, *await client.open_tunnel(address, {})))
    _, transport = await owner.tunnels.get()
    ended: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    transport.on_close(lambda code, reason: ended.put_nowait((code, reason)))
    browser.close_callback(1001, "tab closed")
    assert await ended.get() == (1001, "tab closed")
    await pumping
    assert ended.empty()


async def test_a_slow_browser_is_felt_by_the_owner_as_buffered_bytes(
    client: PeerClient, address: str, owner: Owner
) -> None:
    """A-45: a slow browser behind a tunnel is felt by the owner as buffered bytes."""
    browser = Browser()
    browser.stuck = True
    pumping = asyncio.create_task(pump(browser, *await client.open_tunnel(address, {})))
    _, transport = await owner.tunnels.get()
    chunk = b"x" * 64 * 1024
    written = 0
    while transport.buffered_bytes() <= WRITE_HIGH_BYTES and written < 512 * len(chunk):
        transport.write(chunk)
        written += len(chunk)
        await asyncio.sleep(0)
    assert transport.buffered_bytes() > WRITE_HIGH_BYTES
    drained = asyncio.Event()
    transport.on_writable(drained.set)
    browser.stuck, browser.held = False, 0
    browser.writable()
    async with asyncio.timeout(5):
        await drained.wait()
    await browser.until(lambda: sum(map(len, browser.received)) == written)
    browser.close_callback(1000, "")
    await pumping
