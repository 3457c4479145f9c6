"""The partner API against the real owner: host and studio cores on SQLite and peer ports, without Ray."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from serve_app.config import Settings
from serve_app.story_host import StoryHostCore
from serve_app.studio import StudioCore
from tests.screenplays import last_ferry

pytestmark = pytest.mark.unit

TOKEN = "owner-token-for-tests-0123456789"
KEYS = iter(range(1_000_000))


class Api:
    def __init__(self, client: httpx.AsyncClient, app: Starlette) -> None:
        self._client, self.app = client, app

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = (await self._client.post("/graphql", json={"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def act(self, call: str, shown: str, **variables: Any) -> dict[str, Any]:
        """One mutation; `call` uses $key and variables declared as "name: Type" -> value pairs."""
        declared = "".join(f", ${name}" for name in variables)
        given = {name.split(":")[0]: value for name, value in variables.items()}
        answer = f"{shown} sequence userErrors {{ path code message }}"
        query = f"mutation($key: String!{declared}) {{ it: {call} {{ {answer} }} }}"
        payload: dict[str, Any] = (await self.ask(query, key=f"k{next(KEYS)}", **given))["it"]
        return payload


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with served(tmp_path) as (found, _):
        yield found


@contextlib.asynccontextmanager
async def served(tmp_path: Path, **more: Any) -> AsyncIterator[tuple[Api, StoryHostCore]]:
    given = {"data_dir": str(tmp_path), "owner_token": TOKEN, "cluster_secret": "cluster-secret-for-tests", **more}
    settings = Settings.from_args(given, {})
    host = StoryHostCore(settings)

    async def runs() -> bool:
        return True

    studio = StudioCore(settings, runs)
    await host.start()
    await studio.start()
    transport = httpx.ASGITransport(app=studio.app)
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://studio.test", headers=headers) as client:
        yield Api(client, studio.app), host
    await studio.stop()
    await host.stop()


CREATE = 'createProject(input: {title: "Ferry 🎬", type: SHORT, idempotencyKey: $key})'


async def test_q02_a_story_is_made_by_commands_to_the_owner(api: Api) -> None:
    """Q-02: create, cast, brain, scene, lock and unlock, each read back as committed; history tells it."""
    made = await api.act(CREATE, "project { id title brain sequence }")
    assert made["userErrors"] == []
    project = made["project"]["id"]
    brains = [b["id"] for b in (await api.ask("{ brains { id name specialty palette } }"))["brains"]]
    assert len(brains) >= 5
    await api.act(
        "setBrain(projectId: $p, brain: $b, idempotencyKey: $key)",
        "project { id }",
        **{"p: ID!": project, "b: String!": brains[-1]},
    )
    await api.act(
        "addCast(projectId: $p, name: $n, idempotencyKey: $key)",
        "project { id }",
        **{"p: ID!": project, "n: String!": "مريم"},
    )
    scene = await api.act(
        "createScene(input: {projectId: $p, heading: $h, idempotencyKey: $key})",
        "scene { id heading status script }",
        **{"p: ID!": project, "h: String!": "EXT. PIER - NIGHT"},
    )
    assert scene["userErrors"] == []
    assert scene["scene"]["heading"] == "EXT. PIER - NIGHT"
    for call, status in (("lockScene", "LOCKED"), ("unlockScene", "PENDING")):
        payload = await api.act(
            f"{call}(sceneId: $s, idempotencyKey: $key)", "scene { status }", **{"s: ID!": scene["scene"]["id"]}
        )
        assert (payload["userErrors"], payload["scene"]["status"]) == ([], status)
    query = """query($p: ID!) { project(id: $p) { brain cast { name } scenes { id } sceneCount }
                                history(projectId: $p) { summary author } }"""
    seen = await api.ask(query, p=project)
    assert seen["project"]["brain"] == brains[-1]
    assert seen["project"]["cast"] == [{"name": "مريم"}]
    assert seen["project"]["sceneCount"] == len(seen["project"]["scenes"]) == 1
    summaries = [h["summary"] for h in seen["history"]]
    assert summaries[-1] == "Started the project: Ferry 🎬"
    assert "Locked a scene" in summaries
    assert {h["author"] for h in seen["history"]} == {"owner"}


async def test_c52_a_finding_is_waived_and_a_fact_set_by_partners(api: Api) -> None:
    """C-52 C-57: by GraphQL too: the waiver with its reason and author, the fact with who said so; each taken back."""
    text = "INT. BARN - DAY\n\nRUTH\nCome.\n\nRuth dies.\n\nRUTH\nNo.\n\nINT. INN - DAY\n\nRUTH\nHello.\n"
    made = await api.act(
        'importScreenplay(input: {title: "Barn", text: $t, format: FOUNTAIN, idempotencyKey: $key})',
        "project { scenes { id } }",
        **{"t: String!": text},
    )
    barn, inn = (scene["id"] for scene in made["project"]["scenes"])
    findings = "query($s: ID!) { scene(id: $s) { findings { id code waived reasons } setFacts { entity value by } } }"
    async with asyncio.timeout(20):
        shown = (await api.ask(findings, s=inn))["scene"]
        while not shown["findings"]:
            shown = (await api.ask(findings, s=inn))["scene"]
    (finding,) = shown["findings"]
    assert (finding["code"], finding["waived"]) == ("alive_dead", False)
    assert "UNRELIABLE_NARRATOR" in finding["reasons"]
    given = "sceneId: $s, findingId: $f, reason: DREAM, note: $n, displayName: $n, idempotencyKey: $key"
    waive = f"waiveFinding(input: {{{given}}})"
    about = {"s: ID!": inn, "f: ID!": finding["id"], "n: String!": "Ada"}
    answer = await api.act(waive, "finding { waived waiver { reason note by } }", **about)
    assert answer["finding"] == {"waived": True, "waiver": {"reason": "DREAM", "note": "Ada", "by": "Ada"}}
    back = "waiveFinding(input: {sceneId: $s, findingId: $f, waived: false, idempotencyKey: $key})"
    again = await api.act(back, "finding { waived }", **{"s: ID!": inn, "f: ID!": finding["id"]})
    assert again["finding"] == {"waived": False}
    holds = 'entity: "Ruth", attribute: "holds", value: "map", quote: $q, displayName: $n'
    fact = f"setFact(input: {{sceneId: $s, {holds}, idempotencyKey: $key}})"
    said = await api.act(
        fact, "facts { entity value quote by }", **{"s: ID!": barn, "q: String!": "Come.", "n: String!": "Ada"}
    )
    assert said["facts"] == [{"entity": "ruth", "value": "map", "quote": "Come.", "by": "Ada"}]
    assert (await api.ask(findings, s=barn))["scene"]["setFacts"] == [{"entity": "ruth", "value": "map", "by": "Ada"}]


async def test_q10_a_screenplay_comes_out_as_it_went_in(api: Api) -> None:
    """Q-10: imported and exported without a changed byte."""
    text = last_ferry()
    made = await api.act(
        'importScreenplay(input: {title: "Ferry", text: $t, format: FOUNTAIN, idempotencyKey: $key})',
        "project { id cast { name } places { name } scenes { heading } }",
        **{"t: String!": text},
    )
    assert made["userErrors"] == []
    assert len(made["project"]["scenes"]) > 1
    assert made["project"]["cast"]
    shown = await api.ask("query($p: ID!) { exportFountain(projectId: $p) }", p=made["project"]["id"])
    assert shown["exportFountain"] == text


async def test_q16_a_generation_starts_as_a_queued_job(api: Api) -> None:
    """Q-16: generate answers with the committed job; cancel ends it; a second retry of the same key is the same job."""
    project = (await api.act(CREATE, "project { id }"))["project"]["id"]
    scene = await api.act(
        "createScene(input: {projectId: $p, heading: $h, script: $t, idempotencyKey: $key})",
        "scene { id }",
        **{
            "p: ID!": project,
            "h: String!": "EXT. PIER - NIGHT",
            "t: String": "EXT. PIER - NIGHT\n\nGulls.\n\nADA\nListen.\n",
        },
    )
    payload = await api.act(
        "generateScene(input: {sceneId: $s, idempotencyKey: $key})",
        "job { id state stage progress queuePosition panels { id } error { code } }",
        **{"s: ID!": scene["scene"]["id"]},
    )
    assert payload["userErrors"] == []
    job = payload["job"]
    assert job["state"] in {"QUEUED", "PROCESSING"}
    ended = await api.act(
        "cancelJob(input: {jobId: $j, idempotencyKey: $key})", "job { id state }", **{"j: ID!": job["id"]}
    )
    assert (ended["userErrors"], ended["job"]) == ([], {"id": job["id"], "state": "CANCELLED"})


async def test_q05_an_actors_refusal_reaches_the_caller(api: Api) -> None:
    """Q-05: an empty title comes back with the input field it is about, through the peer port."""
    payload = await api.act('createProject(input: {title: "", type: SHORT, idempotencyKey: $key})', "project { id }")
    (error,) = payload["userErrors"]
    assert error["path"][-1] == "title"
    assert payload["project"] is None


async def test_a_document_is_renewed_and_its_proposals_are_listed_and_decided(api: Api) -> None:
    """R-66, R-68: by GraphQL, at the owner; what does not exist, or is decided, is said by code."""
    project = (await api.act(CREATE, "project { id }"))["project"]["id"]
    call = "renewDocument(projectId: $p, document: $d, idempotencyKey: $key)"
    shown = "epoch bytesAfter leftOut"
    first = await api.act(call, shown, **{"p: ID!": project, "d: String!": "outline"})
    second = await api.act(call, shown, **{"p: ID!": project, "d: String!": "outline"})
    assert (first["epoch"], second["epoch"], second["leftOut"], second["userErrors"]) == (2, 3, 0, [])
    assert int(second["sequence"]) > int(first["sequence"])
    gone = await api.act(call, shown, **{"p: ID!": project, "d: String!": "scene:scn_nowhere00"})
    assert [error["code"] for error in gone["userErrors"]] == ["NOT_FOUND"]
    again = 'mutation($p: ID!, $key: String!) { it: renewDocument(projectId: $p, document: "outline", '
    again += "idempotencyKey: $key) { epoch sequence userErrors { code } } }"
    third, retried = [(await api.ask(again, p=project, key="the same"))["it"] for _ in range(2)]
    assert (third["epoch"], retried["sequence"], retried["userErrors"]) == (4, third["sequence"], [])
    listed = 'query($p: ID!) { it: proposals(projectId: $p, document: "outline") { id offeredBy owners bytes } }'
    assert (await api.ask(listed, p=project))["it"] == []
    for name in ("acceptProposal", "dismissProposal"):
        given = 'input: {projectId: $p, document: "outline", proposalId: "prp_1", idempotencyKey: $key}'
        decided = await api.act(f"{name}({given})", "", **{"p: ID!": project})
        assert [(error["code"], error["path"]) for error in decided["userErrors"]] == [
            ("NOT_FOUND", ["input", "proposalId"])
        ]
