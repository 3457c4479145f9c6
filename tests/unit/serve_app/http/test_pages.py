"""The way in: token for cookie, the shell, its assets, and nothing without a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from serve_app.auth import OWNER, SESSION_COOKIE
from tests.unit.serve_app.conftest import TOKEN, World

pytestmark = pytest.mark.unit

OWN = {"origin": "http://studio.test"}


def cookie_of(world: World) -> dict[str, str]:
    return {"cookie": f"{SESSION_COOKIE}={world.gate.ticket(OWNER)}"}


async def test_w34_the_token_is_exchanged_for_a_cookie_and_dropped(world: World) -> None:
    """W-34: 303 to the clean address; HttpOnly, SameSite=Strict; the cookie is not the token; then the editor."""
    answer = await world.client.get("/", params={"token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert answer.headers["cache-control"] == "no-store"
    shown = await world.client.get("/", headers={"sec-fetch-site": "same-origin"})
    assert shown.status_code == 200
    assert "<title>editor</title>" in shown.text


async def test_w34_a_wrong_token_gets_the_sign_in_page(world: World) -> None:
    """W-34: 401, no cookie, and the token is not repeated."""
    answer = await world.client.get("/", params={"token": "<script>wrong"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "<script>" not in answer.text
    assert 'action="/sign-in"' in answer.text


@pytest.mark.parametrize("path", ["/", "/p/prj_x", "/p/prj_x/scn_y"])
async def test_w34_pages_need_a_session(world: World, path: str) -> None:
    """W-34: 401 sign-in page without one, the shell with one, never kept by caches."""
    assert (await world.client.get(path)).status_code == 401
    shown = await world.client.get(path, headers=cookie_of(world))
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "private, no-cache")


async def test_w34_assets_are_kept_for_ever_by_those_signed_in(world: World) -> None:
    """W-34: immutable with a session, 401 without, 404 for what is not there, no way out of the folder."""
    assert (await world.client.get("/assets/app-1a2b.js")).status_code == 401
    found = await world.client.get("/assets/app-1a2b.js", headers=cookie_of(world))
    assert found.status_code == 200
    assert "immutable" in found.headers["cache-control"]
    assert "javascript" in found.headers["content-type"]
    for path in ("/assets/no.js", "/assets/%2e%2e/index.html", "/assets/..%2findex.html"):
        assert (await world.client.get(path, headers=cookie_of(world))).status_code == 404, path


async def test_w34_the_icon_is_open_and_the_rest_of_an_address_kept(world: World, tmp_path: Path) -> None:
    """W-34: the mark says nothing and needs nobody; what stands beside the token stays in the address."""
    assert (await world.client.get("/mark.svg")).status_code == 404
    (tmp_path / "mark.svg").write_text("<svg/>")
    assert (await world.client.get("/mark.svg")).headers["content-type"] == "image/svg+xml"
    answer = await world.client.get("/", params={"token": TOKEN, "theme": "a b&c"})
    assert answer.headers["location"] == "/?theme=a+b%26c"


async def test_w34_sign_in_and_out_by_form_from_our_own_page_only(world: World) -> None:
    """W-34: a foreign page can neither sign a browser in nor out."""
    good = {"token": f" {TOKEN} "}
    assert (await world.client.post("/sign-in", data=good)).status_code == 403
    foreign = await world.client.post("/sign-in", data=good, headers={"origin": "http://evil.test"})
    assert foreign.json()["code"] == "CROSS_ORIGIN"
    assert (await world.client.post("/sign-in", data={"token": "no"}, headers=OWN)).status_code == 401
    assert (await world.client.post("/sign-in", data={"token": "x" * 9000}, headers=OWN)).status_code == 413
    entered = await world.client.post("/sign-in", data=good, headers=OWN)
    assert entered.status_code == 303
    assert (await world.client.post("/sign-out", headers={"origin": "http://evil.test"})).status_code == 401
    assert (await world.client.post("/sign-out", headers=OWN)).status_code == 303
    assert (await world.client.get("/")).status_code == 401


async def test_w35_every_answer_carries_the_security_headers(world: World) -> None:
    """W-35: pages, refusals and data alike; blob media for the player, nothing from elsewhere."""
    for path in ("/", "/healthz", "/graphql", "/nothing", "/media/x/y.png"):
        headers = (await world.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "media-src 'self' blob:" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy


async def test_w35_refusals_are_json_with_code_and_retryable(world: World) -> None:
    """W-35: no route and wrong method too."""
    missing = await world.client.get("/nothing")
    assert (missing.status_code, missing.json()["code"], missing.json()["retryable"]) == (404, "NOT_FOUND", False)
    wrong = await world.client.post("/healthz")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


async def test_w36_health_is_open_and_generation_only_degrades(world: World) -> None:
    """W-36: studio, collab and ledger decide; a part that hangs or raises is down."""

    async def health() -> tuple[int, str, str]:
        answer = await world.client.get("/healthz")
        return answer.status_code, answer.json()["status"], answer.json()["parts"]["generation"]

    assert await health() == (200, "ok", "ok")
    assert (await world.client.get("/readyz")).status_code == 200
    world.health["generation"] = False
    assert await health() == (200, "degraded", "down")
    assert (await world.client.get("/readyz")).status_code == 503
    del world.health["ledger"]
    assert await health() == (503, "down", "down")


async def test_w36_operators_ask_with_the_token(world: World) -> None:
    """W-36: owner and status of a running studio."""
    project = await world.project()
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert (await world.client.get(f"/api/owner/{project}")).status_code == 401
    assert (await world.client.get("/api/status")).status_code == 401
    owner = (await world.client.get(f"/api/owner/{project}", headers=bearer)).json()
    assert owner == {"pid": 1, "peer": "127.0.0.1:1", "host": "hst_test", "epoch": 1}
    assert (await world.client.get("/api/owner/prj_no", headers=bearer)).status_code == 404
    assert (await world.client.get("/api/status", headers=bearer)).json() == {"version": "test"}


async def test_a64_an_operator_moves_a_project_by_name(world: World) -> None:
    """A-64: the owner's alone; a host that is not there is named with those that are."""
    project = await world.project()
    bearer = {"authorization": f"Bearer {TOKEN}"}
    address = f"/api/move/{project}"
    assert (await world.client.post(address, json={"host": "hst_test"})).status_code == 401
    moved = await world.client.post(address, json={"host": "hst_test"}, headers=bearer)
    assert moved.json() == {"moved": True, "host": "hst_test", "pid": 1, "peer": "127.0.0.1:1"}
    unknown = await world.client.post(address, json={"host": "hst_no"}, headers=bearer)
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["field"]) == (400, "BAD_HOST", "host")
    for wrong in ({}, {"host": 7}, {"host": ""}, [], "x"):
        refused = await world.client.post(address, json=wrong, headers=bearer)
        assert (refused.status_code, refused.json()["code"]) == (400, "BAD_REQUEST")
