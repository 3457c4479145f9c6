"""What is known of a story, fact by fact, over the partner API (C-161, C-162)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.serve_app.graphql import test_access
from tests.unit.serve_app.graphql.test_access import Shared

pytestmark = pytest.mark.unit

shared = test_access.shared
BARN = "INT. BARN - DAY\n\nRuth, in a red coat, picks up the map.\n\nRUTH\nCome.\n\nCALEB\nYes.\n"
ROAD = "EXT. ROAD - LATER\n\nRuth hands the map to Caleb.\n\nCALEB\nHeavy.\n"
NODE = (
    "entity name attribute value confidence layer reader author setFactId evidence { sceneId start end text }"
    " validFrom { sceneId at } validTo { sceneId at }"
)
FACTS = (
    "query($p: ID!, $s: ID, $e: String, $a: String, $l: FactLayer, $b: StoryBeatInput, $n: Int, $c: String) {"
    " facts(projectId: $p, sceneId: $s, entity: $e, attribute: $a, layer: $l, atBeat: $b, first: $n, after: $c) {"
    f" totalCount pageInfo {{ hasNextPage hasPreviousPage endCursor }} edges {{ cursor node {{ {NODE} }} }} }} }}"
)


async def brought(shared: Shared) -> tuple[str, str, str]:
    query = """mutation($t: String!) { it: importScreenplay(input: {title: "Barn", text: $t, format: FOUNTAIN,
               idempotencyKey: "barn"}) { project { id scenes { id } } } }"""
    made = (await shared.post(query, t=f"{BARN}\n{ROAD}"))["data"]["it"]["project"]
    barn, road = (scene["id"] for scene in made["scenes"])
    return made["id"], barn, road


async def asked(shared: Shared, **variables: Any) -> dict[str, Any]:
    answer = await shared.post(FACTS, **variables)
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["facts"]
    return found


def nodes(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in found["edges"]]


async def test_c161_facts_are_read_with_their_words_and_beats(shared: Shared) -> None:
    """C-161: the span as it stands, from and to, how sure, the layer, who read or set it; by scene, name, attribute,
    layer and moment."""
    home, barn, road = await brought(shared)
    first, second = nodes(await asked(shared, p=home, a="holds"))
    assert (first["entity"], first["name"], first["value"], first["reader"]) == ("ruth", "RUTH", "map", "RULES")
    said = first["evidence"]
    script = (await shared.post("query($s: ID!) { scene(id: $s) { script } }", s=barn))["data"]["scene"]["script"]
    assert (said["sceneId"], script[said["start"] : said["end"]]) == (barn, said["text"])
    assert (first["validFrom"]["sceneId"], first["validTo"]["sceneId"]) == (barn, road)
    assert (first["layer"], first["author"], 0 < first["confidence"] < 1) == ("TOLD", None, True)
    assert (second["entity"], second["validTo"]) == ("caleb", None)
    for at, who in ((0, "ruth"), (len(ROAD), "caleb")):
        held = nodes(await asked(shared, p=home, a="holds", b={"sceneId": road, "at": at}))
        assert [each["entity"] for each in held] == [who]
    assert nodes(await asked(shared, p=home, a="holds", b={"sceneId": barn, "at": 0})) == []
    ruth = nodes(await asked(shared, p=home, s=barn, e="Ruth"))
    assert {"present", "speaks", "holds", "wears"} <= {each["attribute"] for each in ruth}
    assert {each["entity"] for each in ruth} == {"ruth"}
    (hour,) = nodes(await asked(shared, p=home, s=road, e=road, a="setting"))
    assert (hour["name"], hour["value"], hour["validTo"]["sceneId"]) == ("", "exterior", road)
    assert (await asked(shared, p=home, l="SEEN"))["totalCount"] == 0


async def test_c161_a_fact_by_hand_is_shown_with_who_said_it(shared: Shared) -> None:
    """C-161: it wins over the read one from its words on, and names the fact to take back."""
    home, barn, _road = await brought(shared)
    made = await shared.post(
        'mutation($s: ID!) { setFact(input: {sceneId: $s, entity: "Caleb", attribute: "holds", value: "map",'
        ' quote: "Come.", displayName: "Ada", idempotencyKey: "f" }) { facts { id } } }',
        s=barn,
    )
    (one,) = made["data"]["setFact"]["facts"]
    held = [each for each in nodes(await asked(shared, p=home, a="holds")) if each["reader"] == "PERSON"]
    assert [(e["entity"], e["author"], e["setFactId"], e["evidence"]["text"]) for e in held] == [
        ("caleb", "Ada", one["id"], "Come.")
    ]


async def test_c162_pages_follow_one_another_and_bounds_are_said(shared: Shared) -> None:
    """C-162: every fact once in the order of the story, page by page; a bad cursor, page, scene or project is refused
    in a code."""
    home, barn, _road = await brought(shared)
    whole = await asked(shared, p=home, n=200)
    assert whole["totalCount"] == len(whole["edges"]) > 10
    seen: list[dict[str, Any]] = []
    page = await asked(shared, p=home, n=7)
    while True:
        assert page["pageInfo"]["hasPreviousPage"] is bool(seen)
        seen += nodes(page)
        if not page["pageInfo"]["hasNextPage"]:
            break
        page = await asked(shared, p=home, n=7, c=page["pageInfo"]["endCursor"])
    assert seen == nodes(whole)
    bad: tuple[tuple[dict[str, Any], str], ...] = (
        ({"c": "nonsense"}, "BAD_CURSOR"),
        ({"c": "W1tbW1tbMV1dXV1dXQ"}, "BAD_CURSOR"),
        ({"n": 201}, "BAD_PAGE"),
        ({"s": "scn_none"}, "NOT_FOUND"),
        ({"b": {"sceneId": "scn_none"}}, "NOT_FOUND"),
        ({"p": "prj_none"}, "NOT_FOUND"),
    )
    for variables, code in bad:
        answer = await shared.post(FACTS, **({"p": home} | variables))
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code], variables
    assert barn in {node["entity"] for node in seen}
