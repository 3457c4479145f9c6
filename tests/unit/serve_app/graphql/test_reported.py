"""What observers report of films, and what a scene carries from the film before, by GraphQL against the real owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from serve_app.story_host import StoryHostCore
from storage.codec import decode, encode
from storage.ledger.protocol import AttemptState
from tests.unit.actors.scene.worker import answer_of
from tests.unit.serve_app.graphql.test_real_owner import Api, served

pytestmark = pytest.mark.unit

TEXT = (
    "EXT. PIER - NIGHT\n\nRain falls. MARA puts on a red coat.\n\nMARA\nCome.\n\n"
    "EXT. PIER - CONTINUOUS\n\nMARA waits.\n\nMARA\nNow.\n"
)
REPORT = "reportSeen(input: {takeId: $t, observer: $o, facts: $f, idempotencyKey: $key})"
SHOWN = "take { shows { entity attribute value confidence fromS toS observer observationId } } observationId"
SHEET = {"key": "videos/x/sheet.jpg", "sha256": "a" * 64, "bytes": 1, "light": "dim, warm light; brown"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[Api, StoryHostCore]]:
    async with served(tmp_path) as found:
        yield found


async def filmed(api: Api, host: StoryHostCore) -> tuple[str, list[str], str]:
    """A project, its scenes, and the take of the first."""
    call = 'importScreenplay(input: {title: "Pier", text: $x, format: FOUNTAIN, idempotencyKey: $key})'
    made = (await api.act(call, "project { id scenes { id } }", **{"x: String!": TEXT}))["project"]
    scenes = [each["id"] for each in made["scenes"]]
    await api.act(
        "generateScene(input: {sceneId: $s, autoPick: true, idempotencyKey: $key})",
        "job { id }",
        **{"s: ID!": scenes[0]},
    )
    steps = ["enhance", "cache", "storyboard", "video", "observe"]
    while attempt := await host.ledger.claim_attempt("w", steps, offers=("animatic",)):
        answer = answer_of(attempt, decode(attempt.request))
        if attempt.step == "observe":
            answer |= {"sheet": {**SHEET, "colours": ["#6b4a2b"]}, "measures": {"mean_luma": 90.0}}
        await host.ledger.finish_attempt(attempt.id, "w", AttemptState.DONE, result=encode(answer), error=None)
        await host.runtime.attempt_changed(attempt.home, attempt.id)
        home = host.runtime.owned(attempt.home)
        assert home is not None
        await home.activation(attempt.scene).idle()
    found = await api.ask("query($s: ID!) { scene(id: $s) { takes { id } } }", s=scenes[0])
    return made["id"], scenes, found["scene"]["takes"][0]["id"]


def fact(attribute: str, value: str, **more: Any) -> dict[str, Any]:
    return {"attribute": attribute, "value": value, "confidence": 0.9, **more}


async def until(api: Api, query: str, wanted: Any, **variables: Any) -> dict[str, Any]:
    """As soon as the answer is as wanted."""
    async with asyncio.timeout(30):
        while True:
            found = await api.ask(query, **variables)
            if wanted(found):
                return found
            await asyncio.sleep(0.02)


async def observations(host: StoryHostCore, project: str) -> set[str]:
    """That the graph has taken in."""
    rows = await host.ledger.read(project, limit=10_000)
    return {decode(row.body)["observation"] for row in rows if row.type == "graph.seen"}


async def test_c128_c129_a_partner_reports_what_a_film_shows(world: tuple[Api, StoryHostCore]) -> None:
    """C-128, C-129: committed once under its key; a finding with the take and its seconds, in the world with its
    observation and video, among the story's facts, and known to the graph."""
    api, host = world
    project, scenes, take = await filmed(api, host)
    facts = [fact("weather", "clear", fromS=1.0, toS=2.5), fact("wears", "red coat", entity="Mara")]
    given = {"t: ID!": take, "o: String!": "  some  vlm ", "f: [SeenFactInput!]!": facts}
    told = await api.act(REPORT, SHOWN, **given)
    assert told["userErrors"] == []
    shows = told["take"]["shows"]
    assert [(each["attribute"], each["fromS"], each["toS"]) for each in shows] == [
        ("weather", 1.0, 2.5),
        ("wears", 0.0, 4.0),
    ]
    assert {(each["observer"], each["observationId"]) for each in shows} == {("some vlm", told["observationId"])}
    query = """query($s: ID!) { scene(id: $s) { findings { id code evidence { text start end takeId fromS toS } } } }"""
    found = await until(api, query, lambda it: it["scene"]["findings"], s=scenes[0])
    (finding,) = found["scene"]["findings"]
    assert finding["code"] == "told_seen_conflict"
    words, film = finding["evidence"]
    assert (words["text"], words["takeId"]) == ("Rain", None)
    assert (film["takeId"], film["fromS"], film["toS"]) == (take, 1.0, 2.5)
    call = "waiveFinding(input: {sceneId: $s, findingId: $f, reason: INTENDED, idempotencyKey: $key})"
    waived = await api.act(call, "finding { waived }", **{"s: ID!": scenes[0], "f: ID!": finding["id"]})
    assert waived["finding"] == {"waived": True}
    await api.act("lockScene(sceneId: $s, idempotencyKey: $key)", "scene { id }", **{"s: ID!": scenes[0]})
    query = """query($s: ID!) { worldState(sceneId: $s) { weather
               seen { takeId video attribute value observation } } }"""
    world_now = await until(api, query, lambda it: it["worldState"] and len(it["worldState"]["seen"]) == 2, s=scenes[0])
    seen = world_now["worldState"]
    assert seen["weather"] == "rain"
    assert {(each["attribute"], each["value"]) for each in seen["seen"]} == {
        ("weather", "clear"),
        ("wears", "red coat"),
    }
    assert {(each["observation"], each["takeId"]) for each in seen["seen"]} == {(told["observationId"], take)}
    assert all(each["video"] for each in seen["seen"])
    home = host.runtime.owned(project)
    assert home is not None
    await home.activation("@graph").idle()
    assert told["observationId"] in await observations(host, project)
    log = await host.ledger.read(project, limit=10_000)
    assert [row.type for row in log].count("take.seen") == 1


async def test_c128_a_report_has_limits_and_is_said_once(world: tuple[Api, StoryHostCore]) -> None:
    """C-128: what is out of bounds is refused by its code; a retry is the same observation; the last word of one
    observer on one thing counts."""
    api, host = world
    _, _, take = await filmed(api, host)
    bad = (
        [],
        [fact("weather", "clear")] * 41,
        [fact("Weather!", "clear")],
        [fact("weather", "")],
        [fact("weather", "x" * 201)],
        [fact("weather", "clear", confidence=1.1)],
        [fact("weather", "clear", fromS=3.0, toS=1.0)],
        [fact("weather", "clear", fromS=0.0, toS=99.0)],
    )
    for facts in bad:
        told = await api.act(REPORT, SHOWN, **{"t: ID!": take, "o: String!": "vlm", "f: [SeenFactInput!]!": facts})
        assert [each["code"] for each in told["userErrors"]] == ["BAD_FACTS"], facts
    given = {"t: ID!": take, "f: [SeenFactInput!]!": [fact("weather", "clear")]}
    for observer in ("", "x" * 81):
        assert (await api.act(REPORT, SHOWN, **{**given, "o: String!": observer}))["userErrors"][0][
            "code"
        ] == "BAD_FACTS"
    missing = await api.act(REPORT, SHOWN, **{**given, "t: ID!": "tak_none", "o: String!": "vlm"})
    assert [each["code"] for each in missing["userErrors"]] == ["NOT_FOUND"]
    call = REPORT.replace("$key", '"once"').replace("$o", '"vlm"')
    query = f"mutation($t: ID!, $f: [SeenFactInput!]!) {{ it: {call} {{ {SHOWN} }} }}"
    first, again = [(await api.ask(query, t=take, f=[fact("weather", "clear")]))["it"] for _ in range(2)]
    assert first == again
    later = await api.act(
        REPORT, SHOWN, **{**given, "o: String!": "vlm", "f: [SeenFactInput!]!": [fact("weather", "rain")]}
    )
    assert [each["value"] for each in later["take"]["shows"]] == ["rain"]


async def test_c126_g337_what_a_scene_carries_from_the_film_before(world: tuple[Api, StoryHostCore]) -> None:
    """C-126, G-337: the sheet as a signed picture, in words and colours; left out by section, and taken back."""
    api, host = world
    _, (one, two), take = await filmed(api, host)
    shown = "carries { words section leftOut } shotBefore { sceneId takeId sheetUrl light colours leftOut }"
    found = (await api.ask(f"query($s: ID!) {{ scene(id: $s) {{ {shown} }} }}", s=two))["scene"]
    assert [(note["section"], note["leftOut"]) for note in found["carries"]] == [("clothes", False), ("shot", False)]
    before = found["shotBefore"]
    assert (before["sceneId"], before["takeId"], before["leftOut"]) == (one, take, False)
    assert (before["light"], before["colours"]) == (SHEET["light"], ["#6b4a2b"])
    assert "sheet.jpg" in before["sheetUrl"]
    assert (await api.ask(f"query($s: ID!) {{ scene(id: $s) {{ {shown} }} }}", s=one))["scene"]["shotBefore"] is None
    call = "leaveOut(input: {sceneId: $s, leftOut: $o, idempotencyKey: $key})"
    out = await api.act(call, shown, **{"s: ID!": two, "o: [String!]!": ["shot"]})
    assert out["userErrors"] == []
    assert out["shotBefore"]["leftOut"] is True
    assert [note["leftOut"] for note in out["carries"]] == [False, True]
    back = await api.act(call, shown, **{"s: ID!": two, "o: [String!]!": []})
    assert back["shotBefore"]["leftOut"] is False
    refused = await api.act(call, shown, **{"s: ID!": two, "o: [String!]!": ["x" * 41]})
    assert [each["code"] for each in refused["userErrors"]] == ["BAD_SECTIONS"]
