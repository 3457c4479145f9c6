"""Deploys PromptEnhancer on a Ray of its own until no attempt waits: `python vllm_story.py WAIT_S name=value …`."""

from __future__ import annotations

import asyncio
import sys
import time

import ray
from ray import serve

from serve_app.app import PromptEnhancer
from serve_app.config import Settings
from serve_app.deployments.prompt_enhancer import actor_options
from serve_app.stores import open_ledger


async def written(settings: Settings) -> float:
    """Seconds from the first claim until all rows are final."""
    ledger = open_ledger(settings)
    await ledger.open()
    began = 0.0
    while rows := await ledger.attempts("prj_models", open_only=True):
        if not began and any(row.worker for row in rows):
            began = time.monotonic()
        await asyncio.sleep(0.2)
    await ledger.close()
    return time.monotonic() - began


def main() -> None:
    wait_s, args = float(sys.argv[1]), dict(word.split("=", 1) for word in sys.argv[2:])
    settings = Settings.from_args(args, {})
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        app = PromptEnhancer.options(ray_actor_options=actor_options(settings)).bind(args)
        began = time.monotonic()
        serve.run(app, name="enhancer", route_prefix=None)
        print(f"up in {time.monotonic() - began:.1f} s", flush=True)
        took = asyncio.run(asyncio.wait_for(written(settings), wait_s))
        print(f"written in {took:.1f} s", flush=True)
    finally:
        serve.shutdown()
        ray.shutdown()


if __name__ == "__main__":
    main()
