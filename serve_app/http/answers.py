"""Small answers every route shares: JSON refusals from the one error table, and the headers all answers carry.

The invariant: no answer leaves Studio without the security headers, and a refusal always says code, words, retryable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve_app.auth import SCOPE_ALL, Gate, Principal
from serve_app.errors import row_of


def content_policy(media_origins: Sequence[str] = ()) -> str:
    """`media_origins`: where players fetch beside us (a CDN, a bucket)."""
    media = " ".join(("'self'", *media_origins))
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",  # CodeMirror writes its theme into a style element
            "img-src 'self' data: blob:",
            f"media-src {media} blob:",  # hls.js plays through a MediaSource blob
            "worker-src 'self' blob:",  # hls.js demuxes in a worker made from a blob
            "font-src 'self' data:",
            f"connect-src {media}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


SECURITY_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer a form's Origin is null and nobody could sign in
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class SecurityHeaders:
    """ASGI middleware: adds what an answer does not already say."""

    def __init__(self, app: ASGIApp, media_origins: Sequence[str] = ()) -> None:
        self._app = app
        self._headers = {"content-security-policy": content_policy(media_origins), **SECURITY_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Refusal(Exception):
    """A route's refusal: `code` from the table decides the status; `field` names the part of the request at fault."""

    retryable = False

    def __init__(
        self, code: str, message: str, headers: Mapping[str, str] | None = None, field: str | None = None
    ) -> None:
        super().__init__(code, message, headers, field)
        self.code, self.message, self.headers, self.field = code, message, dict(headers or {}), field

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def refuse(refusal: Refusal) -> Response:
    row = row_of(refusal.code)
    body = {"code": refusal.code, "message": refusal.message, "retryable": row.retryable}
    if refusal.field is not None:
        body["field"] = refusal.field
    return JSONResponse(body, row.http, {"cache-control": "no-store", **refusal.headers})


async def refused(_request: Request, error: Exception) -> Response:
    """Starlette's exception handler for `Refusal`."""
    assert isinstance(error, Refusal)
    return refuse(error)


def enter(gate: Gate, request: Request) -> Principal:
    """The principal of a request. Raises `Refusal` UNAUTHENTICATED; by cookie, writes must be same-origin."""
    safe = request.method in {"GET", "HEAD"}
    principal = gate.authenticate(request.headers, None, request.cookies, origin_required=not safe)
    if principal is None:
        raise Refusal("UNAUTHENTICATED", "Sign in first.", {"www-authenticate": "Bearer"})
    return principal


def enter_as_owner(gate: Gate, request: Request) -> Principal:
    """For what concerns the whole installation. Raises `Refusal` UNAUTHENTICATED, FORBIDDEN."""
    principal = enter(gate, request)
    if not principal.may(SCOPE_ALL):
        raise Refusal("FORBIDDEN", "This is for the owner of the studio.")
    return principal
