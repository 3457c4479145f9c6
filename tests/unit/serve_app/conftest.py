"""A studio in one process for tests: the real application on the in-memory ledger, and an owner that writes to it.

`Scribe` stands where the peer port would be: it decides little, but commits what it answers (events, projections and
the stored answer in one append), which is all the web side may rely on.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from actors.commands import (
    Answer,
    CancelJob,
    CommandError,
    CreateProject,
    CreateScene,
    Envelope,
    GenerateScene,
    ImportScreenplay,
    LockScene,
    PickPanel,
    SetBrain,
    UnlockScene,
)
from actors.runtime.ids import derive_id
from actors.views import FindingsView, JobView, ProjectView, SceneView, TakeView, order_ms
from serve_app.auth import Gate
from serve_app.graphql.ports import BrainCard
from serve_app.http.deps import StudioDeps
from serve_app.http.studio import studio_app
from serve_app.media_addresses import MediaAddresses
from serve_app.peers.faults import FaultError
from serve_app.seam import SeamProtocol
from serve_app.studio import StoredMedia
from storage.codec import decode, encode
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, HostRow, Kind, NewAttempt, NewEvent, StoredResponse, View
from storage.objects.local import LocalObjects
from storage.objects.signing import MediaSigner

TOKEN = "owner-token-for-tests-0123456789"
SECRET = b"cluster-secret-for-tests-0123456"
HOST = HostRow("hst_test", "one", 1, "127.0.0.1:1")
SCRIPT = "INT. KITCHEN - DAY\n\nADA\nHello. مرحبا 🎬\n\n"
BRAINS = (BrainCard("noir", "The Shadow", "Night and doubt", ("#101014", "#c9a227")),)


class CountingLedger(MemoryLedger):
    """Counts the reads a query costs, by method."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: dict[str, int] = {}

    def _count(self, name: str) -> None:
        self.reads[name] = self.reads.get(name, 0) + 1

    async def view(self, kind: str, id: str) -> View | None:
        self._count("view")
        return await super().view(kind, id)

    async def views(self, kind: str, **options: Any) -> list[View]:
        self._count("views")
        return await super().views(kind, **options)

    async def change_token(self) -> int:
        self._count("change_token")
        return await super().change_token()


@dataclass
class Scribe:
    """Commits what commands ask for. `down` is raised instead, once set."""

    ledger: MemoryLedger
    down: Exception | None = None
    sent: list[Envelope] = field(default_factory=list)
    epochs: dict[str, int] = field(default_factory=dict)

    async def append(
        self,
        home: str,
        events: list[NewEvent],
        views: list[View],
        attempts: tuple[NewAttempt, ...] = (),
        response: StoredResponse | None = None,
    ) -> int:
        if home not in self.epochs:
            await self.ledger.heartbeat(HOST, 3_600_000)
            self.epochs[home] = (await self.ledger.claim(home, HOST)).epoch
        head = await self.ledger.head(home)
        committed = await self.ledger.append(
            Append(home, self.epochs[home], head, tuple(events), tuple(views), attempts, response=response)
        )
        return committed.last_seq

    async def send(self, envelope: Envelope) -> Answer:
        self.sent.append(envelope)
        if self.down is not None:
            raise self.down
        stored = await self.ledger.response(envelope.home, envelope.principal, envelope.key)
        asked = hashlib.sha256(repr(envelope.to_dict()).encode()).digest()
        if stored is not None:
            if stored.request_hash != asked:
                raise CommandError("IDEMPOTENCY_KEY_REUSED", "this key belongs to another request", ("idempotencyKey",))
            return Answer(stored.seq, decode(stored.body), replayed=True)
        ids, type_, views, attempts = await self.decide(envelope)
        body = encode({"job": ids.get("job"), "title": getattr(envelope.command, "title", None)})
        event = NewEvent("@project", Kind.EVENT, type_, body, scene=ids.get("scene"), source=envelope.principal)
        response = StoredResponse(envelope.principal, envelope.key, asked, encode(ids))
        return Answer(await self.append(envelope.home, [event], views, attempts, response), ids)

    async def decide(self, envelope: Envelope) -> tuple[dict[str, str], str, list[View], tuple[NewAttempt, ...]]:
        home, command = envelope.home, envelope.command
        match command:
            case CreateProject():
                if not command.title.strip():
                    raise CommandError("BAD_TITLE", "a project needs a title", ("input", "title"))
                return {"project": home}, "project.created", [project_row(home, command.title)], ()
            case ImportScreenplay():
                scene = derive_id("scn", home, "first")
                rows = [project_row(home, command.title), scene_row(home, scene, command.text)]
                return {"project": home}, "project.created", rows, ()
            case SetBrain():
                return {"project": home}, "project.brain_set", [project_row(home, "T", brain=command.brain)], ()
            case CreateScene():
                scene = derive_id("scn", home, envelope.key)
                return {"scene": scene}, "scene.created", [scene_row(home, scene, command.script or SCRIPT)], ()
            case LockScene() | UnlockScene():
                status = "LOCKED" if isinstance(command, LockScene) else "PENDING"
                row = scene_row(home, command.scene, SCRIPT, status=status)
                return {"scene": command.scene}, command.type, [row], ()
            case GenerateScene():
                job, attempt = derive_id("job", home, envelope.key), derive_id("att", home, envelope.key)
                row = job_row(home, command.scene, job, state="QUEUED", attempt=attempt)
                new = NewAttempt(attempt, home, command.scene, job, "storyboard", 1, b"", 60_000)
                return {"job": job, "scene": command.scene}, "job.created", [row], (new,)
            case PickPanel():
                row = job_row(home, command.scene, command.job, state="CONTINUITY_CHECKED", picked=command.panel)
                return {"job": command.job}, "job.picked", [row], ()
            case CancelJob():
                return (
                    {"job": command.job},
                    "job.cancelled",
                    [job_row(home, command.scene, command.job, "CANCELLED")],
                    (),
                )
        raise CommandError("BAD_COMMAND", "not in this test")


def project_row(home: str, title: str, brain: str = "noir", owner: str = "owner") -> View:
    view = ProjectView(
        id=home,
        title=title,
        type="SHORT",
        brain=brain,
        format="film",
        status="draft",
        revision="1",
        owner=owner,
        created_at_ms=1_700_000_000_000,
        title_page="Title: T\n\n",
        cast=({"id": "cst_1", "name": "ADA"},),
        places=({"id": "plc_1", "name": "KITCHEN"},),
    )
    return View("project", home, home, "", order_ms(view.created_at_ms), view.blob())


def scene_row(home: str, scene: str, script: str, status: str = "PENDING", order: str = "a") -> View:
    view = SceneView(scene, home, "INT. KITCHEN - DAY", script, status, 0, "1", 1_700_000_000_000, "videos/x/thumb.jpg")
    return View("scene", scene, home, home, order, view.blob())


def job_row(
    home: str,
    scene: str,
    job: str,
    state: str = "QUEUED",
    *,
    attempt: str | None = None,
    picked: str | None = None,
    take: str | None = None,
) -> View:
    panels = ({"id": "pnl_1", "candidate": 0, "key": "videos/j/p0.png", "seed": "7", "picked": picked == "pnl_1"},)
    view = JobView(
        id=job,
        scene=scene,
        project=home,
        state=state,
        stage="STORYBOARD",
        progress=0.1,
        message="Drawing",
        created_at_ms=1_700_000_000_000,
        auto_pick=False,
        brain="noir",
        seed="7",
        panels=panels,
        attempt=attempt,
        take=take,
    )
    return View("job", job, home, scene, order_ms(view.created_at_ms), view.blob())


def take_row(home: str, scene: str, job: str, take: str) -> View:
    view = TakeView(
        id=take,
        job=job,
        scene=scene,
        project=home,
        created_at_ms=1_700_000_000_000,
        playlist_key="videos/t/master.m3u8",
        video_key="videos/t/video.mp4",
        thumbnail_key="videos/t/poster.jpg",
        captions_key=None,
        duration_s=4.0,
        backend="animatic",
        degraded=False,
        cache_verdict="miss",
        quality_score=0.9,
        epistemic_state="ACCEPTED",
        recipe="{}",
    )
    return View("take", take, home, scene, order_ms(view.created_at_ms), view.blob())


def findings_row(home: str, scene: str) -> View:
    evidence = [{"sceneId": scene, "start": 0, "end": 3, "text": "INT"}]
    finding = {
        "id": "fnd_1",
        "sceneId": scene,
        "code": "UNKNOWN_CHARACTER",
        "severity": "WARNING",
        "message": "Nobody called ADDA is in the cast.",
        "evidence": evidence,
        "suggestion": "ADA",
        "fix": {"sceneId": scene, "start": 0, "end": 3, "replacement": "ADA"},
        "waived": False,
        "stale": False,
    }
    return View("findings", scene, home, home, scene, FindingsView(scene, home, (finding,)).blob())


class Texts:
    def __init__(self) -> None:
        self.live: dict[str, str] = {}

    async def read(self, home: str, scene_id: str) -> str | None:
        return self.live.get(scene_id)

    async def carets(self, home: str, scene_id: str) -> list[Any]:
        return []


@dataclass
class World:
    ledger: CountingLedger
    scribe: Scribe
    objects: LocalObjects
    signer: MediaSigner
    texts: Texts
    gate: Gate
    app: Starlette
    health: dict[str, bool]
    client: httpx.AsyncClient
    keys: int = 0

    def key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"

    async def post(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
        given = {"authorization": f"Bearer {TOKEN}", **(headers or {})}
        return await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=given)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = (await self.post(query, **variables)).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def keep(self, key: str, data: bytes) -> str:
        """Store an object; its signed address."""
        await self.objects.put(key, data, content_type="application/octet-stream")
        return self.signer.path(key)

    def kept(self) -> list[Path]:
        """Every file of the object folder."""
        return [path for path in self.objects.root.rglob("*") if path.is_file()]

    async def project(self, title: str = "T") -> str:
        data = await self.ask(
            "mutation($i: CreateProjectInput!) { createProject(input: $i) { project { id } userErrors { code } } }",
            i={"title": title, "type": "SHORT", "idempotencyKey": self.key()},
        )
        return str(data["createProject"]["project"]["id"])

    async def scene(self, project: str) -> str:
        data = await self.ask(
            "mutation($i: CreateSceneInput!) { createScene(input: $i) { scene { id } userErrors { code } } }",
            i={"projectId": project, "heading": "INT. KITCHEN - DAY", "idempotencyKey": self.key()},
        )
        return str(data["createScene"]["scene"]["id"])

    async def job(self, scene: str) -> str:
        data = await self.ask(
            "mutation($i: GenerateSceneInput!) { generateScene(input: $i) { job { id } userErrors { code } } }",
            i={"sceneId": scene, "idempotencyKey": self.key()},
        )
        return str(data["generateScene"]["job"]["id"])


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    ledger, objects, texts = CountingLedger(), LocalObjects(tmp_path / "objects"), Texts()
    signer = MediaSigner(SECRET)
    scribe, gate = Scribe(ledger), Gate(TOKEN, SECRET)
    health = {"collab": True, "ledger": True, "generation": True, "objects": True}
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>editor</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("export {}")

    def check(name: str) -> Callable[[], Any]:
        async def ask() -> bool:
            return health[name]

        return ask

    async def owner(project: str) -> dict[str, Any] | None:
        found = await ledger.owner(project)
        if found is None or found.host is None:
            return None
        return {"pid": found.host.pid, "peer": found.host.peer, "host": found.host.id, "epoch": found.epoch}

    async def nobody(home: str, op: str, body: dict[str, Any]) -> dict[str, Any]:
        raise FaultError("OWNER_UNREACHABLE", f"nobody owns {home}")

    async def move(project: str, host: str) -> dict[str, Any]:
        if host != HOST.id:
            raise CommandError("BAD_HOST", f"{host!r} names no one host that takes projects", ("host",))
        return {"moved": True, "host": HOST.id, "pid": HOST.pid, "peer": HOST.peer}

    async def status() -> dict[str, Any]:
        return {"version": "test"}

    app = studio_app(
        StudioDeps(
            gate=gate,
            reader=ledger,
            commands=scribe,
            text=texts,
            ask_owner=nobody,
            addresses=MediaAddresses(signer, signer),
            verify_media=signer.allows,
            media=StoredMedia(objects),
            brains=BRAINS,
            static_dir=tmp_path,
            owner=owner,
            move=move,
            status=status,
            required={"collab": check("collab"), "ledger": check("ledger")},
            optional={"generation": check("generation"), "objects": check("objects")},
        )
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://studio.test") as client:
        yield World(ledger, scribe, objects, signer, texts, gate, app, health, client)


@pytest.fixture
async def served(world: World) -> AsyncIterator[str]:
    """The same application on a loopback port, for what needs a real connection. Yields "127.0.0.1:port"."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        server = uvicorn.Server(uvicorn.Config(world.app, log_level="warning", lifespan="off", ws=SeamProtocol))
        task = asyncio.create_task(server.serve(sockets=[sock]))
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag, no event
                await asyncio.sleep(0.01)
        yield f"127.0.0.1:{sock.getsockname()[1]}"
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
