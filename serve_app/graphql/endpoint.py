"""`/graphql` over HTTP: POST, GET for queries, and Server-Sent Events, around the schema's own execution.

The invariant: nothing is parsed for somebody who has not proved who they are, and every answer, refusals included, is
a well-formed GraphQL response in a media type the caller accepts. Status codes follow GraphQL over HTTP: a request
error is 400 for `application/graphql-response+json` and 200 for the older `application/json`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from strawberry.types.execution import PreExecutionError

from serve_app.auth import Gate, Principal
from serve_app.graphql.context import Context, Ports
from serve_app.graphql.request import (
    EVENT_STREAM,
    JSON,
    RESPONSE_JSON,
    GraphQLRequest,
    RequestRefused,
    negotiate,
    operation_of,
    read_request,
)
from serve_app.graphql.schema import StorySchema, spoken

SSE_BEAT_S = 15.0
"""A comment this often keeps proxies (idle limits of 30 s and up) from cutting a quiet stream."""
NO_STORE = {"cache-control": "no-store", "vary": "accept, authorization, cookie"}


class GraphQLEndpoint:
    """One per process. Call it with a Starlette request."""

    def __init__(self, schema: StorySchema, ports: Ports, gate: Gate) -> None:
        self._schema, self._ports, self._gate = schema, ports, gate

    async def __call__(self, request: Request) -> Response:
        kind = JSON
        try:
            principal = self._enter(request)
            kind = negotiate(request.headers.get("accept"))
            asked = await read_request(request, self._ports.limits.body_bytes_max)
            return await self._run(request, principal, asked, kind)
        except RequestRefused as refused:
            return _refusal(refused, kind)
        except RecursionError:  # a document nested past the parser's own stack
            return _refusal(RequestRefused(400, "QUERY_TOO_DEEP", "The document is nested too deeply."), kind)

    def _enter(self, request: Request) -> Principal:
        safe = request.method == "GET"
        principal = self._gate.authenticate(request.headers, None, request.cookies, origin_required=not safe)
        if principal is None:
            raise RequestRefused(
                401, "UNAUTHENTICATED", "Sign in: send the owner token as Bearer.", {"www-authenticate": "Bearer"}
            )
        return principal

    async def _run(self, request: Request, principal: Principal, asked: GraphQLRequest, kind: str) -> Response:
        operation = operation_of(asked)
        if request.method == "GET" and operation is OperationType.MUTATION:
            raise RequestRefused(405, "METHOD_NOT_ALLOWED", "Mutations need POST.", {"allow": "POST"})
        if kind == EVENT_STREAM:
            return self._stream(principal, asked)
        if operation is OperationType.SUBSCRIPTION:
            raise RequestRefused(
                406, "NOT_ACCEPTABLE", f"Subscriptions come as {EVENT_STREAM} or over graphql-transport-ws.", {}
            )
        async with aclosing(await self._results(principal, asked)) as results:
            result = await anext(results)
        status = 400 if isinstance(result, PreExecutionError) and kind == RESPONSE_JSON else 200
        return _json(response_of(result), status, kind)

    async def _results(self, principal: Principal, asked: GraphQLRequest) -> Any:
        return await self._schema.stream(
            asked.query,
            variable_values=asked.variables,
            context_value=Context(self._ports, principal),
            operation_name=asked.operation_name,
        )

    def _stream(self, principal: Principal, asked: GraphQLRequest) -> Response:
        headers = {"cache-control": "no-cache, no-store", "x-accel-buffering": "no", "connection": "keep-alive"}
        return StreamingResponse(self._events(principal, asked), media_type=EVENT_STREAM, headers=headers)

    async def _events(self, principal: Principal, asked: GraphQLRequest) -> AsyncIterator[str]:
        """graphql-sse, distinct connections mode: `next` per result, then `complete`."""
        async with aclosing(await self._results(principal, asked)) as results:
            pending: asyncio.Task[Any] | None = None
            try:
                yield ":\n\n"  # headers and a first byte go out at once
                while True:
                    pending = pending or asyncio.ensure_future(anext(results, None))
                    done, _ = await asyncio.wait({pending}, timeout=SSE_BEAT_S)
                    if not done:
                        yield ":\n\n"
                        continue
                    result, pending = pending.result(), None
                    if result is None:
                        break
                    yield f"event: next\ndata: {json.dumps(response_of(result), separators=(',', ':'))}\n\n"
                yield "event: complete\ndata:\n\n"
            finally:
                if pending is not None:
                    pending.cancel()
                    with suppress(asyncio.CancelledError, StopAsyncIteration):
                        await pending


def response_of(result: Any) -> dict[str, Any]:
    """The response object: a request error has no `data`, everything else has."""
    response: dict[str, Any] = {}
    if result.errors:
        response["errors"] = [spoken(error) for error in result.errors]
    if not isinstance(result, PreExecutionError):
        response["data"] = result.data
    return response


def _json(data: dict[str, Any], status: int, kind: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(body, status, {**NO_STORE, **(headers or {})}, media_type=f"{kind}; charset=utf-8")


def _refusal(refused: RequestRefused, kind: str) -> Response:
    error = {"message": refused.message, "extensions": {"code": refused.code, "retryable": refused.retryable}}
    return _json({"errors": [error]}, refused.status, JSON if kind == EVENT_STREAM else kind, refused.headers)
