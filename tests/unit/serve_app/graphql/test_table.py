"""The table read over the partner API against the real owner and SQLite: peer port, no Ray."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.serve_app.graphql import test_access, test_story
from tests.unit.serve_app.graphql.test_access import codes
from tests.unit.serve_app.graphql.test_story import Pier

pytestmark = pytest.mark.unit

shared, pier = test_access.shared, test_story.pier
SHOWN = """id as state writer insteadOf shownAs answerBy touched { word kind about }
  proposals { id role name kind words fountain sure confidence knows writer contradicts state
    because { sceneId start end text } findings { severity } } steps { name ms }"""
SAY = f"""mutation($i: SayLineInput!) {{ it: sayLine(input: $i) {{ line {{ {SHOWN} }} sequence
  userErrors {{ path code }} }} }}"""
READ = f"query($s: ID!) {{ tableRead(sceneId: $s) {{ answerSecondsMax lines {{ {SHOWN} }} }} }}"
ENTRY = """query($s: ID!) { tableRead(sceneId: $s) { entry { steps { name ms } totalMs whole setting soFar
  frames { role name pieces { about who words now quote { text } } bonds { to } remembers { heading } }
  triggers { word kind roles } } } }"""
ACCEPT = """mutation($i: AcceptLineInput!) { it: acceptLine(input: $i) { line { proposals { id state } }
  userErrors { path code } } }"""
DECLINE = ACCEPT.replace("acceptLine", "declineLine").replace("AcceptLineInput", "DeclineLineInput")


async def answered(pier: Pier, line: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            for found in (await pier.ask(READ, s=pier.scenes[0]))["tableRead"]["lines"]:
                if found["id"] == line and found["state"] != "ANSWERING":
                    return dict(found)
            await asyncio.sleep(0.02)


async def test_c138_partners_talk_to_a_scene_and_take_what_it_answers(pier: Pier) -> None:
    """C-138: what is answered to a mutation is committed; proposals come later, each with what it rests on."""
    scene = pier.scenes[0]
    said = {"sceneId": scene, "text": "Who is here?", "idempotencyKey": "a", "displayName": "Ida"}
    first = (await pier.ask(SAY, i=said))["it"]
    assert (first["userErrors"], first["line"]["state"], first["line"]["shownAs"]) == ([], "ANSWERING", "Ida")
    again = (await pier.ask(SAY, i=said))["it"]
    assert (again["sequence"], again["line"]["id"]) == (first["sequence"], first["line"]["id"])
    line = await answered(pier, first["line"]["id"])
    (proposal,) = line["proposals"]
    assert (proposal["role"], proposal["kind"], proposal["writer"]) == ("", "action", "grammar")
    assert (proposal["sure"], proposal["knows"], proposal["contradicts"]) == ("sure", True, False)
    script = (await pier.ask("query($s: ID!) { scene(id: $s) { script } }", s=scene))["scene"]["script"]
    for quote in proposal["because"]:
        assert " ".join(script[quote["start"] : quote["end"]].split()) == quote["text"]
    take = {"sceneId": scene, "proposalId": proposal["id"], "idempotencyKey": "b"}
    taken = (await pier.ask(ACCEPT, i=take))["it"]
    assert taken["line"]["proposals"] == [{"id": proposal["id"], "state": "ACCEPTED"}]
    late = (await pier.ask(DECLINE, i={**take, "idempotencyKey": "c"}))["it"]
    assert late["userErrors"] == [{"path": ["input", "proposalId"], "code": "ALREADY_DECIDED"}]
    refused = (await pier.ask(SAY, i={**said, "as": "Zed", "idempotencyKey": "d"}))["it"]
    assert refused["userErrors"] == [{"path": ["input", "as"], "code": "NO_SUCH_ROLE"}]


async def test_c138_what_roles_know_and_what_entering_took_is_a_query(pier: Pier) -> None:
    """C-132, C-138: frames with quotations, six steps; nothing is committed for it."""
    async with asyncio.timeout(10):
        while True:
            answer = await pier.shared.post(ENTRY, s=pier.scenes[1])
            if "errors" not in answer and answer["data"]["tableRead"]["entry"]["whole"]:
                break
            assert codes(answer) <= {"BUSY"}
            await asyncio.sleep(0.02)
    entry = answer["data"]["tableRead"]["entry"]
    assert [step["name"] for step in entry["steps"]] == [
        "definition", "entities", "graph", "frames", "triggers", "narrator",
    ]  # fmt: skip
    assert entry["totalMs"] < 370
    roles = {frame["role"]: frame for frame in entry["frames"]}
    assert {"", "ben", "carl"} <= roles.keys()
    assert all(piece["quote"]["text"] for frame in roles.values() for piece in frame["pieces"])
    gone = await pier.shared.post(ENTRY, s="scn_aaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert codes(gone) == {"NOT_FOUND"}
