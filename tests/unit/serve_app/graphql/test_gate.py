"""The gate through the partner API, against the real owner: what holds a job is read, decided, and decided once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gpu.steps import Step
from serve_app.story_host import StoryHostCore
from tests.unit.actors.scene.worker import SmallWorker
from tests.unit.serve_app.graphql.test_real_owner import Api, served

pytestmark = pytest.mark.unit

PLAY = (
    "INT. KITCHEN - NIGHT\n\nMARA waits.\n\nMARA\nStill here.\n\n"
    "INT. CORRIDOR - DAY - CONTINUOUS\n\nMARA walks on.\n\nMARA\nStill here.\n"
)
GATE = """query($id: ID!) { job(id: $id) { state held continuity { valid how correctedScript held { reason fixed }
  issues { id type severity description location suggestion waived reasons evidence { sceneId start end text } }
  corrections { findingId start end before after made } } } }"""


async def held(api: Api, host: StoryHostCore) -> tuple[str, dict[str, Any]]:
    """A job that waits, and what is told of it."""
    made = await api.act(
        'importScreenplay(input: {title: "Ferry", format: FOUNTAIN, text: $t, idempotencyKey: $key})',
        "project { id scenes { id } }",
        **{"t: String!": PLAY},
    )
    scene = made["project"]["scenes"][1]["id"]
    asked = await api.act(
        "generateScene(input: {sceneId: $s, autoPick: true, idempotencyKey: $key})", "job { id }", **{"s: ID!": scene}
    )
    job = asked["job"]["id"]
    attempt = await SmallWorker(host.ledger).once(Step.ENHANCE)  # type: ignore[arg-type]
    assert attempt is not None
    await host.runtime.attempt_changed(attempt.home, attempt.id)
    async with asyncio.timeout(10):
        while not (told := (await api.ask(GATE, id=job))["job"])["held"]:  # noqa: ASYNC110 - a fact of rows
            await asyncio.sleep(0.01)
    return job, told


async def test_c100_a_held_job_is_read_and_decided(tmp_path: Path) -> None:
    """C-100 C-104 C-107: the validator's shape by the API; a waiver lets the job go on and is in the margin as well;
    whoever decides then is told that it is decided."""
    async with served(tmp_path) as (api, host):
        job, told = await held(api, host)
        gate = told["continuity"]
        (issue,) = [each for each in gate["issues"] if each["severity"] == "ERROR"]
        assert (told["state"], gate["valid"], gate["held"]["fixed"]) == ("SCRIPT_READY", False, False)
        assert (issue["type"], issue["location"]) == ("timeline_error", "line 1: DAY")
        assert gate["correctedScript"].startswith("INT. CORRIDOR - NIGHT - CONTINUOUS")
        (change,) = gate["corrections"]
        assert (change["before"], change["after"], change["made"]) == ("DAY", "NIGHT", False)
        shown = "job { held continuity { how valid issues { id waived } } sceneId }"
        said = await api.act(
            'waive(input: {jobId: $j, findingId: $f, reason: DREAM, note: "asleep", idempotencyKey: $key})',
            shown,
            **{"j: ID!": job, "f: ID!": issue["id"]},
        )
        assert (said["userErrors"], said["job"]["held"]) == ([], None)
        assert (said["job"]["continuity"]["how"], said["job"]["continuity"]["valid"]) == ("waived", True)
        seen = await api.ask(
            "query($id: ID!) { scene(id: $id) { findings { id waived waiver { reason note } } } }",
            id=said["job"]["sceneId"],
        )
        assert {"reason": "DREAM", "note": "asleep"} in [each["waiver"] for each in seen["scene"]["findings"]]
        late = [
            await api.act(f"{call}(input: {{jobId: $j, idempotencyKey: $key}})", "job { id }", **{"j: ID!": job})
            for call in ("proceedAnyway", "useCorrection")
        ]
        assert [each["userErrors"][0]["code"] for each in late] == ["ALREADY_DECIDED", "ALREADY_DECIDED"]
