"""Uploads past Studio into a real bucket: what is put there counts when it was looked at (G-324)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve_app.config import Settings
from serve_app.http.answers import Refusal
from serve_app.http.direct_uploads import CONFIRM_S, Offer, Tickets
from serve_app.http.uploads import SORTS
from serve_app.studio import StudioCore
from storage.objects.s3 import S3Objects
from tests.s3_server import S3Server

pytestmark = pytest.mark.unit

TOKEN = "owner-token-for-tests-0123456789"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(3_000)
SCRIPT = "INT. مطبخ - DAY\n\nADA\nHello 🎬\n".encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "weed", "uploads")
    yield server
    server.stop()


class Studio:
    def __init__(self, folder: Path, bucket: S3Objects | None, **settings: Any) -> None:
        given = {"data_dir": str(folder), "owner_token": TOKEN, "cluster_secret": "s" * 32, **settings}
        core = StudioCore(Settings.from_args(given, {}), self._runs)
        transport = httpx.ASGITransport(app=core.app)
        headers = {"authorization": f"Bearer {TOKEN}"}
        self.client = httpx.AsyncClient(transport=transport, base_url="http://studio.test", headers=headers)
        self.bucket = bucket

    async def _runs(self) -> bool:
        return False

    async def offered(self, name: str, body: bytes, other: Mapping[str, Any] | None = None) -> httpx.Response:
        asked = {"name": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), **(other or {})}
        return await self.client.post("/uploads/direct", json=asked)

    async def put(self, offer: dict[str, Any], body: bytes) -> int:
        async with httpx.AsyncClient() as client:
            return (
                await client.request(offer["method"], offer["url"], content=body, headers=offer["headers"])
            ).status_code

    async def confirmed(self, ticket: str) -> httpx.Response:
        return await self.client.post("/uploads/direct/confirm", json={"ticket": ticket})


@pytest.fixture
async def studio(server: S3Server, tmp_path: Path) -> AsyncIterator[Studio]:
    bucket = S3Objects(server.place("uploads"))
    given = {
        "s3_bucket": "uploads", "s3_endpoint": server.endpoint, "s3_region": "us-east-1",
        "s3_access_key_id": server.access, "s3_secret_access_key": server.secret,
    }  # fmt: skip
    made = Studio(tmp_path, bucket, **given)
    yield made
    await made.client.aclose()
    bucket.close()


@pytest.mark.parametrize(("name", "body", "kind"), [("a.PNG", PNG, "image"), ("Ferry.fountain", SCRIPT, "screenplay")])
async def test_g324_a_file_goes_past_us_and_counts_when_it_was_read(
    studio: Studio, name: str, body: bytes, kind: str
) -> None:
    """G-324: one PUT of exactly what was said, then the same answer as of /uploads; asked again it is the same answer,
    and the address opens it."""
    answer = await studio.offered(name, body)
    assert answer.status_code == 201
    offer = answer.json()
    early = await studio.confirmed(offer["ticket"])
    assert (early.status_code, early.json()["code"]) == (404, "NOT_FOUND")
    assert await studio.put(offer, body + b"more") == 403
    assert await studio.put(offer, body) == 200
    assert await studio.put(offer, body) == 412
    first, again = [(await studio.confirmed(offer["ticket"])).json() for _ in range(2)]
    assert (first["kind"], first["bytes"], first["sha256"]) == (kind, len(body), hashlib.sha256(body).hexdigest())
    assert (again["key"], again["sha256"]) == (first["key"], first["sha256"])
    assert (await studio.client.get(first["url"])).content == body


async def test_g324_what_is_not_what_it_says_is_deleted_and_never_addressed(studio: Studio) -> None:
    """G-324: bytes that are no image, text that is no text, an object that somebody exchanged: refused at the
    confirm, and gone."""
    assert studio.bucket is not None
    for name, body in (("a.png", b"<html>" + bytes(100)), ("a.txt", b"\xff\xfe\x00")):
        offer = (await studio.offered(name, body)).json()
        assert await studio.put(offer, body) == 200
        refused = await studio.confirmed(offer["ticket"])
        assert (refused.status_code, refused.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert (await studio.confirmed(offer["ticket"])).status_code == 404
    offer = (await studio.offered("b.png", PNG)).json()
    told = offer["ticket"].partition(".")[0]
    key = json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))["key"]
    await studio.bucket.put(key, PNG[:-1] + b"!", content_type="image/png")
    assert (await studio.confirmed(offer["ticket"])).status_code == 415
    assert await studio.bucket.head(key) is None


async def test_g324_offers_have_limits_and_only_the_owner_gets_one(studio: Studio, tmp_path: Path) -> None:
    """G-324: too large, no hash, another sort, a stranger, a ticket of somebody else; a folder takes none."""
    refusals: tuple[tuple[dict[str, Any], str], ...] = (
        ({"bytes": 21 * 1024 * 1024}, "TOO_LARGE"),
        ({"bytes": True}, "BAD_REQUEST"),
        ({"sha256": "x"}, "BAD_REQUEST"),
        ({"name": "a.gif"}, "UNSUPPORTED_MEDIA_TYPE"),
    )
    for other, code in refusals:
        assert (await studio.offered("a.png", PNG, other)).json()["code"] == code
    ticket = (await studio.offered("a.png", PNG)).json()["ticket"]
    assert (await studio.confirmed(f"x{ticket}")).status_code == 403
    studio.client.headers.pop("authorization")
    assert (await studio.offered("a.png", PNG)).status_code == 401
    folder = Studio(tmp_path / "other", None)
    refused = await folder.offered("a.png", PNG)
    assert (refused.status_code, refused.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    await folder.client.aclose()


def test_g324_a_ticket_ends() -> None:
    """G-324: after its time, or under another secret, it confirms nothing."""
    now = [1_000.0]
    tickets = Tickets(b"s" * 32, lambda: now[0])
    sort = SORTS[0]
    offer = Offer("assets/uploads/x.png", sort.kind, sort.content_type, 3, "ab" * 32, 1_000 + CONFIRM_S)
    ticket = tickets.of(offer)
    assert tickets.read(ticket) == offer
    with pytest.raises(Refusal):
        Tickets(b"t" * 32).read(ticket)
    now[0] += CONFIRM_S
    with pytest.raises(Refusal):
        tickets.read(ticket)
