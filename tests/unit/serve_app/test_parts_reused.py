"""A board asked for again with its seed, over the real owner and worker: not drawn twice, and it says so (K-89)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gpu.steps import Step
from serve_app.config import Settings
from serve_app.owner_bell import OwnerBell
from serve_app.steps.embedded import embedded_runs
from serve_app.steps.writers import writer_chain
from serve_app.stores import open_bus, open_cache, open_catalogue, open_ledger, open_objects
from serve_app.worker import Lane, Worker
from tests.unit.serve_app.graphql.test_real_owner import CREATE, Api, served

pytestmark = pytest.mark.unit

SCRIPT = "EXT. PIER - DAWN\n\nGulls over the water.\n\nADA\nListen.\n"
SHOWN = """{ job(id: "%s") { state panels { imageUrl shot candidate reusedFrom }
                             reusedParts { level panels of prompt savedMs savedUsd } } }"""


@contextlib.asynccontextmanager
async def working(folder: Path) -> AsyncIterator[None]:
    settings = Settings.from_args({"data_dir": str(folder)}, {})
    ledger, bus = open_ledger(settings), open_bus(settings)
    await ledger.open()
    await bus.open()
    chain, cache, catalogue = writer_chain(settings, ledger), open_cache(settings), open_catalogue(settings)
    runs = embedded_runs(open_objects(settings), cache, chain, catalogue=catalogue)
    lane = Lane("quick", (Step.ENHANCE, Step.CACHE, Step.STORYBOARD))
    worker = Worker("w-parts", ledger, runs, (lane,), OwnerBell(bus), bus)
    worker.start()
    try:
        yield
    finally:
        await worker.stop()
        for each in (chain, cache, catalogue, bus, ledger):
            await each.close()


async def board(api: Api, scene: str, seed: str) -> dict[str, Any]:
    """Its job, once people can pick."""
    call = "generateScene(input: {sceneId: $s, seed: $n, candidates: 1, idempotencyKey: $key})"
    asked = await api.act(call, "job { id }", **{"s: ID!": scene, "n: String": seed})
    assert asked["userErrors"] == []
    async with asyncio.timeout(30):
        while True:
            job = (await api.ask(SHOWN % asked["job"]["id"]))["job"]
            if job["state"] == "PREVIEW_READY":
                return {**job, "id": asked["job"]["id"]}
            await asyncio.sleep(0.05)  # the owner looks at rows of nobody's bell by itself


async def test_a_board_asked_for_again_with_its_seed_is_not_drawn_again(tmp_path: Path) -> None:
    """K-89: the same pictures, said to be an earlier job's; another seed is another board."""
    async with served(tmp_path) as (api, _), working(tmp_path):
        project = (await api.act(CREATE, "project { id }"))["project"]["id"]
        call = "createScene(input: {projectId: $p, heading: $h, script: $t, idempotencyKey: $key})"
        given = {"p: ID!": project, "h: String!": "EXT. PIER - DAWN", "t: String": SCRIPT}
        scene = (await api.act(call, "scene { id }", **given))["scene"]["id"]
        first = await board(api, scene, "42")
        assert first["reusedParts"] is None
        again = await board(api, scene, "42")
        frames = len(first["panels"])
        assert frames >= 2
        told = again["reusedParts"]
        assert (told["level"], told["panels"], told["of"], told["prompt"]) == ("L3", frames, frames, False)
        assert told["savedMs"] > 0
        assert {panel["reusedFrom"] for panel in again["panels"]} == {first["id"]}
        pictures = [[panel["imageUrl"].partition("?")[0] for panel in job["panels"]] for job in (first, again)]
        assert pictures[0] == pictures[1]
        assert (await board(api, scene, "43"))["reusedParts"] is None
