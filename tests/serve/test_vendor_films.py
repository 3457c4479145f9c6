"""Films by vendors on the deployed stack: two endpoints on loopback, one without credit; their worker is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from gpu.steps import Step
from tests.conftest import Stack, start_stack, stop_stack, wait_until
from tests.serve.replicas import in_ledger
from tests.vendor import KEY, Vendor, serving

pytestmark = [pytest.mark.serve, pytest.mark.proof]

WORDS = "INT. KITCHEN - NIGHT\n\nEDWARD stirs a pot.\n"
TAKES = """query($id: ID!) { scene(id: $id) {
  takes { backend degraded durationS degradations { wanted used code why } } jobs { state error { code } } } }"""


def rendering_pid(stack: Stack, home: str) -> int:
    """The process that has the film in hand: workers of the generation deployment are named after theirs."""
    rows = asyncio.run(in_ledger(stack, lambda ledger: ledger.attempts(home, open_only=True)))
    (worker,) = [row.worker for row in rows if row.step == Step.VIDEO and row.worker]
    return int(worker.split("-")[1])


def test_g274_a_vendor_without_credit_then_one_that_renders(tmp_path: Path) -> None:
    """G-274, G-268: the first has no credit, the second renders; its worker is killed while it waits, and the vendor is
    asked once."""
    poor, rich = Vendor(creates=["quota"] * 99), Vendor(after=8)
    with serving(poor), serving(rich):
        rows = [
            {"name": name, "url": vendor.url, "model": "m", "seconds": [4, 12], "poll_s": 0.2, "quality": quality}
            for name, vendor, quality in (("poor", poor, 90), ("rich", rich, 80))
        ]
        settings = {"video_endpoints": json.dumps(rows), "video_keys": f"poor={KEY},rich={KEY}"}
        stack = start_stack(tmp_path / "data", settings=settings)
        try:
            home = stack.mutate("createProject", "project { id }", title="T", type="SHORT")["project"]["id"]
            scene = stack.mutate(
                "createScene", "scene { id }", projectId=home, heading="INT. KITCHEN - NIGHT", script=WORDS
            )["scene"]["id"]
            stack.mutate("generateScene", "job { id }", sceneId=scene, autoPick=True, seed="7")
            wait_until(lambda: rich.seen, 60, "the second vendor is looked at")
            os.kill(rendering_pid(stack, home), signal.SIGKILL)

            def takes() -> list[dict[str, object]]:
                seen = stack.graphql(TAKES, id=scene)["scene"]
                assert seen["jobs"][0]["state"] != "FAILED", seen
                found: list[dict[str, object]] = seen["takes"]
                return found

            (take,) = wait_until(takes, 120, "the film is there")
            assert (take["backend"], take["degraded"]) == ("rich", True)
            (why,) = take["degradations"]  # type: ignore[misc]
            assert (why["wanted"], why["used"], why["code"]) == ("poor", "rich", "QUOTA")
            assert (len(rich.accepted), rich.posts, poor.posts) == (1, 1, 1)
        finally:
            stop_stack(stack)
