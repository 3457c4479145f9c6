"""`/v1/videos` against the real owner, driven by a stock client, and by our own adapter for such APIs."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import uvicorn

from actors.runtime.ids import derive_id
from actors.views import JobView
from gpu.media.probe import probe
from gpu.steps import Step
from serve_app.auth import Gate
from serve_app.config import Settings
from serve_app.http.videos_wire import scene_of
from serve_app.steps.embedded import LANES, embedded_runs
from serve_app.steps.writers import writer_chain
from serve_app.story_host import StoryHostCore
from serve_app.worker import Worker
from storage.cache.sqlite import SqliteExactCache
from storage.codec import encode
from storage.ledger.protocol import Attempt, AttemptState
from storage.objects.local import LocalObjects
from tests.unit.serve_app.graphql.test_continuation import work
from tests.unit.serve_app.graphql.test_real_owner import CREATE, TOKEN, Api, served
from tests.unit.serve_app.test_vendor_videos import PANEL, RECIPE, Row, Shop
from tests.vendor import Vendor

pytestmark = pytest.mark.unit

SMALL = {"seconds": "3", "size": "128x96"}
PNG = bytes.fromhex("89504e470d0a1a0a") + b"\0" * 64


class Client:
    """The API as anybody speaks it, and the stock client over the same application."""

    def __init__(self, api: Api, host: StoryHostCore, folder: Path) -> None:
        self.api, self.host, self.folder = api, host, folder
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=api.app), base_url="http://studio.test")
        self.openai = openai.AsyncOpenAI(
            api_key=TOKEN, base_url="http://studio.test/v1", http_client=self.http, max_retries=0
        )

    async def call(
        self, method: str, path: str, body: Any = None, token: str = TOKEN, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        given = {"authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = await self.http.request(method, f"/v1{path}", json=body, headers=given)
        return answer.status_code, answer.json()

    async def made(self, prompt: str = "A cat on a pier", **more: Any) -> str:
        status, video = await self.call("POST", "/videos", {"prompt": prompt, **SMALL, **more})
        assert status == 200, video
        return str(video["id"])


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with served(tmp_path) as (api, host):
        made = Client(api, host, tmp_path)
        yield made
        await made.http.aclose()


@contextlib.asynccontextmanager
async def rendering(client: Client) -> AsyncIterator[None]:
    """A real worker with the embedded steps on the host's ledger."""
    objects = LocalObjects(client.folder / "objects")
    chain = writer_chain(Settings.from_args({"data_dir": str(client.folder / "worker")}, {}), client.host.ledger)
    runs = embedded_runs(objects, SqliteExactCache(client.folder / "cache.db"), chain)

    async def tell(attempt: Attempt) -> None:
        await client.host.runtime.attempt_changed(attempt.home, attempt.id)
        worker.wake()

    worker = Worker("w1", client.host.ledger, runs, LANES, tell)
    worker.start()
    try:
        yield
    finally:
        await worker.stop()
        await chain.close()


async def test_q100_a_stock_client_makes_and_fetches_a_video(client: Client, tmp_path: Path) -> None:
    """Q-100: the `openai` client creates, polls, downloads, lists and deletes; size and length are what was asked."""
    videos = client.openai.videos
    async with rendering(client):
        made = await videos.create(prompt="A cat walks on the beach at dusk", seconds="3", size="128x96")  # type: ignore[arg-type]
        assert (made.object, made.status, made.progress, made.seconds, made.size) == (
            "video",
            "queued",
            0,
            "3",
            "128x96",
        )
        done = await videos.poll(made.id, poll_interval_ms=20)
    assert (done.status, done.progress, done.error, done.model) == ("completed", 100, None, "animatic")
    assert done.completed_at is not None
    film = tmp_path / "film.mp4"
    film.write_bytes((await videos.download_content(made.id)).content)
    facts = probe(film)
    assert (facts.width, facts.height, round(facts.duration_s, 2)) == (128, 96, 3.0)
    assert (await videos.download_content(made.id, variant="thumbnail")).content[:3] == b"\xff\xd8\xff"
    assert [v.id async for v in videos.list()] == [made.id]
    assert [model.id async for model in client.openai.models.list()] == ["auto", "animatic"]
    deleted = await videos.delete(made.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (made.id, True, "video.deleted")
    with pytest.raises(openai.NotFoundError):
        await videos.retrieve(made.id)
    assert [v.id async for v in videos.list()] == []


async def test_q101_a_key_makes_a_retry_harmless(client: Client) -> None:
    """Q-101: the same Idempotency-Key is the same video, whatever became of the first answer; another body under it is
    refused."""
    body = {"prompt": "A cat", **SMALL}
    first, again = [await client.call("POST", "/videos", body, idempotency_key="one") for _ in range(2)]
    assert first[1]["id"] == again[1]["id"]
    other = await client.call("POST", "/videos", {**body, "prompt": "A dog"}, idempotency_key="one")
    assert (other[0], other[1]["error"]["code"]) == (409, "idempotency_key_reused")
    assert (await client.call("POST", "/videos", body, idempotency_key="x" * 151))[0] == 400
    assert (await client.call("POST", "/videos", body))[1]["id"] != first[1]["id"]
    assert len((await client.call("GET", "/videos"))[1]["data"]) == 2


BAD: tuple[tuple[Any, str | None], ...] = (
    ({}, "prompt"),
    ({"prompt": " "}, "prompt"),
    ({"prompt": "x" * 4_001}, "prompt"),
    ({"prompt": "A cat", "seconds": "2"}, "seconds"),
    ({"prompt": "A cat", "seconds": 61}, "seconds"),
    ({"prompt": "A cat", "seconds": 4.5}, "seconds"),
    ({"prompt": "A cat", "seconds": True}, "seconds"),
    ({"prompt": "A cat", "size": "big"}, "size"),
    ({"prompt": "A cat", "size": "129x96"}, "size"),
    ({"prompt": "A cat", "size": "99999x96"}, "size"),
    ({"prompt": "A cat", "model": "sora-2"}, "model"),
    ({"prompt": "A cat", "model": 7}, "model"),
    ({"prompt": "A cat", "seed": 1.5}, "seed"),
    ({"prompt": "A cat", "metadata": {"a": 1}}, "metadata"),
    ({"prompt": "A cat", "guidance_scale": 7}, "guidance_scale"),
    ({"prompt": "A cat", "input_reference": {"image_url": "x"}}, "input_reference"),
    (["A cat"], None),
)


async def test_q102_what_is_not_honoured_is_refused_by_field(client: Client) -> None:
    """Q-102: in the words and shape this family's clients read, and nothing is made."""
    for body, param in BAD:
        status, said = await client.call("POST", "/videos", body)
        assert (status, said["error"]["param"]) == (400, param), body
        assert said["error"].keys() == {"message", "type", "code", "param"}
    assert (await client.call("GET", "/videos"))[1]["data"] == []


async def test_q102_a_picture_nobody_starts_from_is_refused(client: Client) -> None:
    """Q-102: a reference picture is honoured by a model that starts from one, or refused."""
    videos = client.openai.videos
    with pytest.raises(openai.BadRequestError) as caught:
        await videos.create(prompt="A cat", input_reference=("a.png", PNG))
    assert caught.value.param == "input_reference"


async def test_q103_pages_orders_and_unknown_videos(client: Client) -> None:
    """Q-103: newest first, pages by `after`; what is not there, not a video, or another's reads the same."""
    ids = [await client.made(f"cat {n}") for n in range(3)]
    _, page = await client.call("GET", "/videos?limit=2")
    assert ([v["id"] for v in page["data"]], page["has_more"]) == (ids[:0:-1], True)
    _, rest = await client.call("GET", f"/videos?after={page['last_id']}")
    assert ([v["id"] for v in rest["data"]], rest["has_more"]) == (ids[:1], False)
    assert [v["id"] for v in (await client.call("GET", "/videos?order=asc"))[1]["data"]] == ids
    for query in ("limit=0", "limit=101", "limit=x", "order=best", "after=job_none"):
        assert (await client.call("GET", f"/videos?{query}"))[0] == 400
    plain = await client.api.act(CREATE, "project { id }")
    for id in ("job_none", plain["project"]["id"], "x" * 300):
        for method, more in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
            said = await client.call(method, f"/videos/{id}{more}")
            assert (said[0], said[1]["error"]["code"]) == (404, "not_found")


async def test_q104_deny_by_default(client: Client) -> None:
    """Q-104: no route without a Bearer token (a cookie is none); a link's role and project bound its holder."""
    for method, path in (("GET", "/videos"), ("POST", "/videos"), ("GET", "/models"), ("DELETE", "/videos/x")):
        said = await client.call(method, path, token="nobody")
        assert (said[0], said[1]["error"]["code"]) == (401, "invalid_api_key")
    cookie = Gate(TOKEN, b"cluster-secret-for-tests")
    answer = await client.http.get(
        "/v1/videos", headers={"cookie": f"storyforge_session={cookie.ticket(cookie.owner)}"}
    )
    assert answer.status_code == 401
    mine = await client.made()
    home = (
        await client.api.act('createProject(input: {title: "P", type: SHORT, idempotencyKey: $key})', "project { id }")
    )["project"]["id"]
    tokens = {}
    for role in ("VIEWER", "EDITOR"):
        call = f'createAccessLink(input: {{projectId: "{home}", label: "{role}", role: {role}, idempotencyKey: $key}})'
        tokens[role] = (await client.api.act(call, "token"))["token"]
    body = {"prompt": "A cat", **SMALL}
    assert (await client.call("POST", "/videos", body, tokens["VIEWER"]))[0] == 403
    status, video = await client.call("POST", "/videos", body, tokens["EDITOR"])
    assert status == 200
    row = await client.host.ledger.view("job", video["id"])
    assert row is not None
    assert row.home == home
    assert (await client.call("GET", f"/videos/{video['id']}", token=tokens["VIEWER"]))[0] == 200
    assert (await client.call("GET", f"/videos/{mine}", token=tokens["VIEWER"]))[0] == 404
    assert (await client.call("DELETE", f"/videos/{video['id']}", token=tokens["VIEWER"]))[0] == 403


async def test_q105_states_errors_and_deletion(client: Client) -> None:
    """Q-105: a failed job is a failed video with its code; content of what is not ready is refused; deleting ends the
    job, and its take is made once."""
    id = await client.made(metadata={"shot": "7"})
    assert (await client.call("GET", f"/videos/{id}/content"))[0] == 409
    ledger = client.host.ledger
    first = await ledger.claim_attempt("w", [Step.ENHANCE])
    assert first is not None
    error = encode({"code": "MODERATED", "message": "not this", "retryable": False})
    await ledger.finish_attempt(first.id, "w", AttemptState.FAILED, result=None, error=error)
    await client.host.runtime.attempt_changed(first.home, first.id)
    async with asyncio.timeout(10):
        while (seen := (await client.call("GET", f"/videos/{id}"))[1])["status"] == "queued":
            pass
    assert (seen["status"], seen["error"]) == ("failed", {"code": "moderation_blocked", "message": "not this"})
    assert seen["metadata"] == {"shot": "7"}
    running = await client.made()
    assert (await client.call("DELETE", f"/videos/{running}"))[0] == 200
    row = await ledger.view("job", running)
    assert row is not None
    assert b"CANCELLED" in (row.body or b"")
    assert (await client.call("DELETE", f"/videos/{running}"))[0] == 404
    done = await client.made()
    await work(client.host)
    assert (await client.call("GET", f"/videos/{done}"))[1]["status"] == "completed"
    await client.call("DELETE", f"/videos/{done}")
    job = await ledger.view("job", done)
    assert job is not None
    assert len(await ledger.views("take", parent=job.parent)) == 1


async def test_q106_a_remix_has_other_words_and_all_else_the_same(client: Client) -> None:
    """Q-106, G-319: size, length, model and seed of the source, its id, and its take as the parent of the new one."""
    source = await client.made(seed=7, model="animatic")
    async with rendering(client):
        await client.openai.videos.poll(source, poll_interval_ms=20)
    made = await client.openai.videos.remix(source, prompt="The cat sleeps")
    assert (made.prompt, made.remixed_from_video_id, made.size) == ("The cat sleeps", source, "128x96")
    rows = await client.host.ledger.views("job")
    jobs = [JobView.from_blob(row.body or b"") for row in rows]
    assert [job.seed for job in jobs] == ["7", "7"]
    (old,), (new,) = ([job for job in jobs if (job.id == source) is first] for first in (True, False))
    assert (new.video or {})["remixed_take"] == old.take is not None
    assert (await client.call("POST", f"/videos/{source}/remix", {"prompt": "x", "size": "1x1"}))[0] == 400


def test_q107_any_prompt_is_a_scene() -> None:
    """Q-107: a prompt is one paragraph of action under a heading of its first words, whatever it looks like."""
    assert scene_of("A cat walks on the beach at dusk.") == (
        "EXT. A CAT WALKS ON THE BEACH AT DUSK - DUSK",
        "EXT. A CAT WALKS ON THE BEACH AT DUSK - DUSK\n\n!A cat walks on the beach at dusk.\n",
    )
    assert scene_of("inside a kitchen")[0].startswith("INT. ")
    heading, script = scene_of("INT. BAR - DAY\n\nADA\nHello\n\nEXT. SEA - NIGHT")
    assert script == f"{heading}\n\n!INT. BAR - DAY ADA Hello EXT. SEA - NIGHT\n"
    assert scene_of("🎬 مرحبا !?")[0].endswith(" - DAY")
    assert scene_of("!?")[0] == "EXT. SOMEWHERE - DAY"


async def test_q108_one_project_a_day_holds_them(client: Client) -> None:
    """Q-108: videos are scenes of one project a principal and day, listed as any other."""
    await client.made()
    await client.made("A dog")
    rows = await client.host.ledger.views("project")
    assert len(rows) == 1
    assert rows[0].id != derive_id("prj", "owner", "api videos")
    assert len(await client.host.ledger.views("scene", parent=rows[0].id)) == 2


async def test_g276_ours_against_ours(client: Client, tmp_path: Path) -> None:
    """G-276: our adapter renders with our own API, over a real connection: submitted once, fetched, finished; and what
    it refuses, it understands."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(client.api.app, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        shop = Shop(tmp_path / "shop", Vendor(url=url))
        await shop.objects.put(PANEL, b"unused", content_type="image/jpeg")
        ours = {
            "key": TOKEN,
            "model": "animatic",
            "seconds": (3, 6),
            "image_to_video": False,
            "reconcile": "idempotency",
            "seed": True,
        }
        async with rendering(client):
            media = await shop.make(Row(), 3.0, **ours)
        assert (media["duration_s"], media["width"], len(media["vendor"]["tasks"])) == (3.0, 128, 1)
        await shop.cache.evict(bytes.fromhex(RECIPE))  # else the film is there already
        for wrong, code in (({"sizes": ((64, 64),)}, "REFUSED"), ({"key": "nobody"}, "UNAVAILABLE")):
            assert (await shop.refused(Row(), 3.0, **{**ours, **wrong})).code == code
        for each in shop.apis:
            await each.close()
        server.should_exit = True
        await serving
    assert (
        hashlib.sha256(await shop.objects.get(media["video_key"])).hexdigest() == media["files"]["video.mp4"]["sha256"]
    )
