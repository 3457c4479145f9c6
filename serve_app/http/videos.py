"""`/v1/videos` and `/v1/models`: the API of the family we adapt to, so that its clients and load tests work with us.

A video is a job of ours: each request makes a scene with the prompt as its words in a project for such videos (a link's
own project for its holder), and generates it with an automatic pick. The invariant: nothing lives here; what is
answered was committed, so any Studio answers for any other; a retry with the same `Idempotency-Key` makes nothing new.
Deny by default: a Bearer token, and for the holder of a link the role that the like command takes.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from actors.commands import Command, CommandError, CreateProject, CreateScene, DropVideo, Envelope, GenerateScene
from actors.project.access import ROLES
from actors.runtime.ids import derive_id
from actors.views import VIDEO, JobView, TakeView
from collab.session import Access
from serve_app.errors import row_of
from serve_app.graphql.context import Context, Ports
from serve_app.graphql.request import RequestRefused
from serve_app.graphql.scene_nodes import overall_progress
from serve_app.http.answers import Refusal
from serve_app.http.deps import StudioDeps
from serve_app.http.media import content_type
from serve_app.http.uploads import sort_of
from serve_app.http.videos_body import body_of, key_of
from serve_app.http.videos_wire import AUTO, LIST_DEFAULT, LIST_MAX, POLL_MS, ApiError, Ask, ask_of, scene_of, video_of
from storage.ledger.protocol import View
from storage.objects.protocol import StoreName

logger = logging.getLogger("storyforge.videos")

FRAMES_DRAWN = 1
"""Frames a shot: nobody looks at the board of such a video."""
NO_STORE = {"cache-control": "no-store"}

Handler = Callable[[Request], Awaitable[Response]]


class Videos:
    def __init__(self, deps: StudioDeps, ports: Ports) -> None:
        self._deps, self._ports = deps, ports
        self._offers = {offer.name: offer for offer in deps.video_offers}

    def routes(self) -> list[Route]:
        return [
            Route("/v1/models", _spoken(self.models), methods=["GET"]),
            Route("/v1/videos", _spoken(self.create), methods=["POST"]),
            Route("/v1/videos", _spoken(self.list), methods=["GET"]),
            Route("/v1/videos/{id}", _spoken(self.get), methods=["GET"]),
            Route("/v1/videos/{id}", _spoken(self.delete), methods=["DELETE"]),
            Route("/v1/videos/{id}/content", _spoken(self.content), methods=["GET"]),
            Route("/v1/videos/{id}/remix", _spoken(self.remix), methods=["POST"]),
        ]

    # what is asked
    async def models(self, request: Request) -> Response:
        await self._enter(request, Access.READ)
        rows = [{"id": id, "object": "model", "created": 0, "owned_by": "storyforge"} for id in (AUTO, *self._offers)]
        return JSONResponse({"object": "list", "data": rows}, headers=NO_STORE)

    async def create(self, request: Request) -> Response:
        context = await self._enter(request, Access.WRITE)
        data, picture = await body_of(request)
        ask = ask_of(data)
        self._check_model(ask.model, picture is not None)
        reference = await self._kept(picture) if picture is not None else {}
        return await self._make(context, ask, key_of(request), reference)

    async def remix(self, request: Request) -> Response:
        """The same again with other words: size, length, model and seed of the source."""
        context = await self._enter(request, Access.WRITE)
        _, source = await self._video(context, request)
        data, _ = await body_of(request)
        if set(data) - {"prompt"}:
            raise ApiError(400, "unknown_parameter", "A remix takes `prompt` alone.", sorted(set(data) - {"prompt"})[0])
        asked = source.video or {}
        kept = {"seconds": asked["seconds"], "size": f"{asked['width']}x{asked['height']}", "model": asked["model"]}
        ask = ask_of({**kept, "prompt": data.get("prompt"), "seed": source.seed})
        reference = {name: asked.get(name) for name in ("reference", "reference_sha256")}
        remixed = {"remixed_from": source.id, "remixed_take": source.take}
        return await self._make(context, ask, key_of(request), {**reference, **remixed})

    async def get(self, request: Request) -> Response:
        context = await self._enter(request, Access.READ)
        _, job = await self._video(context, request)
        return await self._shown(job)

    async def list(self, request: Request) -> Response:
        context = await self._enter(request, Access.READ)
        limit, newest_first, after = await self._page(request)
        rows = await self._ports.reader.views(
            VIDEO, parent=context.who.id, after=after, limit=limit + 1, newest_first=newest_first
        )
        found = [await _job(context, row.id) for row in rows[:limit]]
        shown = [await self._as_video(view) for _, view in filter(None, found)]
        ids = {"first_id": shown[0]["id"] if shown else None, "last_id": shown[-1]["id"] if shown else None}
        return JSONResponse({"object": "list", "data": shown, "has_more": len(rows) > limit, **ids}, headers=NO_STORE)

    async def content(self, request: Request) -> Response:
        context = await self._enter(request, Access.READ)
        _, job = await self._video(context, request)
        take = await self._take(job)
        if take is None:
            raise ApiError(409, "video_not_ready", "This video has no content (yet): look at its status.")
        variant = request.query_params.get("variant", "video")
        keys = {"video": take.video_key, "thumbnail": take.thumbnail_key}
        if variant not in keys:
            raise ApiError(400, "invalid_value", "`variant` is video or thumbnail.", "variant")
        key = keys[variant]
        stat = await self._deps.media.stat(key)
        if stat is None:
            raise ApiError(404, "not_found", "The file is gone.")
        headers = {**NO_STORE, "content-length": str(stat.size), "content-type": content_type(key)}
        return StreamingResponse(self._deps.media.read(key, 0, stat.size), headers=headers)

    async def delete(self, request: Request) -> Response:
        context = await self._enter(request, Access.WRITE)
        row, job = await self._video(context, request)
        await self._send(context, row.home, job.scene, secrets.token_hex(16), DropVideo(job.scene, job.id))
        return JSONResponse({"id": job.id, "object": "video.deleted", "deleted": True}, headers=NO_STORE)

    # how
    async def _make(self, context: Context, ask: Ask, key: str, more: Mapping[str, Any]) -> Response:
        home = await self._home(context, key)
        heading, script = scene_of(ask.prompt)
        made = await self._send(context, home, home, f"{key}.scene", CreateScene(heading, script))
        video = {
            "prompt": ask.prompt,
            "model": ask.model,
            "seconds": ask.seconds,
            "width": ask.width,
            "height": ask.height,
            "metadata": ask.metadata,
            **more,
        }
        scene = made["scene"]
        command = GenerateScene(
            scene, auto_pick=True, seed=ask.seed, backend=ask.model, candidates=FRAMES_DRAWN, video=video
        )
        job = (await self._send(context, home, scene, f"{key}.job", command))["job"]
        found = await _job(context, job)
        if found is None:
            raise ApiError(503, "server_error", "The video was taken and cannot be read yet.")
        return await self._shown(found[1])

    async def _home(self, context: Context, key: str) -> str:
        """The project of these videos: the link's own, else one a day, so that no project grows without end. A retry
        after midnight finds the one of its first try."""
        who, reader = context.who, self._ports.reader
        if who.project:
            return who.project
        days = [time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago)) for ago in (0, 86_400)]
        homes = [derive_id("prj", who.id, "api videos", day) for day in days]
        if await reader.response(homes[1], who.id, f"{key}.scene") is not None:
            return homes[1]
        if await reader.view("project", homes[0]) is None:
            command = CreateProject(title=f"API videos {days[0]}", project_type="SHORT")
            await self._send(context, homes[0], homes[0], "api-videos", command)
        return homes[0]

    async def _send(self, context: Context, home: str, target: str, key: str, command: Command) -> dict[str, str]:
        answer = await self._ports.commands.send(Envelope(home, target, context.who.id, key, command))
        self._ports.feed.touch(home)
        return answer.ids

    async def _enter(self, request: Request, least: Access) -> Context:
        """Raises `ApiError` 401, 403."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        principal = self._deps.gate.authenticate(headers)
        if principal is None:
            raise ApiError(401, "invalid_api_key", "Send `Authorization: Bearer` with a token of this studio.")
        context = Context(self._ports, principal)
        link = await context.link()
        if link is not None and ROLES.get(link.role, Access.READ) < least:
            raise ApiError(403, "forbidden", "Your link does not allow this.")
        return context

    async def _video(self, context: Context, request: Request) -> tuple[View, JobView]:
        """Raises `ApiError` 404, the same for what is not there, not theirs, deleted, or no such video."""
        found = await _job(context, request.path_params["id"])
        if found is None or found[1].video is None or found[1].video.get("dropped"):
            raise ApiError(404, "not_found", "There is no such video.")
        return found

    async def _take(self, job: JobView) -> TakeView | None:
        row = await self._ports.reader.view("take", job.take) if job.take else None
        return TakeView.from_blob(row.body) if row is not None and row.body is not None else None

    async def _as_video(self, job: JobView) -> dict[str, Any]:
        attempt = await self._ports.reader.attempt(job.attempt) if job.attempt else None
        return video_of(job, await self._take(job), overall_progress(job, attempt))

    async def _shown(self, job: JobView) -> Response:
        return JSONResponse(await self._as_video(job), headers={**NO_STORE, "openai-poll-after-ms": str(POLL_MS)})

    async def _page(self, request: Request) -> tuple[int, bool, tuple[str, str] | None]:
        query = request.query_params
        limit, order, after = query.get("limit", str(LIST_DEFAULT)), query.get("order", "desc"), query.get("after")
        if not limit.isdigit() or len(limit) > 4 or not 1 <= int(limit) <= LIST_MAX:
            raise ApiError(400, "invalid_value", f"`limit` is 1 to {LIST_MAX}.", "limit")
        if order not in ("asc", "desc"):
            raise ApiError(400, "invalid_value", "`order` is asc or desc.", "order")
        row = await self._ports.reader.view(VIDEO, after) if after else None
        if after and row is None:
            raise ApiError(400, "invalid_value", "`after` is no video of yours.", "after")
        return int(limit), order == "desc", None if row is None else (row.order_key, row.id)

    def _check_model(self, model: str | None, with_picture: bool) -> None:
        if model is not None and model not in self._offers:
            words = f"The model '{model[:64]}' does not exist here; there are {', '.join((AUTO, *self._offers))}."
            raise ApiError(400, "model_not_found", words, "model")
        able = [offer for offer in self._offers.values() if model in (None, offer.name) and offer.image_to_video]
        if with_picture and not able:
            raise ApiError(400, "unsupported_parameter", "No model here starts from a picture.", "input_reference")

    async def _kept(self, picture: bytes) -> dict[str, str]:
        sort = sort_of("", picture[:64])
        if sort is None or sort.kind != "image":
            raise ApiError(400, "invalid_image", "`input_reference` is a PNG, JPEG or WebP picture.", "input_reference")
        digest = hashlib.sha256(picture).hexdigest()
        key = StoreName.ASSETS.key("references", f"{digest}.{sort.extension}")
        if await self._deps.media.stat(key) is None:
            await self._deps.media.write(key, _once(picture), sort.content_type)
        return {"reference": key, "reference_sha256": digest}


def _spoken(handler: Handler) -> Handler:
    """Whatever goes wrong, in the shape of this family."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            error = ApiError(400, "bad_request", "The request broke off.")
        except Exception as fault:  # noqa: BLE001 - said in words, and logged where it is ours
            error = _error_of(fault)
        headers = {**NO_STORE, **({"retry-after": "1"} if error.status in (429, 503, 504) else {})}
        return JSONResponse(error.body(), error.status, headers)

    return answer


def _error_of(fault: Exception) -> ApiError:
    match fault:
        case ApiError():
            return fault
        case CommandError():
            status = {"NOT_FOUND": 404, "IDEMPOTENCY_KEY_REUSED": 409, "TOO_MANY_SCENES": 429}.get(fault.code, 400)
            code = "insufficient_quota" if status == 429 else fault.code.lower()
            return ApiError(status, code, fault.message, fault.path[-1] if fault.path else None)
        case RequestRefused():
            return ApiError(fault.status, fault.code.lower(), fault.message)
        case Refusal():
            return ApiError(row_of(fault.code).http, fault.code.lower(), fault.message, fault.field)
        case GraphQLError():
            return ApiError(401, "invalid_api_key", fault.message)
    known: object = getattr(fault, "code", None)
    if not isinstance(known, str):
        logger.error("a video request failed", exc_info=fault)
        return ApiError(500, "server_error", "Something went wrong on the server.")
    row = row_of(known)
    logger.warning("a video request was not served", extra={"code": known})
    words = "The server cannot do this right now. Try again in a moment."
    return ApiError(row.http if row.retryable else 500, "server_error", words)


async def _job(context: Context, id: str) -> tuple[View, JobView] | None:
    """One of a project that was deleted reads as one that never was."""
    try:
        return await context.job(id)
    except GraphQLError as error:
        if (error.extensions or {}).get("code") == "PROJECT_DELETED":
            return None
        raise


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
