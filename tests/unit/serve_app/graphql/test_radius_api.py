"""Blast radius and repair through the partner API, against the real owner."""

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

FIRST = "INT. KITCHEN - NIGHT\n\nMARA waits.\n\nMARA\nStill here.\n"
PLAY = f"{FIRST}\nINT. CORRIDOR - CONTINUOUS\n\nTOM walks on.\n\nTOM\nGone.\n\nEXT. STREET - DAY\n\nTOM runs.\n"
RADIUS = """query($p: ID!, $c: BlastChange) { blastRadius(projectId: $p, change: $c) {
  takes panels workS costs { amount unit } scenes { sceneId reasons already panels cost unit takeId } } }"""
REPAIR = """mutation($i: RepairStaleInput!) { repairStale(input: $i) {
  repair { id done failed held jobs { id sceneId } } notRepaired { sceneId code } userErrors { code } } }"""


async def filmed(api: Api, host: StoryHostCore) -> tuple[str, list[str]]:
    """A project of three scenes with a film each."""
    made = await api.act(
        'importScreenplay(input: {title: "Ferry", format: FOUNTAIN, text: $t, idempotencyKey: $key})',
        "project { id scenes { id } }",
        **{"t: String!": PLAY},
    )
    scenes = [each["id"] for each in made["project"]["scenes"]]
    call = "generateScene(input: {sceneId: $s, autoPick: true, idempotencyKey: $key})"
    for scene in scenes:
        await api.act(call, "job { id }", **{"s: ID!": scene})
    worker = SmallWorker(host.ledger)  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        while len(done := [each for each in worker.done if each.step == Step.OBSERVE]) < len(scenes):
            attempt = await worker.once()
            if attempt is not None:
                await host.runtime.attempt_changed(attempt.home, attempt.id)
            await asyncio.sleep(0.002)
        while await host.ledger.count_views("take", home=done[0].home) < len(scenes):  # noqa: ASYNC110 - a fact of rows
            await asyncio.sleep(0.005)
    return made["project"]["id"], scenes


async def test_g333_a_change_is_weighed_and_repaired_as_one_order(tmp_path: Path) -> None:
    """G-333, G-334: takes, frames and cost of what a change makes stale; then those films, as one order that a retry
    does not order twice, and what cannot be filmed is told by its code. C-179: found without its key, called off."""
    async with served(tmp_path) as (api, host):
        project, scenes = await filmed(api, host)

        async def radius(change: dict[str, Any] | None) -> dict[str, Any]:
            told: dict[str, Any] = (await api.ask(RADIUS, p=project, c=change))["blastRadius"]
            return told

        seen = await radius({"sceneId": scenes[0], "text": FIRST.replace("NIGHT", "DAWN") + "\n"})
        assert [(each["sceneId"], each["reasons"]) for each in seen["scenes"]][1] == (scenes[1], ["its hour"])
        assert [each["sceneId"] for each in seen["scenes"]] == scenes[:2]
        assert (seen["takes"], seen["panels"]) == (2, sum(each["panels"] for each in seen["scenes"]))
        assert seen["panels"] > 0
        assert sum(cost["amount"] for cost in seen["costs"]) == sum(each["cost"] or 0 for each in seen["scenes"])
        brain = await radius({"brain": "pixar"})
        assert [each["reasons"] for each in brain["scenes"]] == [["its brain"]] * 3

        fact = {"sceneId": scenes[1], "entity": "Tom", "attribute": "hurt", "value": "left hand"}
        thought = await radius({"fact": fact})
        assert [(each["sceneId"], each["reasons"]) for each in thought["scenes"]] == [(scenes[2], ["what came before"])]
        assert (await radius({"format": "five-act"}))["takes"] > 0
        with pytest.raises(AssertionError, match="BAD_FACT"):
            await radius({"fact": {**fact, "attribute": "rich"}})

        order = {"projectId": project, "sceneIds": [*scenes[:2], "scn_nobody"], "idempotencyKey": "repair"}
        first, again = [(await api.ask(REPAIR, i=order))["repairStale"] for _ in range(2)]
        assert [each["sceneId"] for each in first["notRepaired"]] == ["scn_nobody"]
        assert {each["sceneId"] for each in first["repair"]["jobs"]} == set(scenes[:2])
        assert {each["id"] for each in again["repair"]["jobs"]} == {each["id"] for each in first["repair"]["jobs"]}
        found = await api.ask(
            "query($p: ID!, $r: ID!) { repair(projectId: $p, id: $r) { done jobs { id } } }",
            p=project,
            r=first["repair"]["id"],
        )
        assert (len(found["repair"]["jobs"]), found["repair"]["done"]) == (2, 0)
        told = "id done waiting cancelled over notRepaired { sceneId code }"
        newest = await api.ask(f"query($p: ID!) {{ repairs(projectId: $p) {{ {told} }} }}", p=project)
        assert newest["repairs"] == [
            {"id": first["repair"]["id"], "done": 0, "waiting": 0, "cancelled": False, "over": False, "notRepaired": []}
        ]
        off = {"projectId": project, "repairId": first["repair"]["id"], "idempotencyKey": "off"}
        call = f"mutation($i: CancelRepairInput!) {{ cancelRepair(input: $i) {{ repair {{ {told} failed }} }} }}"
        for _ in range(2):
            gone = (await api.ask(call, i=off))["cancelRepair"]["repair"]
            assert (gone["cancelled"], gone["over"], gone["failed"]) == (True, True, 2)
        late = (await api.ask(REPAIR, i={**order, "sceneIds": [], "idempotencyKey": "none"}))["repairStale"]
        assert [each["code"] for each in late["userErrors"]] == ["BAD_COUNT"]
