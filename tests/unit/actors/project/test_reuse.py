"""A project's own bound on wrong answers of the semantic cache (K-78)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actors.commands import CommandError, CreateScene, SetCacheBound
from actors.project.reuse import BOUND_MAX, BOUND_MIN
from actors.views import ProjectView
from gpu.steps import Step
from storage.cache.asked import question_of
from storage.codec import decode
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit


async def asked(it: Story, home: str) -> dict[str, Any]:
    """What a new film of the project asks the cache."""
    scene = Scene(it, home, (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"])
    await scene.generate(auto_pick=True)
    await scene.step(Step.ENHANCE)
    attempt = await scene.worker.claim(Step.CACHE)
    assert attempt is not None
    found: dict[str, Any] = decode(attempt.request)["ask"]
    return found


def delta(ask: dict[str, Any]) -> float | None:
    return question_of(ask, "project", "stand-in", lambda texts: np.ones((len(texts), 4), np.float32) / 2).delta


async def test_k78_a_project_is_asked_for_with_its_own_bound() -> None:
    """K-78: the installation's at first; the project's from the next question on; the installation's again when the
    project wants none of its own."""
    async with story() as it:
        home = await it.create()
        assert delta(await asked(it, home)) is None
        await it.ask(home, SetCacheBound(200))
        assert delta(await asked(it, home)) == 0.02
        (row,) = await it.ledger.views("project", home=home)
        assert ProjectView.from_blob(row.body or b"").cache_bound == 200
        await it.ask(home, SetCacheBound(None))
        assert delta(await asked(it, home)) is None


async def test_k78_a_bound_outside_its_limits_is_refused() -> None:
    """K-78: with the limits in words; nothing is written."""
    async with story() as it:
        home = await it.create()
        head = await it.ledger.head(home)
        for bound in (BOUND_MIN - 1, BOUND_MAX + 1, -5):
            with pytest.raises(CommandError, match=str(BOUND_MAX)) as refused:
                await it.ask(home, SetCacheBound(bound))
            assert (refused.value.code, refused.value.path) == ("BAD_BOUND", ("input", "per10000"))
        assert await it.ledger.head(home) == head
