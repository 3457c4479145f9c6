"""R-40..R-45: the seam bounds what a socket may cost, on a real uvicorn server with real clients."""

import asyncio
import base64
import gc
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvicorn
import uvicorn.config
import websockets
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from collab.transport import WRITE_HIGH_BYTES, MessageKind, encode_binary_frame, frame_payload
from serve_app import seam
from serve_app.asgi_transport import AsgiTransport, ServedTransport, open_transport

pytestmark = pytest.mark.unit

DEADLINE_S = 10.0
PLAIN = "uvicorn.protocols.websockets.auto:AutoWebSocketsProtocol"
RSS_GROWTH_BYTES_MAX = 2 * 1024 * 1024
Endpoint = Callable[[WebSocket, ServedTransport], Awaitable[None]]


def rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not fact():  # noqa: ASYNC110 - the facts are of another process or of the kernel
            await asyncio.sleep(0.01)


@asynccontextmanager
async def served(
    endpoint: Endpoint, *, install: bool = True, document_bytes_max: int = 1024 * 1024
) -> AsyncIterator[int]:
    """A uvicorn server on a free loopback port; yields the port."""

    async def accept(websocket: WebSocket) -> None:
        await websocket.accept()
        await endpoint(websocket, open_transport(websocket))

    before = uvicorn.config.WS_PROTOCOLS["auto"]
    if install:
        seam.install(document_bytes_max=document_bytes_max)
    else:  # another test of this process may have installed it for good
        uvicorn.config.WS_PROTOCOLS["auto"] = PLAIN
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[WebSocketRoute("/", accept)])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", access_log=False))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await until(lambda: server.started)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        uvicorn.config.WS_PROTOCOLS["auto"] = before


async def upgraded(port: int) -> socket.socket:
    """A client that has upgraded and will neither read nor answer anything."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    client.setblocking(False)
    await loop.sock_connect(client, ("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    head = f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
    await loop.sock_sendall(client, (head + "Sec-WebSocket-Version: 13\r\n\r\n").encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += await loop.sock_recv(client, 1)
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"permessage-deflate" not in answer.lower()
    return client


def masked_frame(payload: bytes, *, opcode: int = 2, final: bool = True) -> bytes:
    head = bytes(((0x80 if final else 0) | opcode, 0x80 | 127)) + len(payload).to_bytes(8, "big")
    return head + bytes(4) + payload


async def echo(websocket: WebSocket, transport: ServedTransport) -> None:
    transport.on_message(lambda _kind, payload: transport.write(payload))
    await transport.serve()


@pytest.mark.parametrize("install", [True, False])
async def test_r40_messages_go_both_ways_with_and_without_the_seam(install: bool) -> None:
    labels = []

    async def endpoint(websocket: WebSocket, transport: ServedTransport) -> None:
        labels.append(transport.label)
        await echo(websocket, transport)

    async with served(endpoint, install=install) as port, websockets.connect(f"ws://127.0.0.1:{port}/") as client:
        for size in (0, 1, 125, 126, 65_535, 65_536, 300_000):
            payload = os.urandom(size)
            await client.send(payload)
            assert await client.recv() == payload
        assert not client.protocol.extensions or not install
    assert labels == ["seam" if install else "asgi"]


async def test_r40_the_scope_tells_serve_not_to_watch_for_disconnects() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def endpoint(websocket: WebSocket, transport: ServedTransport) -> None:
        seen.extend(websocket.scope["headers"])
        await echo(websocket, transport)

    async with served(endpoint) as port, websockets.connect(f"ws://127.0.0.1:{port}/") as client:
        await client.send(b"x")
        await client.recv()
    assert (b"x-request-disconnect-disabled", b"?1") in seen


async def test_r40_messages_sent_before_the_room_listens_arrive_first_and_in_order() -> None:
    got: list[bytes] = []
    listen = asyncio.Event()

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        await listen.wait()
        transport.on_message(lambda _kind, payload: got.append(payload))
        await transport.serve()

    async with served(endpoint) as port, websockets.connect(f"ws://127.0.0.1:{port}/") as client:
        for number in range(50):
            await client.send(bytes([number]))
        listen.set()
        for number in range(50, 100):
            await client.send(bytes([number]))
        await until(lambda: len(got) == 100)
    assert got == [bytes([number]) for number in range(100)]


async def test_r41_a_client_that_never_reads_is_visible_and_costs_at_most_2_mb() -> None:
    transports: list[ServedTransport] = []
    chunk = encode_binary_frame(os.urandom(64 * 1024))

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transports.append(transport)
        transport.on_message(lambda _kind, _payload: None)
        await transport.serve()

    async with served(endpoint) as port:
        client = await upgraded(port)
        await until(lambda: bool(transports))
        before = rss_bytes()
        written = 0
        for _ in range(2000):
            if transports[0].buffered_bytes() <= WRITE_HIGH_BYTES:
                transports[0].write_shared(chunk)
                written += len(chunk)
            await asyncio.sleep(0)
        assert written < 100 * len(chunk)
        assert WRITE_HIGH_BYTES < transports[0].buffered_bytes() <= WRITE_HIGH_BYTES + len(chunk)
        assert rss_bytes() - before <= RSS_GROWTH_BYTES_MAX
        client.close()


async def test_r41_the_writer_hears_when_the_buffer_has_drained() -> None:
    transports: list[ServedTransport] = []
    drained = asyncio.Event()

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transports.append(transport)
        transport.on_writable(drained.set)
        await transport.serve()

    async with served(endpoint) as port:
        client = await upgraded(port)
        await until(lambda: bool(transports))
        while transports[0].buffered_bytes() <= WRITE_HIGH_BYTES:
            transports[0].write(bytes(64 * 1024))
            await asyncio.sleep(0)
        assert not drained.is_set()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(DEADLINE_S):
            while not drained.is_set():
                await loop.sock_recv(client, 1 << 20)
        client.close()


async def test_r41_a_buffer_over_its_bound_cuts_the_socket() -> None:
    ended: list[tuple[int, str]] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        frame = encode_binary_frame(bytes(1024 * 1024))
        for _ in range(64):
            transport.write_shared(frame)
        ended.append(await transport.serve())

    async with served(endpoint) as port:
        client = await upgraded(port)
        await until(lambda: bool(ended))
        client.close()
    assert ended == [(1006, "")]


@pytest.mark.parametrize("how", ["room pauses", "nobody listens"])
async def test_r42_a_server_that_never_receives_stalls_the_flooder_and_costs_at_most_2_mb(how: str) -> None:
    attached = asyncio.Event()
    got = 0

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        def count(_kind: MessageKind, payload: bytes) -> None:
            nonlocal got
            got += len(payload)
            transport.pause_reading()

        if how == "room pauses":
            transport.on_message(count)
        attached.set()
        await transport.serve()

    async with served(endpoint) as port:
        client = await upgraded(port)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 * 1024)
        await attached.wait()
        frame = masked_frame(bytes(16 * 1024))
        gc.collect()
        before = rss_bytes()
        sent = 0
        stalled = False
        while sent < 100 * 1024 * 1024 and not stalled:
            try:
                await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(client, frame), 1.0)
                sent += len(frame)
            except TimeoutError:
                stalled = True
        assert stalled
        assert sent < 20 * 1024 * 1024
        assert got <= 512 * 1024
        assert rss_bytes() - before <= RSS_GROWTH_BYTES_MAX
        client.close()


async def test_r42_resuming_delivers_everything_that_waited() -> None:
    got: list[bytes] = []
    transports: list[ServedTransport] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transports.append(transport)
        transport.pause_reading()
        transport.on_message(lambda _kind, payload: got.append(payload))
        await transport.serve()

    async with served(endpoint) as port, websockets.connect(f"ws://127.0.0.1:{port}/") as client:
        await until(lambda: bool(transports))
        await client.send(b"a")
        await client.send(b"b")
        await asyncio.sleep(0.1)
        assert got == []
        transports[0].resume_reading()
        await until(lambda: got == [b"a", b"b"])


async def test_r42_a_message_of_many_tiny_fragments_costs_its_bytes_only() -> None:
    got: list[int] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transport.on_message(lambda _kind, payload: got.append(len(payload)))
        await transport.serve()

    tiny = b"\x00\x82" + bytes(4) + b"ab"
    async with served(endpoint) as port:
        client = await upgraded(port)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, b"\x02\x82" + bytes(4) + b"ab" + tiny * 1000)
        await asyncio.sleep(0.2)
        gc.collect()
        before = rss_bytes()
        for _ in range(300):
            await loop.sock_sendall(client, tiny * 1000)
        await loop.sock_sendall(client, b"\x80\x80" + bytes(4))
        await until(lambda: bool(got))
        client.close()
    assert got == [2 * 301_001]
    # One read of frames is in flight as objects; a list of all the fragments would hold over 12 MB.
    assert rss_bytes() - before <= 8 * 1024 * 1024


async def test_r43_a_message_over_the_limit_is_refused_with_1009() -> None:
    ended: list[tuple[int, str]] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transport.on_message(lambda _kind, _payload: None)
        ended.append(await transport.serve())

    async with served(endpoint, document_bytes_max=20 * 1024 * 1024) as port:
        uri = f"ws://127.0.0.1:{port}/"
        async with websockets.connect(uri, max_size=None) as client:
            await client.send(bytes(21 * 1024 * 1024))
            assert client.state.name == "OPEN"
        async with websockets.connect(uri, max_size=None) as client:
            with suppress(websockets.ConnectionClosed):
                await client.send(bytes(21 * 1024 * 1024 + 1))
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        await until(lambda: len(ended) == 2)
    assert ended[1][0] == 1009


@pytest.mark.parametrize("install", [True, False])
async def test_r43_the_room_closes_with_its_own_code_and_a_reason_that_fits(install: bool) -> None:
    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transport.on_message(lambda _kind, _payload: None)
        transport.write(b"last words")
        transport.close(4404, "é" * 200)
        transport.write(b"never sent")
        await transport.serve()

    async with (
        served(endpoint, install=install) as port,
        websockets.connect(f"ws://127.0.0.1:{port}/") as client,
    ):
        assert await client.recv() == b"last words"
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404
    assert closed.value.rcvd.reason == "é" * 61


@pytest.mark.parametrize("install", [True, False])
async def test_r44_text_reaches_the_callback_as_text(install: bool) -> None:
    got: list[tuple[MessageKind, bytes]] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        def refuse_text(kind: MessageKind, payload: bytes) -> None:
            got.append((kind, payload))
            if kind is MessageKind.TEXT:
                transport.close(4400, "binary frames only")

        transport.on_message(refuse_text)
        await transport.serve()

    async with (
        served(endpoint, install=install) as port,
        websockets.connect(f"ws://127.0.0.1:{port}/") as client,
    ):
        await client.send(b"\x00\x01")
        await client.send("été")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await client.recv()
    assert got == [(MessageKind.BINARY, b"\x00\x01"), (MessageKind.TEXT, "été".encode())]
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400


async def test_r44_text_that_is_not_utf8_is_refused_with_1007() -> None:
    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transport.on_message(lambda _kind, _payload: pytest.fail("delivered"))
        await transport.serve()

    async with served(endpoint) as port:
        client = await upgraded(port)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, masked_frame(b"\xff\xfe", opcode=1))
        async with asyncio.timeout(DEADLINE_S):
            answer = await loop.sock_recv(client, 100)
        assert answer[0] == 0x88
        assert int.from_bytes(answer[2:4], "big") == 1007
        client.close()


async def test_r100_a_close_in_the_middle_of_a_fragmented_message_is_a_close() -> None:
    """R-100: RFC 6455 5.4 lets control frames stand between fragments; Autobahn's case 7.1.5."""
    ended: list[int] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transport.on_message(lambda _kind, _payload: pytest.fail("delivered"))
        ended.append((await transport.serve())[0])

    async with served(endpoint) as port:
        client = await upgraded(port)
        loop = asyncio.get_running_loop()
        close = masked_frame((1000).to_bytes(2, "big"), opcode=8).replace(b"\xff" + bytes(7) + b"\x02", b"\x82", 1)
        stream = masked_frame(b"frag", opcode=1, final=False) + close + masked_frame(b"ment", opcode=0)
        await loop.sock_sendall(client, stream)
        async with asyncio.timeout(DEADLINE_S):
            answer = await loop.sock_recv(client, 100)
        assert answer[:4] == b"\x88\x02" + (1000).to_bytes(2, "big")
        client.close()
        await until(lambda: ended == [1000])


@pytest.mark.parametrize("install", [True, False])
@pytest.mark.parametrize("end", ["abort", "close", "room"])
async def test_r45_on_close_fires_exactly_once_whoever_ends_it(install: bool, end: str) -> None:
    ends: list[tuple[int, str]] = []
    transports: list[ServedTransport] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transports.append(transport)
        transport.on_message(lambda _kind, _payload: None)
        transport.on_close(lambda code, reason: ends.append((code, reason)))
        await transport.serve()

    async with served(endpoint, install=install) as port:
        client = await websockets.connect(f"ws://127.0.0.1:{port}/")
        await until(lambda: bool(transports))
        if end == "abort":
            client.transport.abort()
        elif end == "close":
            await client.close(1000, "bye")
        else:
            transports[0].close(4503, "draining")
        await client.wait_closed()
        await until(lambda: bool(ends))
        late: list[int] = []
        transports[0].on_close(lambda code, _reason: late.append(code))
        await until(lambda: bool(late))
    expected = {"abort": {1005, 1006}, "close": {1000}, "room": {4503}}[end]
    assert len(ends) == 1
    assert ends[0][0] in expected
    assert late == [ends[0][0]]


async def test_r45_a_closed_socket_of_a_peer_that_never_reads_does_not_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "CLOSE_TIMEOUT_S", 0.2)
    lost = asyncio.Event()
    transports: list[ServedTransport] = []
    plain = seam.SeamProtocol.connection_lost

    def noted(self: seam.SeamProtocol, exc: Exception | None) -> None:
        plain(self, exc)
        lost.set()

    monkeypatch.setattr(seam.SeamProtocol, "connection_lost", noted)

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transports.append(transport)
        transport.on_message(lambda _kind, _payload: None)
        await transport.serve()

    async with served(endpoint) as port:
        client = await upgraded(port)
        await until(lambda: bool(transports))
        while transports[0].buffered_bytes() <= WRITE_HIGH_BYTES:
            transports[0].write(bytes(64 * 1024))
            await asyncio.sleep(0)
        transports[0].close(4503, "slow")
        async with asyncio.timeout(DEADLINE_S):
            await lost.wait()
        client.close()


async def test_r45_silence_we_asked_for_does_not_trip_the_keepalive() -> None:
    transports: list[seam.SeamTransport] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        assert isinstance(transport, seam.SeamTransport)
        transports.append(transport)
        await echo(_websocket, transport)

    async with served(endpoint) as port, websockets.connect(f"ws://127.0.0.1:{port}/") as client:
        await until(lambda: bool(transports))
        transports[0].pause_reading()
        protocol = transports[0]._protocol
        protocol.stop_keepalive()
        protocol.send_keepalive_ping()
        protocol.keepalive_timeout()
        assert not transports[0].ended.done()
        transports[0].resume_reading()
        await client.send(b"still here")
        assert await client.recv() == b"still here"
        transports[0]._protocol.keepalive_timeout()
        assert transports[0].ended.result()[0] == 1011


async def test_r46_a_shared_frame_is_the_same_bytes_on_every_socket() -> None:
    transports: list[ServedTransport] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        transports.append(transport)
        transport.on_message(lambda _kind, _payload: None)
        await transport.serve()

    async with served(endpoint) as port:
        clients = [await upgraded(port) for _ in range(3)]
        await until(lambda: len(transports) == 3)
        frame = encode_binary_frame("déjà vu".encode() * 100)
        for transport in transports:
            transport.write_shared(frame)
        loop = asyncio.get_running_loop()
        for client in clients:
            received = b""
            async with asyncio.timeout(DEADLINE_S):
                while len(received) < len(frame):
                    received += await loop.sock_recv(client, len(frame) - len(received))
            assert received == frame
            client.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 70_000])
def test_r46_a_frame_gives_its_payload_back(size: int) -> None:
    payload = os.urandom(size)
    encoded = encode_binary_frame(payload)
    assert frame_payload(encoded) == payload
    assert encoded[0] == 0x82


async def test_r46_the_fallback_bounds_its_own_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve_app.asgi_transport.BUFFER_BYTES_MAX", 1024)
    ended: list[tuple[int, str]] = []

    async def endpoint(_websocket: WebSocket, transport: ServedTransport) -> None:
        assert isinstance(transport, AsgiTransport)
        transport.on_message(lambda _kind, _payload: None)
        for _ in range(5):
            transport.write(bytes(512))
        ended.append(await transport.serve())

    async with (
        served(endpoint, install=False) as port,
        websockets.connect(f"ws://127.0.0.1:{port}/") as client,
    ):
        with pytest.raises(websockets.ConnectionClosed):
            await client.recv()
        await until(lambda: bool(ended))
    assert ended[0][0] == 1013


async def test_a_socket_does_not_keep_its_handshake() -> None:
    """What the endpoint needs of the request is in the scope; the parsed copy would be 3 kB for each idle socket."""
    seen: list[tuple[int, int, int]] = []

    async def endpoint(websocket: WebSocket, transport: ServedTransport) -> None:
        assert isinstance(transport, seam.SeamTransport)
        protocol = transport._protocol
        seen.append((len(protocol.request.headers), len(protocol.response.headers), len(websocket.scope["headers"])))
        transport.write(b"ready")
        await transport.serve()

    async with served(endpoint) as port, websockets.connect(f"ws://127.0.0.1:{port}/") as client:
        assert await client.recv() == b"ready"
    assert seen[0][:2] == (0, 0)
    assert seen[0][2] > 3
