"""`/healthz`, `/readyz`, `/api/status`, `/api/owner/{project}`: what operators and load balancers ask.

The invariant: health needs no sign-in and says no more than which part works; a missing part that only degrades the
product (generation) never turns health red.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from serve_app.http.answers import Refusal, enter_as_owner
from serve_app.http.deps import Check, StudioDeps
from storage.bus.protocol import BusState

logger = logging.getLogger("storyforge.health")
NO_STORE = {"cache-control": "no-store"}


class Health:
    def __init__(self, deps: StudioDeps) -> None:
        self._deps = deps

    async def healthz(self, _request: Request) -> Response:
        """200 ok or degraded, 503 down; `parts` says which."""
        required, optional = await asyncio.gather(self._look(self._deps.required), self._look(self._deps.optional))
        works = all(required.values())
        status = "down" if not works else "ok" if all(optional.values()) else "degraded"
        parts = {"studio": "ok"} | {n: "ok" if ok else "down" for n, ok in (required | optional).items()}
        bus = self._deps.bus
        if bus is not None:  # without it everything is correct and slower: named, never red
            parts["bus"] = "ok" if bus.state is BusState.LIVE else bus.state.value
            status = "degraded" if status == "ok" != parts["bus"] else status
        return JSONResponse({"status": status, "parts": parts}, 200 if works else 503, NO_STORE)

    async def readyz(self, _request: Request) -> Response:
        """200 once every part answers, generation included: before that a *Generate* would wait."""
        seen = await self._look({**self._deps.required, **self._deps.optional})
        ready = all(seen.values())
        return JSONResponse({"ready": ready}, 200 if ready else 503, NO_STORE)

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
