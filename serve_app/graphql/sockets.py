"""`/graphql` over WebSocket: the `graphql-transport-ws` protocol only, with our sign-in and our words for errors.

The invariant: no operation runs before the socket has proved who it is, by header, same-origin cookie, or the token in
`connection_init`; whoever cannot is closed with 4401. Protocol states are Strawberry's; this file adds the door.
(https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md)
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any, cast

from graphql import GraphQLError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived, WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.unset import UNSET, UnsetType

from serve_app.auth import Gate
from serve_app.graphql.context import Context, Ports
from serve_app.graphql.schema import StorySchema, spoken

PROTOCOL = "graphql-transport-ws"
INIT_WAIT_S = 10.0
OPERATIONS_MAX = 50
CLOSE_UNAUTHENTICATED, CLOSE_PROTOCOL, CLOSE_TOO_LARGE = 4401, 4406, 4413


class _Socket:
    """Strawberry's adapter over Starlette: bounded messages, one close, our close code for a refused sign-in."""

    def __init__(self, ws: WebSocket, message_chars_max: int) -> None:
        self._ws, self._message_chars_max = ws, message_chars_max

    async def iter_json(self) -> AsyncGenerator[object, None]:
        while self._ws.application_state is not WebSocketState.DISCONNECTED:
            try:
                text = await self._ws.receive_text()
            except WebSocketDisconnect:
                return
            except KeyError as error:
                raise NonTextMessageReceived from error
            if len(text) > self._message_chars_max:
                await self.close(CLOSE_TOO_LARGE, "Message too large")
                return
            try:
                message = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise NonJsonMessageReceived from error
            if not _well_formed(message):
                await self.close(4400, "Invalid message")
                return
            yield message

    async def send_json(self, message: Mapping[str, object]) -> None:
        if self._ws.application_state is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnected
        try:
            await self._ws.send_text(json.dumps(message, separators=(",", ":")))
        except (WebSocketDisconnect, RuntimeError) as error:
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        if self._ws.application_state is WebSocketState.DISCONNECTED:
            return
        if code == 4403:  # what the protocol handler says for a refused sign-in
            code, reason = CLOSE_UNAUTHENTICATED, "Unauthenticated"
        await self._ws.close(code=code, reason=reason.encode()[:120].decode(errors="ignore"))


def _well_formed(message: object) -> bool:
    """The shapes the protocol handler takes for granted."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] != "subscribe":
        return True
    payload = message.get("payload")
    return (
        isinstance(message.get("id"), str)
        and isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables") or {}, dict)
        and isinstance(payload.get("operationName") or "", str)
    )


class _Door:
    """The one thing the protocol handler asks of its view: whether this socket may enter."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def on_ws_connect(self, context: Context) -> UnsetType:
        given = context.connection_params or {}
        token = given.get("token") or _bearer(given.get("authorization") or given.get("Authorization"))
        if isinstance(token, str) and token:
            context.principal = self._gate.by_token(token)
        if context.principal is None:
            raise ConnectionRejectionError
        return cast(UnsetType, UNSET)


def _bearer(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class _Spoken(Operation[Any, Any]):
    """An operation whose errors are put in our words."""

    async def send_initial_errors(self, errors: list[GraphQLError]) -> None:
        payload = [spoken(error) for error in errors]
        await self.send_operation_message(cast(Any, {"id": self.id, "type": "error", "payload": payload}))

    async def send_next(self, execution_result: Any) -> None:
        payload: dict[str, Any] = {"data": execution_result.data}
        if execution_result.errors:
            payload["errors"] = [spoken(error) for error in execution_result.errors]
        await self.send_operation_message(cast(Any, {"id": self.id, "type": "next", "payload": payload}))


class _Handler(BaseGraphQLTransportWSHandler[Any, Any]):
    async def run_operation(self, operation: Operation[Any, Any]) -> None:
        own = _Spoken(self, operation.id, operation.query, operation.variables, operation.operation_name)
        own.task = operation.task
        await super().run_operation(own)


class GraphQLSockets:
    """One per process. Call it with a Starlette WebSocket."""

    def __init__(self, schema: StorySchema, ports: Ports, gate: Gate, *, init_wait_s: float = INIT_WAIT_S) -> None:
        self._schema, self._ports, self._gate, self._init_wait_s = schema, ports, gate, init_wait_s

    async def __call__(self, ws: WebSocket) -> None:
        if PROTOCOL not in ws.scope.get("subprotocols", []):
            await ws.accept()
            await ws.close(CLOSE_PROTOCOL, "Subprotocol not acceptable")
            return
        principal = self._gate.authenticate(ws.headers, None, ws.cookies)
        await ws.accept(subprotocol=PROTOCOL)
        handler = _Handler(
            view=cast(Any, _Door(self._gate)),
            websocket=cast(Any, _Socket(ws, self._ports.limits.body_bytes_max)),
            context=Context(self._ports, principal),
            root_value=None,
            schema=self._schema,
            connection_init_wait_timeout=timedelta(seconds=self._init_wait_s),
            max_subscriptions_per_connection=OPERATIONS_MAX,
        )
        await handler.handle()
