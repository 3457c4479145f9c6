"""Webhooks on loopback: signatures by the specification's own library, answers, bounds, and where they may go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from actors.commands import CommandError
from actors.outbox.protocol import Confirmed, Entry, Failed, Hopeless
from actors.project.webhooks import EVENTS, check_events, check_url
from serve_app.config import Settings
from serve_app.story_host import StoryHostCore
from serve_app.studio import StudioCore
from serve_app.webhooks import reach, receiver, signing
from serve_app.webhooks.receiver import WebhookReceiver

pytestmark = pytest.mark.unit

TOKEN = "owner-token-for-tests-0123456789"
SECRET = "cluster-secret-for-tests"


class Endpoint:
    """A partner's server. The path says how it behaves."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.sent = 0
        self.status = 204

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = head[0].split()[1]
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.got.append((path, headers, body))
            match path:
                case "/gone":
                    writer.write(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                case "/redirect":
                    writer.write(
                        b"HTTP/1.1 302 Found\r\nlocation: /ok\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                    )
                case "/busy":
                    writer.write(b"HTTP/1.1 503 X\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                case "/endless":
                    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
                    while self.sent < 64 * 1024 * 1024:
                        writer.write(b"x" * 65_536)
                        self.sent += 65_536
                        await writer.drain()
                case "/silent":
                    await reader.read()
                case _:
                    writer.write(f"HTTP/1.1 {self.status} X\r\nconnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@pytest.fixture
async def partner() -> AsyncIterator[tuple[Endpoint, str]]:
    endpoint = Endpoint()
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    yield endpoint, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


def entry(url: str, **data: Any) -> Entry:
    message = {"type": "job.finished", "timestamp": "2026-11-28T20:00:00.000Z", "data": {"projectId": "prj_a", **data}}
    return Entry("msg_1", "prj_a", "webhook", "whk_1", "job.finished", 7, 1, {"url": url, "message": message})


async def test_q89_a_message_is_signed_as_the_specification_says(partner: tuple[Endpoint, str]) -> None:
    """Q-89: its own library verifies it with the secret that was shown, and refuses another body or secret."""
    endpoint, url = partner
    mail = WebhookReceiver(SECRET.encode(), private=True)
    assert await mail.deliver(entry(f"{url}/ok?a=1", label="مرحبا 🎬")) == Confirmed(204)
    await mail.close()
    path, headers, body = endpoint.got[0]
    assert (path, headers["webhook-id"], headers["host"]) == ("/ok?a=1", "msg_1", url.removeprefix("http://"))
    secret = signing.secret_of(SECRET.encode(), "whk_1")
    assert secret.startswith("whsec_")
    assert Webhook(secret).verify(body, headers)["data"]["label"] == "مرحبا 🎬"
    for wrong in ((Webhook(secret), body + b" "), (Webhook(signing.secret_of(SECRET.encode(), "whk_2")), body)):
        with pytest.raises(WebhookVerificationError):
            wrong[0].verify(wrong[1], headers)


async def test_q89_what_an_answer_means(partner: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Q-89: 2xx confirms, 410 ends it, others are tried again; no redirect is followed, no answer read without end."""
    endpoint, url = partner
    monkeypatch.setattr(receiver, "TRY_S_MAX", 0.3)
    mail = WebhookReceiver(SECRET.encode(), private=True)
    assert await mail.deliver(entry(f"{url}/gone")) == Hopeless("GONE", 410, gone=True)
    assert await mail.deliver(entry(f"{url}/redirect")) == Failed("REDIRECT", 302)
    assert await mail.deliver(entry(f"{url}/busy")) == Failed("REFUSED", 503, 7_000)
    assert await mail.deliver(entry(f"{url}/endless")) == Confirmed(200)
    assert await mail.deliver(entry(f"{url}/silent")) == Failed("TIMEOUT")
    assert await mail.deliver(entry("http://127.0.0.1:9/nobody")) == Failed("ConnectError")
    assert await mail.deliver(entry("http://nobody.invalid/")) == Failed("NO_SUCH_HOST")
    assert await mail.deliver(entry(url, label="x" * receiver.MESSAGE_BYTES_MAX)) == Hopeless("TOO_LARGE")
    await mail.close()
    assert [path for path, _, _ in endpoint.got] == ["/gone", "/redirect", "/busy", "/endless", "/silent"]
    assert endpoint.sent < 16 * 1024 * 1024


@pytest.mark.parametrize(
    ("address", "ok"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        *((private, False) for private in ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254")),
        *((odd, False) for odd in ("0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "240.0.0.1")),
        *((six, False) for six in ("::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "2001:db8::1")),
        *((dressed, False) for dressed in ("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:10.0.0.1")),
    ],
)
def test_q89_only_public_addresses_are_called(address: str, ok: bool) -> None:
    """Q-89: nothing inside the house, a cloud's metadata address least of all, whatever clothes it wears."""
    assert reach.allowed(address) is ok


async def test_q89_the_house_is_out_of_reach_by_default(partner: tuple[Endpoint, str]) -> None:
    """Q-89: by number, by name, and without TLS; the endpoint hears nothing."""
    endpoint, url = partner
    port = url.rpartition(":")[2]
    mail = WebhookReceiver(SECRET.encode())
    assert await mail.deliver(entry(url)) == Hopeless("HTTPS_ONLY")
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"):
        assert await mail.deliver(entry(f"https://{host}:{port}/")) == Hopeless("PRIVATE_ADDRESS"), host
    assert endpoint.got == []


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a/", "https://", "https://u:p@a/", "https://a/#x", "https://a b/", "https://a:99999/", "https://ä.de/"],
)
def test_q89_an_address_that_no_setting_allows_is_refused_at_once(url: str) -> None:
    """Q-89: with its field."""
    with pytest.raises(CommandError) as refused:
        check_url(url)
    assert (refused.value.code, refused.value.path) == ("BAD_URL", ("input", "url"))
    with pytest.raises(CommandError):
        check_events(["job.finished", "unheard.of"])
    with pytest.raises(CommandError):
        check_events([])
    assert "job.finished" in EVENTS


class Api:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.keys = client, 0

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        self.keys += 1
        query = query.replace("KEY", f"k{self.keys}")
        answer = (await self.client.post("/graphql", json={"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def project(self) -> str:
        given = 'title: "W", type: SHORT, idempotencyKey: "KEY"'
        made = await self.ask(f"mutation {{ createProject(input: {{{given}}}) {{ project {{ id }} }} }}")
        return str(made["createProject"]["project"]["id"])

    async def scene(self, project: str) -> str:
        given = f'projectId: "{project}", heading: "INT. SECRET ROOM - DAY", idempotencyKey: "KEY"'
        made = await self.ask(f"mutation {{ createScene(input: {{{given}}}) {{ scene {{ id }} }} }}")
        return str(made["createScene"]["scene"]["id"])


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    given = {"data_dir": str(tmp_path), "owner_token": TOKEN, "cluster_secret": SECRET, "webhooks_private": 1}
    settings = Settings.from_args(given, {})
    host = StoryHostCore(settings)

    async def runs() -> bool:
        return True

    studio = StudioCore(settings, runs)
    await host.start()
    await studio.start()
    headers = {"authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(app=studio.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://studio.test", headers=headers) as client:
        yield Api(client)
    await studio.stop()
    await host.stop()


CREATE = """mutation($i: CreateWebhookInput!) { createWebhook(input: $i)
  { secret sequence webhook { id url events label disabled } userErrors { code path } } }"""
LIST = """query($p: ID!) {
  webhooks(projectId: $p) { id label deliveries { id type sequence state tries status problem } }
  deadLetters(projectId: $p) { id problem } }"""
AGAIN = """mutation($i: RedeliverInput!) { redeliver(input: $i) { sequence delivery { id } userErrors { code } } }"""


async def told(endpoint: Endpoint, count: int) -> None:
    async with asyncio.timeout(20):
        while len(endpoint.got) < count:  # noqa: ASYNC110 - a server of the test
            await asyncio.sleep(0.01)


async def settled(api: Api, project: str, state: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            seen = await api.ask(LIST, p=project)
            if [each["state"] for hook in seen["webhooks"] for each in hook["deliveries"]] == [state]:
                return dict(await api.ask(LIST, p=project))  # the lists of one query are separate reads
            await asyncio.sleep(0.01)


async def test_q89_a_partner_is_told_of_committed_facts(api: Api, partner: tuple[Endpoint, str]) -> None:
    """Q-89: made, told once with ids and no story, listed with its deliveries, sent again under its id, taken away."""
    endpoint, url = partner
    made = await api.ask(
        'mutation { createProject(input: {title: "W", type: SHORT, idempotencyKey: "KEY"}) {project{id}} }'
    )
    project = made["createProject"]["project"]["id"]
    asked = {
        "projectId": project,
        "url": f"{url}/ok",
        "events": ["scene.locked"],
        "label": "CI",
        "idempotencyKey": "hook",
    }
    hook = (await api.ask(CREATE, i=asked))["createWebhook"]
    assert hook == (await api.ask(CREATE, i=asked))["createWebhook"]
    id = await api.scene(project)
    locked = await api.ask('mutation($s: ID!) { lockScene(sceneId: $s, idempotencyKey: "KEY") { sequence } }', s=id)
    await told(endpoint, 1)
    _, headers, body = endpoint.got[0]
    message = Webhook(hook["secret"]).verify(body, headers)
    sequence = message["data"].pop("sequence")
    assert int(sequence) <= int(locked["lockScene"]["sequence"])
    assert (message["type"], message["data"]) == ("scene.locked", {"projectId": project, "sceneId": id})
    assert b"SECRET" not in body
    seen = await settled(api, project, "DELIVERED")
    (delivery,) = seen["webhooks"][0]["deliveries"]
    assert (delivery["id"], delivery["tries"], delivery["status"]) == (headers["webhook-id"], 1, 204)
    again = {"deliveryId": delivery["id"], "idempotencyKey": "again"}
    first = (await api.ask(AGAIN, i=again))["redeliver"]
    await told(endpoint, 2)
    assert (await api.ask(AGAIN, i=again))["redeliver"]["sequence"] == first["sequence"]
    await settled(api, project, "DELIVERED")
    assert [h["webhook-id"] for _, h, _ in endpoint.got] == [delivery["id"]] * 2
    gone = await api.ask(
        'mutation($w: ID!) { deleteWebhook(input: {webhookId: $w, idempotencyKey: "KEY"}) { userErrors { code } } }',
        w=hook["webhook"]["id"],
    )
    assert gone["deleteWebhook"]["userErrors"] == []
    assert (await api.ask(LIST, p=project))["webhooks"] == []


async def test_q89_a_refused_message_is_a_dead_letter_until_somebody_puts_it_back(
    api: Api, partner: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q-89: visible to the owner with what was wrong; bad endpoints are refused when they are registered."""
    endpoint, url = partner
    made = await api.ask(
        'mutation { createProject(input: {title: "W", type: SHORT, idempotencyKey: "KEY"}) {project{id}} }'
    )
    project = made["createProject"]["project"]["id"]
    bad = {"projectId": project, "url": "gopher://a", "events": ["scene.created"], "idempotencyKey": "bad"}
    refused = (await api.ask(CREATE, i=bad))["createWebhook"]
    assert (refused["secret"], refused["userErrors"]) == (None, [{"code": "BAD_URL", "path": ["input", "url"]}])
    good = {**bad, "url": f"{url}/x", "idempotencyKey": "good"}
    assert (await api.ask(CREATE, i=good))["createWebhook"]["userErrors"] == []
    monkeypatch.setattr(receiver, "MESSAGE_BYTES_MAX", 10)
    await api.scene(project)
    seen = await settled(api, project, "DEAD")
    (dead,) = seen["deadLetters"]
    assert (dead["problem"], endpoint.got) == ("TOO_LARGE", [])
    monkeypatch.undo()
    again = (await api.ask(AGAIN, i={"deliveryId": dead["id"], "idempotencyKey": "again"}))["redeliver"]
    assert again["userErrors"] == []
    await told(endpoint, 1)
    assert (await settled(api, project, "DELIVERED"))["deadLetters"] == []
    unknown = (await api.ask(AGAIN, i={"deliveryId": "msg_nothing", "idempotencyKey": "n"}))["redeliver"]
    assert unknown["userErrors"] == [{"code": "NOT_FOUND"}]
