"""A scene continued on the running stack: real owner, real worker, real film, with a brain of the project's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Stack, wait_until

pytestmark = pytest.mark.serve
WORDS = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n"
JOB = """query($id: ID!) { job(id: $id) { state error { code message } segmentId updatedBibleVersion brainSha256
  take { recipe playlistUrl durationS } } }"""
SCENE = "query($id: ID!) { scene(id: $id) { script bibleVersion segments { id index durationS take { id } } } }"


def test_g207_a_continuation_becomes_a_film_and_a_segment(stack: Stack) -> None:
    """G-207 G-200 Q-92: the worker makes it with the brain in its request; words, film and version come together."""
    project = stack.mutate("createProject", "project { id }", title="Soup", type="SHORT")["project"]["id"]
    shipped = stack.graphql("{ brains { id definition } }")["brains"][0]["definition"]
    asked = {**json.loads(shipped), "id": "soup", "name": "Soup", "prompt": {"style": "steam", "negative": "cold"}}
    define = (
        """mutation($i: DefineInput!) { defineBrain(input: $i) { brain { version sha256 } userErrors { message } } }"""
    )
    given = {"projectId": project, "definition": json.dumps(asked), "idempotencyKey": stack.key()}
    made = stack.graphql(define, i=given)["defineBrain"]
    assert made["userErrors"] == []
    scene = stack.mutate(
        "createScene", "scene { id }", projectId=project, heading="INT. KITCHEN - NIGHT", script=WORDS
    )["scene"]["id"]
    job = stack.mutate(
        "continueScene", "job { id state }", sceneId=scene, text="EDWARD sits.", expectedBibleVersion=0,
        targetDurationS=2.0, stylePreset="soup",
    )["job"]["id"]  # fmt: skip

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = stack.graphql(JOB, id=job)["job"]
        return found if found["state"] in ("FINAL_READY", "FAILED") else None

    done = wait_until(over, 60, "the continuation is made")
    assert done["state"] == "FINAL_READY", done["error"]
    assert done["updatedBibleVersion"] == 1
    assert done["brainSha256"] == made["brain"]["sha256"]
    recipe = json.loads(done["take"]["recipe"])
    assert (recipe["brain"], recipe["brainVersion"], recipe["brainSha256"]) == ("soup", "1", done["brainSha256"])
    assert "Style: steam." in recipe["enhanced"]["prompt"]
    assert 1.0 <= done["take"]["durationS"] <= 4.0
    assert stack.request(done["take"]["playlistUrl"])[0] == 200
    shown = stack.graphql(SCENE, id=scene)["scene"]
    assert shown["script"] == f"{WORDS}\nEDWARD sits.\n"
    assert [each["id"] for each in shown["segments"]] == [done["segmentId"]]
