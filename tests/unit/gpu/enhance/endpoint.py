"""An OpenAI-compatible chat endpoint on loopback that misbehaves on demand. Speaks the wire; knows no model.

`plan` holds one behaviour per request, the last one for ever: "ok" streams a faithful answer; the others are named by
what goes wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.unit.gpu.enhance.stage import faithful

ERRORS: dict[str, tuple[int, dict[str, Any], dict[str, str]]] = {
    "429": (429, {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}, {"retry-after": "17"}),
    "429-date": (429, {}, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    "quota": (429, {"error": {"code": "insufficient_quota", "message": "no credit"}}, {}),
    "402": (402, {"error": {"message": "pay"}}, {}),
    "500": (500, {"error": {"message": "oops"}}, {}),
    "503": (503, {}, {"retry-after": "3"}),
    "401": (401, {"error": {"code": "invalid_api_key", "message": "bad key sk-secret-0123456789"}}, {}),
    "404": (404, {"error": {"type": "model_not_found", "message": "no such model"}}, {}),
    "redirect": (307, {}, {"location": "http://127.0.0.1:9/elsewhere"}),
}


class Endpoint:
    def __init__(self, *plan: str) -> None:
        self.plan = list(plan) or ["ok"]
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.came, self.left = asyncio.Event(), asyncio.Event()
        self.url = ""

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        self.came.set()
        self.keys.append(request.headers.get("authorization", ""))
        does = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        if does in ERRORS:
            status, said, headers = ERRORS[does]
            return JSONResponse(said, status, headers)
        if does == "no-schemas" and body["response_format"]["type"] == "json_schema":
            return JSONResponse({"error": {"message": "response_format json_schema is not supported"}}, 400)
        return StreamingResponse(self._events(does, body), media_type="text/event-stream")

    async def _events(self, does: str, body: dict[str, Any]) -> AsyncIterator[str]:
        asked = body["messages"][1]["content"]
        text = faithful(_Asked("\n".join(line for line in asked.splitlines() if line.startswith("Shot: "))))  # type: ignore[arg-type]
        if "TRUTH: " in asked:  # a line of a table read
            text = json.dumps({"said": asked.rpartition("TRUTH: ")[2]})
        try:
            for at in range(0, len(text), 16):
                if does == "broken" and at > 32:
                    return
                if does in ("silent", "error-event") and at > 32:
                    if does == "silent":
                        await asyncio.Event().wait()
                    yield _event({"error": {"message": "engine died"}})
                    return
                if does == "junk":
                    yield "data: {not json\n\n"
                    return
                yield _event({"choices": [{"index": 0, "delta": {"content": text[at : at + 16]}}]})
            while does == "endless":
                await asyncio.sleep(0)  # so that the server hears that its client has left
                yield _event({"choices": [{"delta": {"content": "x" * 32_000}}]})
            why = "content_filter" if does == "filtered" else "stop"
            yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": why}]})
            told = {"prompt_tokens": 210, "completion_tokens": 40, "prompt_tokens_details": {"cached_tokens": 128}}
            yield _event({"choices": [], "usage": told})
            yield "data: [DONE]\n\n"
        finally:
            self.left.set()


class _Asked:
    def __init__(self, ask: str) -> None:
        self.ask = ask


def _event(told: dict[str, Any]) -> str:
    return f"data: {json.dumps(told)}\n\n"


@contextlib.asynccontextmanager
async def endpoint(*plan: str) -> AsyncIterator[Endpoint]:
    found = Endpoint(*plan)
    app = Starlette(routes=[Route("/v1/chat/completions", found.answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    listening = socket.create_server(("127.0.0.1", 0))
    found.url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    serving = asyncio.create_task(server._serve([listening]))  # `serve` would take the process's signals
    try:
        yield found
    finally:
        server.should_exit = True
        await serving
        listening.close()
