"""`/healthz`, `/readyz`, `/metrics`, `/api/status`, `/api/owner/{project}`: what operators and load balancers ask.

The invariant: health needs no sign-in and says no more than which part works; a missing part that only degrades the
product (generation) never turns health red. Health: is it alive. Readiness: would everything asked of it now be done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from serve_app.auth import SCOPE_ALL
from serve_app.http.answers import Refusal, enter_as_owner
from serve_app.http.deps import Check, StudioDeps
from serve_app.telemetry.families import CONTENT_TYPE
from storage.bus.protocol import BusState

logger = logging.getLogger("storyforge.health")
NO_STORE = {"cache-control": "no-store"}
SIGN_IN = {"www-authenticate": "Bearer"}


class Health:
    def __init__(self, deps: StudioDeps) -> None:
        self._deps = deps

    async def healthz(self, _request: Request) -> Response:
        """200 ok or degraded, 503 down; `parts` says which."""
        required, optional = await asyncio.gather(self._look(self._deps.required), self._look(self._deps.optional))
        works = all(required.values())
        status = "down" if not works else "ok" if all(optional.values()) else "degraded"
        parts = {"studio": "ok"} | {n: "ok" if ok else "down" for n, ok in (required | optional).items()}
        parts |= self._deps.said
        told = {str(name): str(words) for name, words in (await self._deps.told()).get("parts", {}).items()}
        parts |= told
        status = "degraded" if status == "ok" and any(words != "ok" for words in told.values()) else status
        bus = self._deps.bus
        if bus is not None:  # without it everything is correct and slower: named, never red
            parts["bus"] = "ok" if bus.state is BusState.LIVE else bus.state.value
            status = "degraded" if status == "ok" != parts["bus"] else status
        return JSONResponse({"status": status, "parts": parts}, 200 if works else 503, NO_STORE)

    async def readyz(self, request: Request) -> Response:
        """200 once every part answers, generation included: before that a *Generate* would wait; and while some host
        can write, holds its lease and is not draining. The owner is told each host."""
        parts = {**self._deps.required, **self._deps.optional}
        seen, hosts = await asyncio.gather(self._look(parts), self._deps.ready_hosts())
        able = [name for name, can in hosts.items() if all(can.values())]
        ready = all(seen.values()) and (not hosts or bool(able))
        body: dict[str, Any] = {"ready": ready, "parts": seen, "hosts": {"ready": len(able), "live": len(hosts)}}
        found = self._deps.gate.authenticate({k.lower(): v for k, v in request.headers.items()})
        if found is not None and found.may(SCOPE_ALL):
            body["each"] = {name: dict(can) for name, can in hosts.items()}
        return JSONResponse(body, 200 if ready else 503, NO_STORE)

    async def metrics(self, request: Request) -> Response:
        """Prometheus text, for the scraper's token or the owner's."""
        if not self._deps.gate.opens_metrics({k.lower(): v for k, v in request.headers.items()}):
            raise Refusal("UNAUTHENTICATED", "Show the token that `storyforge token --metrics` prints.", SIGN_IN)
        return Response(await self._deps.metrics(), headers={**NO_STORE, "content-type": CONTENT_TYPE})

    async def status(self, request: Request) -> Response:
        enter_as_owner(self._deps.gate, request)
        return JSONResponse(dict(await self._deps.status()), headers=NO_STORE)

    async def owner(self, request: Request) -> Response:
        """Who holds a project now: {pid, peer, host, epoch}."""
        enter_as_owner(self._deps.gate, request)
        found = await self._deps.owner(request.path_params["project"])
        if found is None:
            raise Refusal("NOT_FOUND", "Nobody holds this project now.")
        return JSONResponse(dict(found), headers=NO_STORE)

    async def _look(self, checks: Mapping[str, Check]) -> dict[str, bool]:
        answers = await asyncio.gather(*(self._ask(name, check) for name, check in checks.items()))
        return dict(zip(checks, answers, strict=True))

    async def _ask(self, name: str, check: Check) -> bool:
        try:
            async with asyncio.timeout(self._deps.limits.check_timeout_s):
                return await check()
        except Exception as error:  # noqa: BLE001 - whatever a part does, health answers
            logger.warning("health check failed", extra={"part": name, "error": type(error).__name__})
            return False
