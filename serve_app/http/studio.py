"""Studio as one Starlette application: every route on one page.

The invariant: a route is either open by design (health), proved by its address (media), or behind `Gate`; there is no
fourth sort. Everything it needs comes in `StudioDeps`.
"""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from serve_app.errors import TABLE, row_of
from serve_app.graphql.context import Ports
from serve_app.graphql.endpoint import GraphQLEndpoint
from serve_app.graphql.feed import ChangeFeed
from serve_app.graphql.schema import build_schema
from serve_app.graphql.sockets import GraphQLSockets
from serve_app.http.answers import Refusal, SecurityHeaders, refuse, refused
from serve_app.http.deps import StudioDeps
from serve_app.http.direct_uploads import direct_routes
from serve_app.http.health import Health
from serve_app.http.history import HistoryRoute
from serve_app.http.media import MediaRoute
from serve_app.http.moves import MoveDesk
from serve_app.http.pages import Assets, Pages
from serve_app.http.sheets import SheetRoute
from serve_app.http.uploads import Uploads
from serve_app.http.videos import Videos
from serve_app.pasts import Pasts
from storage.ledger.errors import LedgerError
from storage.objects.protocol import ObjectStoreError

logger = logging.getLogger("storyforge.http")
GRAPHQL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""All of them reach the endpoint, so that a wrong method gets a GraphQL answer that says which are right."""


def studio_app(deps: StudioDeps) -> Starlette:
    """The whole web side of `Studio`; `app.state.ports` holds the partner API's ports."""
    schema = build_schema()
    ports = Ports(
        reader=deps.reader,
        commands=deps.commands,
        text=deps.text,
        ask_owner=deps.ask_owner,
        sign_media=deps.addresses.sign,
        brains=deps.brains,
        pasts=Pasts(deps.reader),
        link_token=deps.gate.link_token,
        webhook_secret=deps.gate.webhook_secret,
        cache_bound=deps.cache_bound,
        feed=ChangeFeed(deps.reader, deps.bus, watchers_max=deps.limits.graphql.subscriptions_max),
        limits=deps.limits.graphql,
    )
    app = Starlette(
        routes=_routes(
            deps, ports, GraphQLEndpoint(schema, ports, deps.gate), GraphQLSockets(schema, ports, deps.gate)
        ),
        middleware=[Middleware(SecurityHeaders, media_origins=deps.addresses.origins)],
        exception_handlers={
            Refusal: refused,
            HTTPException: _http_error,
            LedgerError: _fault,
            ObjectStoreError: _store_refused,
            OSError: _fault,
            Exception: _crash,
        },
    )
    app.state.ports = ports
    return app


def _routes(deps: StudioDeps, ports: Ports, graphql: GraphQLEndpoint, sockets: GraphQLSockets) -> list[BaseRoute]:
    pages = Pages(deps.gate, deps.static_dir, secure_cookies=deps.secure_cookies)
    health = Health(deps)
    uploads = Uploads(deps.gate, deps.media, deps.addresses.sign, deps.limits)
    history = HistoryRoute(deps.gate, deps.reader, ports.pasts)
    media = MediaRoute(deps.media, deps.verify_media, deps.addresses)

    async def serve_graphql(request: Request) -> Response:
        return await graphql(request)

    async def serve_media(request: Request) -> Response:
        return await media(request)

    return [
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", health.metrics),
        Route("/graphql", serve_graphql, methods=GRAPHQL_METHODS),
        WebSocketRoute("/graphql", sockets.__call__),
        Route("/media/{token}/{key:path}", serve_media, methods=["GET"]),
        Route("/uploads", uploads.post, methods=["POST"]),
        Route("/uploads/{name}", uploads.put, methods=["PUT"]),
        *direct_routes(deps),
        Route("/history/{project}/{doc}", history.as_of),
        Route("/history/{project}/{doc}/diff", history.diff),
        Route("/breakdown/{project}.{form}", SheetRoute(deps.gate, deps.reader).get),
        Route("/api/owner/{project}", health.owner),
        Route("/api/move/{project}", MoveDesk(deps).move, methods=["POST"]),
        Route("/api/status", health.status),
        *Videos(deps, ports).routes(),
        Route("/sign-in", pages.sign_in, methods=["POST"]),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
        Mount("/assets", Assets(deps.gate, deps.static_dir / "assets")),
        Route("/mark.svg", pages.icon),
        Route("/", pages.root),
        Route("/p/{rest:path}", pages.shell),
    ]


async def _http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals in our form: no route, wrong method."""
    assert isinstance(error, HTTPException)
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "BAD_REQUEST")
    words = {"NOT_FOUND": "There is nothing here.", "METHOD_NOT_ALLOWED": "This address does not take that method."}
    return refuse(Refusal(code, words.get(code, error.detail), error.headers))


async def _fault(request: Request, error: Exception) -> Response:
    """The ledger or the object folder does not work: say so, retryably, without its own words."""
    code = getattr(error, "code", "STORAGE_UNAVAILABLE")
    logger.error("storage fault", extra={"code": code, "error": type(error).__name__, "route": request.url.path[:64]})
    return refuse(Refusal(code, "The server cannot read or store right now. Try again in a moment."))


async def _store_refused(request: Request, error: Exception) -> Response:
    """What the object store says: the caller's fault in words, the place's fault as a retryable one."""
    code = getattr(error, "code", "")
    if row_of(code).retryable or code not in TABLE:
        return await _fault(request, error)
    return refuse(Refusal(code, "The file cannot be stored or read."))


async def _crash(request: Request, error: Exception) -> Response:
    """Starlette logs and re-raises after this answer is sent."""
    return refuse(Refusal("INTERNAL", "Something went wrong on the server."))
