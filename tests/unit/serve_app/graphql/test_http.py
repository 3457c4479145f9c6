"""GraphQL over HTTP: who may ask, how, and what the statuses say."""

from __future__ import annotations

import json

import pytest

from serve_app.auth import OWNER, SESSION_COOKIE
from serve_app.graphql.limits import GraphQLLimits
from tests.unit.serve_app.conftest import TOKEN, World

pytestmark = pytest.mark.unit

NEW = "application/graphql-response+json"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic abc"}, {"cookie": "storyforge_session=v1.x.y"}],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_q11_nothing_answers_without_the_token(world: World, method: str, headers: dict[str, str]) -> None:
    """Q-11: 401 with a JSON body that is a GraphQL response, even for a document that does not parse."""
    answer = await world.client.request(method, "/graphql", params={"query": "{"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in answer.json()


async def test_q11_a_token_in_the_address_is_no_way_in(world: World) -> None:
    """Q-11: `?token=` works on `/` and on sockets of `collab` only."""
    answer = await world.client.get("/graphql", params={"query": "{__typename}", "token": TOKEN})
    assert answer.status_code == 401


async def test_q12_a_cookie_needs_our_own_origin(world: World) -> None:
    """Q-12: a cookie counts for same-origin requests only; Bearer needs none."""
    cookie = {"cookie": f"{SESSION_COOKIE}={world.gate.ticket(OWNER)}"}
    for more, status in [
        ({"origin": "http://studio.test"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({}, 401),
        ({"origin": "null"}, 401),
        ({"origin": "http://evil.test"}, 401),
        ({"origin": "http://evil.test", "sec-fetch-site": "same-origin"}, 401),
        ({"sec-fetch-site": "cross-site"}, 401),
    ]:
        answer = await world.client.post("/graphql", json={"query": "{__typename}"}, headers={**cookie, **more})
        assert answer.status_code == status, more


@pytest.mark.parametrize(("accept", "status"), [(NEW, 400), ("application/json", 200), ("*/*", 200)])
async def test_q13_an_unknown_field_is_named(world: World, accept: str, status: int) -> None:
    """Q-13: a request error names the field; 400 in the new media type, 200 in the old."""
    answer = await world.post("{ projects { colour } }", headers={"accept": accept})
    assert answer.status_code == status
    error = answer.json()["errors"][0]
    assert "colour" in error["message"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert answer.headers["content-type"].startswith(NEW if accept == NEW else "application/json")


@pytest.mark.parametrize(
    ("query", "code"), [("{", "GRAPHQL_PARSE_FAILED"), ("query A{me{id}} query B{me{id}}", "GRAPHQL_VALIDATION_FAILED")]
)
async def test_q13_request_errors_are_400_with_a_code(world: World, query: str, code: str) -> None:
    """Q-13: no `data` key where nothing ran."""
    answer = await world.post(query, headers={"accept": NEW})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, code)
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "BAD_REQUEST"),
        (b"[]", 400, "BATCH_REFUSED"),
        (b'[{"query":"{__typename}"}]', 400, "BATCH_REFUSED"),
        (b'{"query":7}', 400, "BAD_REQUEST"),
        (b"{}", 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","variables":[1]}', 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","operationName":7}', 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","extensions":7}', 400, "BAD_REQUEST"),
        (b"[" * 100_000, 400, "BAD_REQUEST"),
        (b'{"query":"' + b"{a" * 50_000 + b'"}', 400, "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_q13_malformed_requests_are_refused(world: World, body: bytes, status: int, code: str) -> None:
    """Q-13: clear code, never a crash."""
    headers = {**BEARER, "content-type": "application/json", "accept": NEW}
    answer = await world.client.post("/graphql", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


async def test_q13_media_types_and_methods(world: World) -> None:
    """Q-13: 415, 406, 405 where they belong; a mutation by GET is refused before it runs."""
    post = world.client.post
    assert (await post("/graphql", content=b"{}", headers={**BEARER, "content-type": "text/plain"})).status_code == 415
    assert (await world.post("{__typename}", headers={"accept": "image/png"})).status_code == 406
    assert (await world.client.put("/graphql", headers=BEARER)).headers["allow"] == "GET, POST"
    query = 'mutation { lockScene(sceneId: "s", idempotencyKey: "k") { sequence } }'
    answer = await world.client.get("/graphql", params={"query": query}, headers=BEARER)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert world.scribe.sent == []


async def test_q13_queries_by_get(world: World) -> None:
    """Q-13: with variables as JSON text."""
    params = {"query": "query($n: Int) { projects(first: $n) { totalCount } }", "variables": json.dumps({"n": 3})}
    answer = await world.client.get("/graphql", params=params, headers=BEARER)
    assert answer.json() == {"data": {"projects": {"totalCount": 0}}}
    assert answer.headers["cache-control"] == "no-store"


async def test_q14_a_body_over_the_limit_is_refused_unread(world: World) -> None:
    """Q-14: by its declared length, and by counting when none is declared."""
    headers = {**BEARER, "content-type": "application/json"}
    declared = {**headers, "content-length": str(64 * 1024 * 1024)}
    assert (await world.client.post("/graphql", content=b"{}", headers=declared)).status_code == 413

    async def endless() -> object:
        for _ in range(40):
            yield b" " * (1024 * 1024)

    assert (await world.client.post("/graphql", content=endless(), headers=headers)).status_code == 413


async def test_q14_depth_and_cost_are_decided_before_anything_runs(world: World) -> None:
    """Q-14: a deep or costly document is refused with its limit; variables count; introspection is allowed."""
    deep = "{ __schema " + "{ types { fields { type " * 5 + "{ name }" + "} } }" * 5 + "}"
    jobs = "jobs(first: 200) { id panels { id } }"
    costly = f"query($n: Int) {{ projects(first: $n) {{ edges {{ node {{ scenes {{ {jobs} }} }} }} }} }}"
    world.ledger.reads.clear()
    nested = "{ projects { edges { node { scenes { jobs { take { id } } } } } } }"
    assert (await world.post(nested, headers={"accept": NEW})).status_code == 200
    for query, variables, code, limit in [
        ("{ " + "...on Query { " * 3 + "me { id } " + "} " * 3 + "}", {}, None, None),
        (costly, {"n": 200}, "QUERY_TOO_COSTLY", GraphQLLimits().cost_max),
        (costly, {"n": 1}, None, None),
    ]:
        answer = await world.post(query, headers={"accept": NEW}, **variables)
        extensions = answer.json().get("errors", [{}])[0].get("extensions", {})
        assert (extensions.get("code"), extensions.get("limit")) == (code, limit), answer.text
    assert (await world.post(deep)).status_code == 200
    introspection = "{ __schema { types { name fields { name type { name ofType { name } } } } } }"
    assert "data" in (await world.post(introspection)).json()


async def test_q14_a_cycle_of_fragments_ends(world: World) -> None:
    """Q-14: the weight of a hostile document is bounded too; validation names the cycle."""
    query = "{ ...A } fragment A on Query { ...B me { id } } fragment B on Query { ...A }"
    answer = await world.post(query, headers={"accept": NEW})
    assert answer.status_code == 400
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(40))
    for leaf in (" fragment f40 on Query { me { id } }", " fragment f40 on Query { ...nothing }"):
        answer = await world.post(bomb + leaf, headers={"accept": NEW})
        assert answer.status_code == 400


async def test_q05_a_ledger_that_cannot_be_read_is_a_retryable_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q-05: a fault in a query has code and retryable, and not the database's words."""
    from storage.ledger.errors import Unavailable

    async def broken(*_: object, **__: object) -> int:
        raise Unavailable("/secret/ledger.db is locked")

    monkeypatch.setattr(world.ledger, "head", broken)
    answer = await world.post('{ project(id: "prj_x") { id } }')
    assert answer.json()["errors"][0]["extensions"] == {"code": "LEDGER_UNAVAILABLE", "retryable": True}
    assert "secret" not in answer.text
