"""The Studio deployment: the web side, stateless, over the ledger's reading half and the peer ports."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from ray import serve
from starlette.types import ASGIApp

from serve_app import replica
from serve_app.config import Settings

logger = logging.getLogger("storyforge.studio")

TOLD_S = 0.8
"""Health has a second for each part."""


async def generation_runs() -> bool:
    """Whether the generation app has a running replica. Its absence degrades the product, nothing more."""
    details = await serve_status()
    app = details.applications.get("generation")
    return app is not None and all(d.status == "HEALTHY" for d in app.deployments.values())


async def generation_told() -> dict[str, Any]:
    """What one replica of the generation app says of itself; nothing where it does not answer within `TOLD_S`."""
    try:
        async with asyncio.timeout(TOLD_S):
            handle = await asyncio.to_thread(serve.get_app_handle, "generation")
            told: dict[str, Any] = await handle.told.remote()
            return told
    except Exception:
        logger.debug("generation does not say how it is", exc_info=True)
        return {}


async def serve_status() -> Any:
    """Serve's own view; the call blocks, so it runs in a thread."""
    return await asyncio.to_thread(serve.status)


@serve.deployment
@serve.ingress()
class Studio:
    """Any number of these may run; none owns anything."""

    def __init__(self, args: dict[str, Any]) -> None:
        settings = Settings.from_args(args, os.environ)
        replica.prepare(document_bytes_max=settings.document_bytes_max)
        # Imported here: whoever builds or inspects the application need not load what only a replica runs.
        from serve_app.studio import StudioCore

        self._core = StudioCore(settings, generation_runs, generation_told)

    def __serve_build_asgi_app__(self) -> ASGIApp:
        app: ASGIApp = self._core.app
        return app

    async def check_health(self) -> None:
        """Stateless: if this code runs, it is well. The ledger's state is `/healthz`'s business."""
