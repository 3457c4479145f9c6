"""What a job says of parts that were there already (K-89, K-90)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.commands import PickPanel
from gpu.steps import Step
from serve_app.graphql.scene_nodes import ReusedParts
from storage.ledger.protocol import Attempt
from tests.unit.actors.scene.test_generation import Scene, scene
from tests.unit.actors.scene.worker import answer_of

pytestmark = pytest.mark.unit

__all__ = ["scene"]

WORDS = {"level": "L3", "job": "job_words", "ms": 900, "micro": 1_500, "currency": "USD", "strange": ["more"]}


def with_old_words(attempt: Attempt, request: dict[str, Any]) -> dict[str, Any]:
    return {**answer_of(attempt, request), "reused": WORDS}


def with_old_frames(attempt: Attempt, request: dict[str, Any]) -> dict[str, Any]:
    panels = answer_of(attempt, request)["panels"]
    for panel in panels[:2]:
        panel["reused"] = {"level": "L3", "job": "job_frames", "ms": 50}
    return {"panels": panels}


async def test_a_partly_reused_board_says_so(scene: Scene) -> None:
    """K-89, K-90: the level, how much of it, whose, and what it saved; on the job, its panels and the take."""
    scene.worker.answers = {Step.ENHANCE: with_old_words, Step.STORYBOARD: with_old_frames}
    job = await scene.generate()
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
    seen = await scene.job(job)
    assert seen.components == {
        "level": "L3",
        "panels": 2,
        "of": 4,
        "prompt": True,
        "jobs": ["job_frames", "job_words"],
        "savedMs": 1_000,
        "savedUsd": 0.0015,
    }
    assert ["reused" in panel for panel in seen.panels] == [True, True, False, False]
    shown = ReusedParts.told(seen.components)
    assert shown is not None
    assert (shown.panels, shown.of, shown.saved_ms) == (2, 4, 1_000)
    await scene.it.ask(scene.home, PickPanel(scene.scene, job, seen.panels[2]["id"]))
    await scene.steps(Step.CACHE, Step.VIDEO, Step.OBSERVE)
    (take,) = await scene.takes()
    assert json.loads(take.recipe)["lineage"]["components"] == seen.components


async def test_what_was_all_made_says_nothing(scene: Scene) -> None:
    """K-89: jobs, panels and takes of before are as they were."""
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
    assert (await scene.job(job)).components is None
    assert ReusedParts.told(None) is None
    (take,) = await scene.takes()
    assert "components" not in json.loads(take.recipe)["lineage"]
