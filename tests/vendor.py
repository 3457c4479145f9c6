"""A vendor of the `/v1/videos` family on loopback, that speaks the wire and misbehaves on demand.

Real HTTP: a Starlette application run by uvicorn in a thread. It counts what it accepted, which is what a vendor would
charge for. `creates` says what the next submissions meet, one a submission; `looks` what the next looks meet.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

import av
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

KEY = "vendor-key-0123456789"
CLIP_FPS = 8


def clip(seconds: int, size: str) -> bytes:
    """A film of that length and size, whose brightness rises."""
    width, height = (int(side) for side in size.split("x"))
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=CLIP_FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        count = seconds * CLIP_FPS
        for n in range(count):
            grey = np.full((height, width, 3), 40 + 160 * n // count, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


class Lost(Response):
    """Headers, and then the connection breaks: the answer is lost."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


def error(status: int, code: str, message: str = "no", **headers: str) -> JSONResponse:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}
    return JSONResponse(body, status, headers)


REFUSALS = {
    "quota": lambda: error(429, "insufficient_quota", "You exceeded your current quota"),
    "402": lambda: error(402, "payment_required"),
    "429": lambda: error(429, "rate_limit_exceeded", "slow down", **{"retry-after": "7"}),
    "429 soon": lambda: error(429, "rate_limit_exceeded", "slow down", **{"retry-after": "0.05"}),
    "moderated": lambda: error(400, "moderation_blocked", "blocked by our moderation system"),
    "bad": lambda: error(400, "invalid_size"),
    "key": lambda: error(401, "invalid_api_key"),
    "503": lambda: Response("<h1>overloaded</h1>", 503),
    "gateway": lambda: Response("<h1>bad gateway</h1>", 502),
}


@dataclass
class Vendor:
    """`accepted`: what it would charge for, by task id. `idempotent`: the same Idempotency-Key is the same task."""

    url: str = ""
    idempotent: bool = False
    echoes: bool = False
    creates: list[str] = field(default_factory=list)  # "" | a refusal | lost | forgotten
    looks: list[str] = field(default_factory=list)  # "" | a refusal | lost | failed:CODE | never
    after: int = 0  # looks before a task is complete
    expired: int = 0  # addresses that have expired when they are used
    signed: bool = False
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    posts: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    pictures: list[bytes] = field(default_factory=list)
    flagged: tuple[str, ...] = ()
    most: int = 0  # tasks under way at once
    arrived: threading.Event = field(default_factory=threading.Event)
    open_gate: threading.Event = field(default_factory=threading.Event)
    gated: bool = False  # an accepted submission answers only when `open_gate` is set

    def forget(self) -> None:
        """As new, at the same address."""
        for item in fields(self):
            if item.name != "url":
                made = item.default if item.default_factory is MISSING else item.default_factory()
                setattr(self, item.name, made)

    # the wire
    async def create(self, request: Request) -> Response:
        self.posts += 1
        assert request.headers["authorization"] == f"Bearer {KEY}"
        trouble = self.creates.pop(0) if self.creates else ""
        if trouble in REFUSALS:
            return REFUSALS[trouble]()
        asked = await self._body(request)
        if trouble == "forgotten":  # the connection broke before it was taken
            return Lost()
        nonce = request.headers.get("idempotency-key", "")
        if self.idempotent and nonce in self.keys:
            return JSONResponse(self._video(self.keys[nonce]))
        id = f"video_{len(self.accepted) + 1:04}"
        self.accepted[id] = asked
        self.keys[nonce] = id
        self.most = max(self.most, sum(self.seen.get(i, 0) < self.after + 1 for i in self.accepted))
        self.arrived.set()
        if self.gated:
            await asyncio.to_thread(self.open_gate.wait, 30)
        return Lost() if trouble == "lost" else JSONResponse(self._video(id))

    async def _body(self, request: Request) -> dict[str, Any]:
        if request.headers["content-type"].startswith("application/json"):
            return dict(await request.json())
        async with request.form() as form:
            asked: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
            picture = form["input_reference"]
            assert not isinstance(picture, str)
            self.pictures.append(await picture.read())
        if "metadata" in asked:
            asked["metadata"] = json.loads(asked["metadata"])
        return asked

    def _video(self, id: str, status: str = "queued", progress: int = 0, **more: Any) -> dict[str, Any]:
        asked = self.accepted[id]
        kept = {"metadata": asked["metadata"]} if self.echoes and "metadata" in asked else {}
        return {
            "id": id,
            "object": "video",
            "model": asked["model"],
            "status": status,
            "progress": progress,
            "created_at": 1_700_000_000,
            "seconds": asked["seconds"],
            "size": asked["size"],
            **kept,
            **more,
        }

    async def look(self, request: Request) -> Response:
        id = request.path_params["id"]
        trouble = self.looks.pop(0) if self.looks else ""
        if trouble in REFUSALS:
            return REFUSALS[trouble]()
        if trouble == "lost":
            return Lost()
        if id not in self.accepted or id in self.deleted:
            return error(404, "not_found")
        if trouble.startswith("failed:"):
            said = {"code": trouble[7:], "message": "it could not be made"}
            return JSONResponse(self._video(id, "failed", error=said))
        self.seen[id] = self.seen.get(id, 0) + 1
        if trouble == "never" or self.seen[id] <= self.after:
            return JSONResponse(self._video(id, "in_progress", 50))
        return JSONResponse(self._video(id, "completed", 100))

    async def list(self, request: Request) -> Response:
        rows = [self._video(id) for id in reversed(self.accepted) if id not in self.deleted]
        return JSONResponse({"object": "list", "data": rows, "has_more": False})

    async def content(self, request: Request) -> Response:
        id = request.path_params["id"]
        if self.signed:
            return RedirectResponse(f"{self.url.removesuffix('/v1')}/signed/{id}", 302)
        return self._film(id)

    async def signed_content(self, request: Request) -> Response:
        if self.expired > 0:
            self.expired -= 1
            return Response("<Error><Code>AccessDenied</Code></Error>", 403)
        return self._film(request.path_params["id"])

    def _film(self, id: str) -> Response:
        asked = self.accepted[id]
        return Response(clip(int(asked["seconds"]), asked["size"]), media_type="video/mp4")

    async def delete(self, request: Request) -> Response:
        self.deleted.append(request.path_params["id"])
        return JSONResponse({"id": request.path_params["id"], "object": "video.deleted", "deleted": True})

    async def moderations(self, request: Request) -> Response:
        said = (await request.json())["input"]
        flagged = any(word in said for word in self.flagged)
        return JSONResponse({"results": [{"flagged": flagged, "categories": {}}]})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/videos", self.create, methods=["POST"]),
                Route("/v1/videos", self.list),
                Route("/v1/videos/{id}", self.look),
                Route("/v1/videos/{id}", self.delete, methods=["DELETE"]),
                Route("/v1/videos/{id}/content", self.content),
                Route("/v1/moderations", self.moderations, methods=["POST"]),
                Route("/signed/{id}", self.signed_content),
            ]
        )


@contextlib.contextmanager
def serving(vendor: Vendor, port: int = 0) -> Iterator[Vendor]:
    """The vendor on a loopback port, with its address in `url`."""
    config = uvicorn.Config(vendor.app(), host="127.0.0.1", port=port, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="vendor", daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the vendor did not start"
        thread.join(0.005)
    vendor.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield vendor
    finally:
        vendor.open_gate.set()
        server.should_exit = True
        thread.join(10)
