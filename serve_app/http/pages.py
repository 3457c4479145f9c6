"""The editor's pages and the way in: the shell, its assets, and the token's exchange for a session.

The invariant: a token (the owner's or a link's) is in an address once, at the first load; the answer is a redirect that
drops it and sets an HttpOnly cookie holding a session ticket instead. Without a session there is a sign-in page and
nothing else.
"""

from __future__ import annotations

import html
from pathlib import Path
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from serve_app.auth import SESSION_COOKIE, Gate, Principal
from serve_app.http.answers import Refusal, enter
from serve_app.http.page_text import NOT_BUILT, SIGN_IN

FORM_BYTES_MAX = 4_096
IMMUTABLE = "private, max-age=31536000, immutable"
SHELL = {"cache-control": "private, no-cache", "vary": "cookie"}


class Pages:
    """Routes `/`, `/p/…`, `/sign-in`, `/sign-out`."""

    def __init__(self, gate: Gate, static_dir: Path, *, secure_cookies: bool) -> None:
        self._gate, self._dir, self._secure = gate, static_dir, secure_cookies

    async def root(self, request: Request) -> Response:
        token = request.query_params.get("token")
        if token is None:
            return await self.shell(request)
        principal = self._gate.by_token(token)
        if principal is None:
            return _sign_in("That token does not open this studio.", 401)
        rest = urlencode([pair for pair in request.query_params.multi_items() if pair[0] != "token"])
        to = f"/p/{principal.project}" if principal.project else "/"
        return self._signed_in(request, principal, f"{to}?{rest}" if rest else to)

    async def icon(self, _request: Request) -> Response:
        """The mark on the tab and on the sign-in page: open, it says nothing."""
        path = self._dir / "mark.svg"
        if not path.is_file():
            raise Refusal("NOT_FOUND", "There is no such file.")
        return FileResponse(path, media_type="image/svg+xml", headers={"cache-control": "public, max-age=86400"})

    async def shell(self, request: Request) -> Response:
        """index.html for whoever is signed in; the editor's own router reads the path."""
        if self._gate.authenticate(request.headers, None, request.cookies, origin_required=False) is None:
            return _sign_in("", 401)
        index = self._dir / "index.html"
        if not index.is_file():
            return HTMLResponse(NOT_BUILT, 503, SHELL)
        return FileResponse(index, media_type="text/html; charset=utf-8", headers=SHELL)

    async def sign_in(self, request: Request) -> Response:
        """The form of the sign-in page: a token by hand."""
        if not self._gate.same_origin(request.headers, required=True):
            raise Refusal("CROSS_ORIGIN", "Sign in from the studio's own page.")
        if int(request.headers.get("content-length") or FORM_BYTES_MAX + 1) > FORM_BYTES_MAX:
            raise Refusal("TOO_LARGE", "This is no sign-in form.")
        async with request.form(max_files=0, max_fields=4) as form:
            token = form.get("token")
        principal = self._gate.by_token(token.strip()) if isinstance(token, str) else None
        if principal is None:
            return _sign_in("That token does not open this studio.", 401)
        return self._signed_in(request, principal)

    async def sign_out(self, request: Request) -> Response:
        enter(self._gate, request)
        response = RedirectResponse("/", 303, {"cache-control": "no-store"})
        response.delete_cookie(SESSION_COOKIE, path="/", secure=self._secure, httponly=True, samesite="strict")
        return response

    def _signed_in(self, request: Request, principal: Principal, to: str = "/") -> Response:
        response = RedirectResponse(to, 303, {"cache-control": "no-store"})
        response.set_cookie(
            SESSION_COOKIE,
            self._gate.ticket(principal),
            max_age=int(self._gate.ticket_ttl_s(principal)),
            path="/",
            secure=self._secure or request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response


class Assets:
    """`/assets/…`: files named by their content's hash, kept by browsers for ever. Signed-in callers only."""

    def __init__(self, gate: Gate, directory: Path) -> None:
        self._gate = gate
        self._files = StaticFiles(directory=directory, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        enter(self._gate, request)
        try:
            response = await self._files.get_response(self._files.get_path(scope), scope)
        except HTTPException as error:
            code = "NOT_FOUND" if error.status_code == 404 else "METHOD_NOT_ALLOWED"
            raise Refusal(code, "There is no such file.") from error
        if response.status_code == 200:
            response.headers["cache-control"] = IMMUTABLE
        await response(scope, receive, send)


def _sign_in(problem: str, status: int) -> Response:
    said = f'<p class="problem" role="alert">{html.escape(problem)}</p>' if problem else ""
    return HTMLResponse(SIGN_IN.replace("<!--problem-->", said), status, {"cache-control": "no-store"})
