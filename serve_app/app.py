"""The wiring: three Serve applications, one page. `serve_config.yaml` names these builders.

collab      (/collab)   StoryHost ×N   actors and their WebSockets            -> serve_app/story_host.py
                        Worker         folds update bytes; gpu profile only   -> serve_app/deployments/folding.py
studio      (/)         Studio         editor files, GraphQL, media, sign-in  -> serve_app/deployments/studio.py
generation  (no route)  Generation     a worker that claims attempts          -> serve_app/worker.py
            gpu profile: VideoRenderer (GPU-pinned), MediaFinisher, Observer   -> serve_app/deployments/gpu.py

They meet in the ledger and at the peer ports, never in each other's memory: any of them may be deployed, scaled, killed
or missing alone. `args` are the settings of `serve_app/config.py`; every replica validates them at its start, and the
builders validate them once more here, so that a wrong config file fails the deploy with the field's name.
"""

from __future__ import annotations

import os
from typing import Any

from ray.serve import Application

from serve_app.config import Settings
from serve_app.deployments import folding, generation, gpu, host, prompt_enhancer, studio

# What @serve.deployment makes of the classes; class decorators are invisible to the type checker.
StoryHost: Any = host.StoryHost
Studio: Any = studio.Studio
Generation: Any = generation.Generation
Worker: Any = folding.Worker
VideoRenderer: Any = gpu.VideoRenderer
Observer: Any = gpu.Observer
PromptEnhancer: Any = prompt_enhancer.PromptEnhancer
MediaFinisher: Any = Generation.options(name="MediaFinisher")


def build_collab(args: dict[str, Any]) -> Application:
    settings = Settings.from_args(args, os.environ)
    # Serve's default of 5 ongoing requests would be five sockets.
    host = StoryHost.options(max_ongoing_requests=settings.sockets_max)
    # On one machine a process more costs 3 s of the start; there each host starts a helper when it needs one.
    return host.bind(args, Worker.bind()) if settings.profile == "gpu" else host.bind(args)


def build_studio(args: dict[str, Any]) -> Application:
    settings = Settings.from_args(args, os.environ)
    return Studio.options(max_ongoing_requests=settings.sockets_max).bind(args)


def build_generation(args: dict[str, Any]) -> Application:
    settings = Settings.from_args(args, os.environ)
    writers = _writers(settings, args)
    if settings.profile == "embedded":
        return Generation.bind(args, *writers)
    # One Serve application has one root; the others hang on it and are never called: they meet on attempt rows.
    others = [Observer.bind(args), *([VideoRenderer.bind(args)] if settings.models else [])]
    return MediaFinisher.bind(args, *others, *writers)


def _writers(settings: Settings, args: dict[str, Any]) -> list[Application]:
    if "vllm" not in settings.writers:
        return []
    return [PromptEnhancer.options(ray_actor_options=prompt_enhancer.actor_options(settings)).bind(args)]
