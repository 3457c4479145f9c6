"""The partner API for the holder of an access link: every root field, walked from the schema itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLField, GraphQLInputObjectType, GraphQLNonNull, is_leaf_type
from graphql.type import GraphQLInputType, get_named_type, is_required_argument, is_required_input_field

from serve_app.auth import SESSION_COOKIE
from serve_app.config import Settings
from serve_app.graphql.context import Context
from serve_app.graphql.guard import OWNER_ONLY, RULES, Subject
from serve_app.graphql.schema import build_schema
from serve_app.story_host import StoryHostCore
from serve_app.studio import StudioCore
from tests.unit.serve_app.conftest import World

pytestmark = pytest.mark.unit

TOKEN = "owner-token-for-tests-0123456789"
ROLES = ("VIEWER", "COMMENTER", "EDITOR")


def fields() -> Iterator[tuple[str, str, GraphQLField]]:
    """(operation, name, field) of every root field there is."""
    schema = build_schema()._schema
    for operation, kind in (
        ("query", schema.query_type),
        ("mutation", schema.mutation_type),
        ("subscription", schema.subscription_type),
    ):
        assert kind is not None
        yield from ((operation, name, field) for name, field in kind.fields.items())


ALL = [(operation, name) for operation, name, _ in fields()]
FIELDS = {(operation, name): field for operation, name, field in fields()}


def where(operation: str, name: str) -> str:
    return f"{operation.capitalize()}.{name}"


def literal(name: str, kind: GraphQLInputType, ids: dict[str, str]) -> str:
    """A value of the type; ids by the name of their argument."""
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(kind, GraphQLInputObjectType):
        inner = {n: f for n, f in kind.fields.items() if is_required_input_field(f)}
        return "{" + ", ".join(f"{n}: {literal(n, f.type, ids)}" for n, f in inner.items()) + "}"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    named = get_named_type(kind).name
    if name in ids:
        return f'"{ids[name]}"'
    if str(kind).startswith("["):
        return "[]"
    plain = {"Int": "1", "Float": "1", "Boolean": "true", "DateTime": '"2020-01-01T00:00:00Z"'}
    return plain.get(named, '"1"')


def call(operation: str, name: str, ids: dict[str, str]) -> str:
    field = FIELDS[operation, name]
    own = {**ids, "id": ids.get(f"{name}Id", "")}
    given = [f"{n}: {literal(n, a.type, own)}" for n, a in field.args.items() if is_required_argument(a)]
    arguments = f"({', '.join(given)})" if given else ""
    selection = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    return f"{operation} {{ it: {name}{arguments}{selection} }}"


@dataclass
class Shared:
    """Two projects of one owner, and a client for whoever has a token."""

    client: httpx.AsyncClient
    host: StoryHostCore
    studio: StudioCore
    keys: int = 0

    async def post(self, query: str, token: str = TOKEN, **variables: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {token}"}
        if query.startswith("subscription"):
            headers["accept"] = "text/event-stream"
        answer = await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        if query.startswith("subscription"):
            return {"errors": [{"extensions": {"code": c}} for c in ("NOT_FOUND", "FORBIDDEN") if c in answer.text]}
        found: dict[str, Any] = answer.json()
        return found

    async def act(self, call: str, shown: str, token: str = TOKEN) -> dict[str, Any]:
        self.keys += 1
        query = f"mutation {{ it: {call.replace('KEY', f'k{self.keys}')} {{ {shown} userErrors {{ code path }} }} }}"
        answer = await self.post(query, token)
        assert "errors" not in answer, answer
        payload: dict[str, Any] = answer["data"]["it"]
        assert payload["userErrors"] == [], payload
        return payload

    async def story(self) -> dict[str, str]:
        """Ids of a project, its scene and a job of it, by the names of arguments."""
        made = await self.act(
            'createProject(input: {title: "Ferry", type: SHORT, idempotencyKey: "KEY"})', "project { id }"
        )
        project = made["project"]["id"]
        text = "EXT. PIER - NIGHT\\n\\nGulls.\\n\\nADA\\nListen.\\n"
        scene = (
            await self.act(
                f'createScene(input: {{projectId: "{project}", heading: "EXT. PIER - NIGHT", script: "{text}", '
                'idempotencyKey: "KEY"})',
                "scene { id }",
            )
        )["scene"]["id"]
        job = (await self.act(f'generateScene(input: {{sceneId: "{scene}", idempotencyKey: "KEY"}})', "job { id }"))[
            "job"
        ]
        return {"projectId": project, "sceneId": scene, "jobId": job["id"]}

    async def link(self, project: str, role: str, more: str = "") -> tuple[str, str]:
        """(id, token)."""
        given = f'projectId: "{project}", role: {role}, label: "Ben", idempotencyKey: "KEY"{more}'
        call = f"createAccessLink(input: {{{given}}})"
        made = await self.act(call, "token accessLink { id role label expiresAt revokedAt }")
        assert (made["accessLink"]["role"], made["accessLink"]["label"]) == (role, "Ben")
        return made["accessLink"]["id"], made["token"]

    async def head(self, project: str) -> int:
        return await self.host.ledger.head(project)


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Shared]:
    given = {"data_dir": str(tmp_path), "owner_token": TOKEN, "cluster_secret": "cluster-secret-for-tests"}
    settings = Settings.from_args(given, {})
    host = StoryHostCore(settings)

    async def runs() -> bool:
        return True

    studio = StudioCore(settings, runs)
    await host.start()
    await studio.start()
    transport = httpx.ASGITransport(app=studio.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://studio.test") as client:
        yield Shared(client, host, studio)
    await studio.stop()
    await host.stop()


def codes(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


def test_q70_every_root_field_is_classified() -> None:
    """Q-70: a new field is denied to links until somebody has said what it shows."""
    assert {where(*each) for each in ALL} == set(RULES) | OWNER_ONLY
    assert not set(RULES) & OWNER_ONLY


async def test_q70_no_root_field_reaches_another_project(shared: Shared) -> None:
    """Q-70: for every field of the schema, an editor of one project asking about another hears that there is none."""
    mine, other = await shared.story(), await shared.story()
    _, foreign_token = await shared.link(other["projectId"], "EDITOR")
    foreign_link = foreign_token.split(".")[2]
    _, token = await shared.link(mine["projectId"], "EDITOR")
    before = await shared.head(other["projectId"])
    for operation, name in ALL:
        rule = RULES.get(where(operation, name))
        if rule is not None and rule.subject is Subject.NOTHING:
            continue
        answer = await shared.post(call(operation, name, {**other, "accessLinkId": foreign_link}), token)
        assert codes(answer) == {"FORBIDDEN" if rule is None else "NOT_FOUND"}, (name, answer)
    assert await shared.head(other["projectId"]) == before
    listed = await shared.post("{ projects { totalCount edges { node { id } } } me { id name role } }", token)
    assert listed["data"]["projects"] == {"totalCount": 1, "edges": [{"node": {"id": mine["projectId"]}}]}
    assert (listed["data"]["me"]["name"], listed["data"]["me"]["role"]) == ("Ben", "EDITOR")


async def test_q71_a_role_decides_each_mutation(shared: Shared) -> None:
    """Q-71: in its own project too: a viewer changes nothing, a commenter comments and votes, no link shares."""
    mine = await shared.story()
    for role in ROLES:
        id, token = await shared.link(mine["projectId"], role)
        allowed: set[str] = set()
        for name in [name for operation, name in ALL if operation == "mutation"]:
            answer = await shared.post(call("mutation", name, {**mine, "accessLinkId": id}), token)
            if "FORBIDDEN" not in codes(answer):
                allowed.add(name)
        assert not {f"Mutation.{name}" for name in allowed} & OWNER_ONLY
        if role == "VIEWER":
            assert allowed == set()
        if role == "COMMENTER":
            assert allowed == {"addComment", "resolveComment", "votePanel"}
        if role == "EDITOR":
            assert {"lockScene", "generateScene", "pickPanel", "cancelJob", "addComment"} <= allowed
        read = await shared.post("query($p: ID!) { project(id: $p) { id scenes { id } } }", token, p=mine["projectId"])
        assert read["data"]["project"]["scenes"] == [{"id": mine["sceneId"]}]


async def test_k110_how_wrong_a_reused_film_may_be_is_the_owners(shared: Shared) -> None:
    """K-110: an editor reads what holds and cannot set it; the owner sets it, and the page of everybody says so."""
    mine = await shared.story()
    _, token = await shared.link(mine["projectId"], "EDITOR")
    call = f'setCacheBound(input: {{projectId: "{mine["projectId"]}", per10000: 200, idempotencyKey: "KEY"}})'
    denied = await shared.post(f"mutation {{ {call} {{ sequence }} }}", token)
    assert codes(denied) == {"FORBIDDEN"}
    shown = """query($p: ID!) { cacheReport(projectId: $p) { takes hitRate installedBoundPer10000 }
      project(id: $p) { cacheBoundPer10000 } }"""
    as_installed = {"takes": 0, "hitRate": None, "installedBoundPer10000": 50}
    for own in (None, 200):
        read = (await shared.post(shown, token, p=mine["projectId"]))["data"]
        assert (read["cacheReport"], read["project"]["cacheBoundPer10000"]) == (as_installed, own)
        if own is None:
            await shared.act(call, "project { cacheBoundPer10000 }")


async def test_a115_every_door_says_that_a_project_was_deleted(shared: Shared) -> None:
    """A-115, E-127: each door of a deleted project says what it is; a link cannot delete; within the grace
    its owner finds it in a list and has it back, text and links and all."""
    mine, other = await shared.story(), await shared.story()
    _, link = await shared.link(mine["projectId"], "EDITOR")
    delete = f'deleteProject(input: {{projectId: "{mine["projectId"]}", idempotencyKey: "KEY"}})'
    restore = delete.replace("deleteProject", "restoreProject")
    listed = "{ projects { totalCount edges { node { id } } } deletedProjects { id title deletedAt erasedAt } }"
    read = "query($p: ID!, $s: ID!) { project(id: $p) { id } scene(id: $s) { script } }"
    ids = {"p": mine["projectId"], "s": mine["sceneId"]}
    assert codes(await shared.post(f"mutation {{ {delete} {{ sequence }} }}", link)) == {"FORBIDDEN"}
    script = (await shared.post(read, **ids))["data"]["scene"]["script"]
    gone = (await shared.act(delete, "deleted { id title deletedAt erasedAt }"))["deleted"]
    days = datetime.fromisoformat(gone["erasedAt"]) - datetime.fromisoformat(gone["deletedAt"])
    assert (gone["title"], days) == ("Ferry", timedelta(hours=72))
    now = (await shared.post(listed))["data"]
    assert (now["projects"]["totalCount"], now["deletedProjects"]) == (1, [gone])
    assert now["projects"]["edges"][0]["node"]["id"] == other["projectId"]
    writes = f'mutation {{ lockScene(sceneId: "{mine["sceneId"]}", idempotencyKey: "k") {{ sequence }} }}'
    for token in (TOKEN, link):
        told = await shared.post(read, token, **ids)
        assert codes(told) == {"PROJECT_DELETED"}
        for error in told["errors"]:
            said = error["extensions"]
            assert (said["retryable"], said["byYou"], said["title"]) == (False, token == TOKEN, "Ferry")
            moments = [datetime.fromisoformat(said[name]) for name in ("deletedAt", "restorableUntil")]
            assert moments == [datetime.fromisoformat(gone[name]) for name in ("deletedAt", "erasedAt")]
        assert codes(await shared.post(writes, token)) == {"PROJECT_DELETED"}
    past = f"/history/{mine['projectId']}/scene:{mine['sceneId']}"
    answer = await shared.client.get(past, headers={"authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, "PROJECT_DELETED" in answer.text) == (410, True)
    assert (await shared.act(delete, "deleted { id }"))["deleted"]["id"] == mine["projectId"]
    back = await shared.act(restore, "project { id }")
    assert back["project"]["id"] == mine["projectId"]
    assert (await shared.post(read, link, **ids))["data"]["scene"]["script"] == script
    assert (await shared.post(listed))["data"]["deletedProjects"] == []


async def test_q72_a_link_is_listed_for_the_owner_and_its_token_shown_once(shared: Shared) -> None:
    """Q-72: the list has no token, a retry answers with the same one, and a link sees no list."""
    mine = await shared.story()
    query = """mutation($i: CreateAccessLinkInput!) { createAccessLink(input: $i) {
      token accessLink { id } userErrors { code } } }"""
    asked = {"projectId": mine["projectId"], "role": "VIEWER", "label": "Ben", "idempotencyKey": "once"}
    first, again = [(await shared.post(query, i=asked))["data"]["createAccessLink"] for _ in range(2)]
    assert first == again
    shown = "query($p: ID!) { project(id: $p) { accessLinks { id label role createdAt expiresAt revokedAt } } }"
    listed = await shared.post(shown, p=mine["projectId"])
    assert [each["id"] for each in listed["data"]["project"]["accessLinks"]] == [first["accessLink"]["id"]]
    assert first["token"] not in str(listed)
    assert codes(await shared.post(shown, first["token"], p=mine["projectId"])) == {"FORBIDDEN"}
    rows = await shared.host.ledger.read(mine["projectId"], limit=1000)
    assert not any(first["token"].encode() in row.body for row in rows)


async def test_q73_a_revoked_or_expired_link_is_nobody(shared: Shared) -> None:
    """Q-73: the very next request is refused, by Bearer and by the cookie it was exchanged for."""
    mine = await shared.story()
    id, token = await shared.link(mine["projectId"], "EDITOR")
    page = await shared.client.get(f"/?token={token}", headers={"origin": "http://studio.test"})
    assert (page.status_code, page.headers["location"]) == (303, f"/p/{mine['projectId']}")
    assert token not in page.headers["set-cookie"]
    cookie = {SESSION_COOKIE: page.cookies[SESSION_COOKIE]}
    shared.client.cookies.clear()
    past = f"/history/{mine['projectId']}/scene:{mine['sceneId']}"
    bearer = {"authorization": f"Bearer {token}"}
    assert (await shared.client.get(past, headers=bearer)).status_code == 200
    await shared.act(
        f'revokeAccessLink(input: {{accessLinkId: "{id}", idempotencyKey: "KEY"}})', "accessLink { revokedAt }"
    )
    assert codes(await shared.post("{ me { id } }", token)) == {"UNAUTHENTICATED"}
    assert (await shared.client.get(past, headers=bearer)).status_code == 401
    headers = {
        "origin": "http://studio.test",
        "cookie": f"{SESSION_COOKIE}={cookie[SESSION_COOKIE]}",
        "host": "studio.test",
    }
    by_cookie = await shared.client.post("/graphql", json={"query": "{ projects { totalCount } }"}, headers=headers)
    assert codes(by_cookie.json()) == {"UNAUTHENTICATED"}
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    _, short = await shared.link(mine["projectId"], "EDITOR", f', expiresAt: "{soon}"')
    project, link, expiry = short.split(".")[1:4]
    assert int(expiry) > 0
    assert shared.host.gate.link_token(project, link, 1_000) != short
    assert shared.host.gate.by_token(shared.host.gate.link_token(project, link, 1_000)) is None


async def test_q73_a_link_opens_nothing_of_the_installation(shared: Shared) -> None:
    """Q-73: uploads, the hosts' status and who owns what are the owner's."""
    mine = await shared.story()
    _, token = await shared.link(mine["projectId"], "EDITOR")
    bearer = {"authorization": f"Bearer {token}"}
    for path in ("/api/status", f"/api/owner/{mine['projectId']}"):
        assert (await shared.client.get(path, headers=bearer)).status_code == 403
    assert (await shared.client.put("/uploads/a.png", content=b"\x89PNG\r\n\x1a\n", headers=bearer)).status_code == 403


async def test_q74_what_a_link_does_carries_its_label(shared: Shared) -> None:
    """Q-74: the author of a link's command is the link, shown by the label its maker gave."""
    mine = await shared.story()
    id, token = await shared.link(mine["projectId"], "EDITOR")
    given = f'sceneId: "{mine["sceneId"]}", name: "Draft 1", displayName: "The owner", idempotencyKey: "KEY"'
    call = f"nameVersion(input: {{{given}}})"
    made = await shared.act(call, "version { author { id name } }", token)
    assert made["version"]["author"] == {"id": id, "name": "Ben"}
    told = await shared.post("query($p: ID!) { history(projectId: $p) { author summary } }", p=mine["projectId"])
    assert ("Ben", "Named a version: Draft 1") in {(e["author"], e["summary"]) for e in told["data"]["history"]}
    assert "Shared the project: Ben" in {e["summary"] for e in told["data"]["history"]}


async def test_q04_an_unknown_link_is_a_user_error(world: World) -> None:
    """Q-04: NOT_FOUND for a link that never was."""
    given = '{accessLinkId: "lnk_no", idempotencyKey: "k"}'
    data = await world.ask(f"mutation {{ revokeAccessLink(input: {given}) {{ userErrors {{ code path }} }} }}")
    assert data["revokeAccessLink"]["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "accessLinkId"]}]


async def test_q79_a_subscription_of_a_link_ends_with_it(shared: Shared) -> None:
    """Q-79: events come as to everybody; after a revocation, or the end of the proof it came by, nothing more does."""
    mine = await shared.story()
    id, token = await shared.link(mine["projectId"], "VIEWER")
    ports = shared.studio.app.state.ports
    ben = shared.host.gate.by_token(token)
    assert ben is not None
    query = "subscription($p: ID!, $a: String) { projectEvents(projectId: $p, after: $a) { kind } }"
    asked = {"p": mine["projectId"], "a": "0"}
    stream = await build_schema().stream(query, variable_values=asked, context_value=Context(ports, ben))
    kinds: list[str] = []
    async with asyncio.timeout(10):
        while "access.granted" not in kinds:
            result = await anext(stream)
            assert result.errors is None
            kinds.append(result.data["projectEvents"]["kind"])
        await shared.act(f'revokeAccessLink(input: {{accessLinkId: "{id}", idempotencyKey: "KEY"}})', "sequence")
        while (result := await anext(stream)).errors is None:
            assert result.data["projectEvents"]["kind"] != "access.revoked"
    assert "does not count" in result.errors[0].message
    _, other = await shared.link(mine["projectId"], "VIEWER")
    cy = shared.host.gate.by_token(other)
    assert cy is not None
    late = Context(ports, replace(cy, until_s=1.0))
    (error,) = (await build_schema().execute("{ me { id } }", context_value=late)).errors or []
    assert (error.extensions or {})["code"] == "UNAUTHENTICATED"
