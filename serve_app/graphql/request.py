"""Reading one GraphQL-over-HTTP request: parameters, media types, operation. Pure but for reading the body.

The invariant: whatever a stranger sends becomes either a `GraphQLRequest` within the limits or a `RequestRefused` with
the status the GraphQL-over-HTTP specification asks for (https://graphql.github.io/graphql-over-http/draft/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, OperationType, get_operation_ast, parse
from starlette.requests import Request

from serve_app.graphql.limits import TOKENS_MAX

URL_CHARS_MAX = 16 * 1024
JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"


class RequestRefused(Exception):
    """Not a request we run: `status` and `code` say why, `headers` go with the answer."""

    retryable = False

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, code, message, headers)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


def negotiate(accept: str | None) -> str:
    """The media type of the answer. Raises `RequestRefused` 406 when none of ours is acceptable."""
    if not accept or not accept.strip():
        return JSON
    offers: list[tuple[float, int, str]] = []
    for index, part in enumerate(accept.split(",")):
        kind, *params = [p.strip().lower() for p in part.split(";")]
        quality = next((p[2:] for p in params if p.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            weight = 0.0
        chosen = _OFFERS.get(kind)
        if chosen is not None and weight > 0:
            offers.append((-weight, index, chosen))
    if not offers:
        raise RequestRefused(
            406,
            "NOT_ACCEPTABLE",
            f"Answers come as {RESPONSE_JSON}, {JSON} or {EVENT_STREAM}.",
            {"accept": RESPONSE_JSON},
        )
    return min(offers)[2]


_OFFERS = {
    RESPONSE_JSON: RESPONSE_JSON,
    JSON: JSON,
    EVENT_STREAM: EVENT_STREAM,
    "*/*": JSON,
    "application/*": JSON,
    "text/*": EVENT_STREAM,
}


async def read_request(request: Request, body_bytes_max: int) -> GraphQLRequest:
    """Raises `RequestRefused`: 400 malformed, 405 method, 413 too large, 415 wrong media type."""
    if request.method == "GET":
        return _from_query(request)
    if request.method != "POST":
        raise RequestRefused(405, "METHOD_NOT_ALLOWED", "Use POST, or GET for queries.", {"allow": "GET, POST"})
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if kind.strip() != JSON:
        raise RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", f"Send the request as {JSON}.")
    if "charset" in parameters and "utf-8" not in parameters.replace("utf8", "utf-8"):
        raise RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request in UTF-8.")
    body = await read_bounded(request, body_bytes_max)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestRefused(400, "BAD_REQUEST", "The body is not JSON.") from error
    return request_from(data)


async def read_bounded(request: Request, bytes_max: int) -> bytes:
    """The body, never holding more than `bytes_max`. Raises `RequestRefused` 413."""
    too_large = RequestRefused(413, "TOO_LARGE", f"The request is larger than {bytes_max} bytes.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bytes_max:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > bytes_max:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def request_from(data: Any) -> GraphQLRequest:
    """The request a decoded JSON value holds. Raises `RequestRefused` 400."""
    if isinstance(data, list):
        raise RequestRefused(400, "BATCH_REFUSED", "Send one operation per request; batches are not served.")
    if not isinstance(data, dict):
        raise RequestRefused(400, "BAD_REQUEST", "The body must be a JSON object.")
    query, variables, name = data.get("query"), data.get("variables"), data.get("operationName")
    if not isinstance(query, str) or not query:
        raise RequestRefused(400, "BAD_REQUEST", "`query` must be a text with one GraphQL document.")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRefused(400, "BAD_REQUEST", "`variables` must be an object.")
    if name is not None and not isinstance(name, str):
        raise RequestRefused(400, "BAD_REQUEST", "`operationName` must be a text.")
    if data.get("extensions") is not None and not isinstance(data["extensions"], dict):
        raise RequestRefused(400, "BAD_REQUEST", "`extensions` must be an object.")
    return GraphQLRequest(query, variables, name or None)


def _from_query(request: Request) -> GraphQLRequest:
    if len(request.url.query) > URL_CHARS_MAX:
        raise RequestRefused(413, "TOO_LARGE", f"The address is longer than {URL_CHARS_MAX} characters; use POST.")
    data: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in data:
            try:
                data[name] = json.loads(data[name]) if data[name] else None
            except (ValueError, RecursionError) as error:
                raise RequestRefused(400, "BAD_REQUEST", f"`{name}` is not JSON.") from error
    return request_from(data)


def operation_of(request: GraphQLRequest) -> OperationType | None:
    """What kind of operation would run; None when the document does not parse or names none (execution says which)."""
    try:
        node = get_operation_ast(parse(request.query, max_tokens=TOKENS_MAX, no_location=True), request.operation_name)
    except (GraphQLError, RecursionError):
        return None
    return node.operation if node is not None else None
