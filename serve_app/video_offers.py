"""The video backends an installation is configured for, as its owners see them: who may render, at what price.

Invariant: what is offered here has a worker somewhere that offers the same kind; one that is only configured waits in
the queue. One list for every host, from settings alone: no host asks a worker.
"""

from __future__ import annotations

from gpu.video.capabilities import ANIMATIC, Capabilities
from gpu.video.router import Policy, Router
from serve_app.config import Settings, SettingsError
from serve_app.vendor_endpoints import endpoints_of

REMOTE = {
    offer.name: offer
    for offer in (
        Capabilities("veo", "remote", model="veo", image_to_video=True, quality=85, cancel=False),
        Capabilities("svd", "remote", model="svd", text_to_video=False, image_to_video=True, quality=50, cancel=False),
        Capabilities("animatediff", "remote", model="animatediff", quality=45, cancel=False),
        Capabilities("stub", "remote", model="stub", quality=0, degraded=True, cancel=False),
    )
}
"""What workers on the lists are known to render, by its name there; whose they are, nobody knows."""


def offers_of(settings: Settings) -> tuple[Capabilities, ...]:
    """Raises `SettingsError`."""
    rendered_here = settings.video_backends if settings.profile == "gpu" else (ANIMATIC,)
    remote = [word.strip() for word in settings.remote_backends.split(",")]
    found = (
        *rendered_here,
        *(endpoint.capabilities for endpoint in endpoints_of(settings)),
        *(offer for name, offer in REMOTE.items() if name in remote),
    )
    names = [offer.name for offer in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError("video_endpoints", f"two backends are named {twice[0]!r}", "give each a name of its own")
    return found


def router_of(settings: Settings) -> Router:
    """Raises `SettingsError`."""
    policy = Policy(cost_max=settings.video_cents_max / 100, moderated_elsewhere=bool(settings.moderated_elsewhere))
    return Router(offers_of(settings), policy)
