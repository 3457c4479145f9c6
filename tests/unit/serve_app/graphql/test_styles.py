"""Brains, formats and beats by GraphQL, against the real owner."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.serve_app.graphql.test_real_owner import CREATE, Api, served

pytestmark = pytest.mark.unit

DEFINE = "{0}(input: {{projectId: $p, definition: $d, idempotencyKey: $key}})"
SHOWN = "{ id name version own sha256 definition }"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with served(tmp_path) as (found, _):
        yield found


async def project(api: Api) -> str:
    return str((await api.act(CREATE, "project { id format }"))["project"]["id"])


async def scene(api: Api, home: str) -> str:
    call = "createScene(input: {projectId: $p, heading: $h, script: $s, idempotencyKey: $key})"
    words = "INT. KITCHEN - NIGHT\n\nEDWARD stirs a pot.\n"
    given = {"p: ID!": home, "h: String!": "INT. KITCHEN - NIGHT", "s: String": words}
    return str((await api.act(call, "scene { id }", **given))["scene"]["id"])


async def define(api: Api, kind: str, home: str, definition: str) -> dict[str, Any]:
    shown = f"{kind} {SHOWN}"
    call = DEFINE.format(f"define{kind.capitalize()}")
    return await api.act(call, shown, **{"p: ID!": home, "d: String!": definition})


async def test_q90_what_ships_is_listed_with_its_content(api: Api) -> None:
    """Q-90: five brains with the content jobs record; six formats with beats from 0 to 1."""
    found = await api.ask(f"{{ brains {SHOWN} formats {{ id name suits own beats {{ name start end pages }} }} }}")
    assert [b["id"] for b in found["brains"]] == ["horror", "k-drama", "nolan", "pixar", "thriller"]
    assert all(not b["own"] and len(b["sha256"]) == 64 for b in found["brains"])
    thriller = json.loads(found["brains"][-1]["definition"])
    assert thriller["parameters"]["shot_composition"]["close_up_ratio"] == 0.4
    assert len(found["formats"]) == 6
    for each in found["formats"]:
        assert each["beats"][0]["start"] == 0
        assert each["beats"][-1]["end"] == 1
    paged = next(each for each in found["formats"] if each["id"] == "fifteen-beat")
    assert paged["beats"][-1]["pages"] == [110, 110]


async def test_q90_own_ones_stand_beside_those_that_ship(api: Api) -> None:
    """Q-90: what was read is sent again with a change, as JSON or YAML, and is the project's next version."""
    home = await project(api)
    read = (await api.ask(f"{{ brains {SHOWN} }}"))["brains"][0]
    first = await define(api, "brain", home, json.dumps({**json.loads(read["definition"]), "id": "fog"}))
    assert first["userErrors"] == []
    again = await define(api, "brain", home, first["brain"]["definition"].replace('"Horror"', '"Fog"'))
    assert (again["brain"]["version"], again["brain"]["own"], again["brain"]["name"]) == (2, True, "Fog")
    made = await define(
        api,
        "format",
        home,
        "id: one\nname: One\nsummary: One beat.\nbeats: [{name: All, share: 1, purpose: P, prompt: Q}]",
    )
    assert (made["userErrors"], made["format"]["version"]) == ([], 1)
    spare = await define(api, "brain", home, json.dumps({**json.loads(read["definition"]), "id": "spare"}))
    assert spare["userErrors"] == []
    call = "withdrawBrain(projectId: $p, id: $i, idempotencyKey: $key)"
    given = {"p: ID!": home, "i: String!": "spare"}
    gone = [await api.act(call, "project { brains { id } }", **given) for _ in range(2)]
    assert "spare" not in [each["id"] for each in gone[0]["project"]["brains"]]
    assert [error["code"] for error in gone[1]["userErrors"]] == ["NOT_FOUND"]
    query = "query($p: ID!) { project(id: $p) { format brains { id own version } formats { id own } } }"
    found = (await api.ask(query, p=home))["project"]
    assert found["format"] == "short"
    assert found["brains"][-1] == {"id": "fog", "own": True, "version": 2}
    assert found["formats"][-1] == {"id": "one", "own": True}
    chosen = await api.act(
        "setFormat(projectId: $p, format: $f, idempotencyKey: $key)",
        "project { format }",
        **{"p: ID!": home, "f: String!": "one"},
    )
    assert chosen["project"]["format"] == "one"


async def test_q90_a_scene_shows_its_beat_and_its_own_style(api: Api) -> None:
    """Q-90: the beat a list shows is the one its job was told; a scene's own choice is told apart."""
    home = await project(api)
    scenes = [await scene(api, home) for _ in range(3)]
    query = """query($p: ID!) { project(id: $p) { scenes {
      id brain format ownBrain ownFormat beat { format number name prompt position } } } }"""
    found = (await api.ask(query, p=home))["project"]["scenes"]
    assert [each["beat"]["number"] for each in found] == [2, 3, 4]
    assert [each["beat"]["position"] for each in found] == [0.166667, 0.5, 0.833333]
    assert {each["ownBrain"] for each in found} == {None}
    styled = await api.act(
        "styleScene(input: {sceneId: $s, brain: $b, format: $f, idempotencyKey: $key})",
        "scene { brain format ownBrain ownFormat beat { format name } }",
        **{"s: ID!": scenes[0], "b: String": "pixar", "f: String": "vertical-series"},
    )
    assert styled["scene"] == {
        "brain": "pixar", "format": "vertical-series", "ownBrain": "pixar", "ownFormat": "vertical-series",
        "beat": {"format": "vertical-series", "name": "Situation in one line"},
    }  # fmt: skip
    made = await api.act(
        "generateScene(input: {sceneId: $s, idempotencyKey: $key})",
        "job { brain brainVersion brainSha256 beat }",
        **{"s: ID!": scenes[1]},
    )
    beat = found[1]["beat"]
    assert made["job"]["beat"] == f"{beat['name']}: {beat['prompt']}"
    assert len(made["job"]["brainSha256"]) == 64


@pytest.mark.parametrize(
    ("kind", "definition", "path", "says"),
    [
        ("brain", "a: &x [1]\nb: *x", [], "anchors and aliases are not taken"),
        ("brain", "id: fog\nversion: 1999-01-01", ["version"], "put it in quotes"),
        ("brain", "just words", [], "must be a mapping"),
        (
            "format",
            "id: one\nname: One\nsummary: S\nbeats: [{name: A, share: 2}]",
            ["beats", "0", "share"],
            "0.001 to 1",
        ),
    ],
)
async def test_q91_a_bad_definition_says_where_and_what(
    api: Api, kind: str, definition: str, path: list[str], says: str
) -> None:
    """Q-91: the path leads to the field; the words say what would be right."""
    home = await project(api)
    payload = await define(api, kind, home, definition)
    (error,) = payload["userErrors"]
    assert (error["code"], error["path"]) == (f"BAD_{kind.upper()}", ["input", "definition", *path])
    assert says in error["message"]
    assert payload["sequence"] is None


async def test_c144_the_story_so_far_is_shown_by_act(api: Api) -> None:
    """C-144: by the beats of the project's format; of a project nobody may see it is not there."""
    home = await project(api)
    made = await scene(api, home)
    ask = "query($p: ID!) { storySoFar(projectId: $p) { name words scenes { sceneId heading words } } }"
    (act,) = (await api.ask(ask, p=home))["storySoFar"]
    assert act["scenes"] == [{"sceneId": made, "heading": "INT. KITCHEN - NIGHT", "words": "EDWARD stirs a pot."}]
    assert (act["words"], bool(act["name"])) == ("EDWARD stirs a pot.", True)
