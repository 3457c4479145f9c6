"""An echo behind the seam, deployed like a StoryHost: what WebSocket conformance suites talk to. Of the tests only.

Owns no protocol of its own: what comes in goes out, text as text. `/echo/room` echoes through the transport that rooms
use, `/echo/asgi` through the web server's own queue (what is not a room: GraphQL subscriptions, the fallback).
"""

from __future__ import annotations

from typing import Any

from ray import serve
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from collab.transport import MessageKind, encode_binary_frame
from serve_app import replica
from serve_app.asgi_transport import open_transport

FIN_TEXT = b"\x81"


async def room_echo(websocket: WebSocket) -> None:
    await websocket.accept()
    transport = open_transport(websocket)
    assert transport.label == "seam"

    def echo(kind: MessageKind, payload: bytes) -> None:
        frame = encode_binary_frame(payload)
        transport.write_shared(frame if kind is MessageKind.BINARY else FIN_TEXT + frame[1:])

    transport.on_message(echo)
    await transport.serve()


async def asgi_echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                await websocket.send_text(message["text"])
            else:
                await websocket.send_bytes(message["bytes"])
    except (WebSocketDisconnect, RuntimeError):
        return  # it hung up, or broke the protocol, while we were answering: uvicorn says it by RuntimeError


@serve.deployment(max_ongoing_requests=200, ray_actor_options={"num_cpus": 0.1})
@serve.ingress()
class Echo:
    def __init__(self) -> None:
        replica.prepare(document_bytes_max=20 * 1024 * 1024)

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return Starlette(routes=[WebSocketRoute("/room", room_echo), WebSocketRoute("/asgi", asgi_echo)])


def build_echo(_args: dict[str, Any]) -> serve.Application:
    application: serve.Application = Echo.bind()
    return application
