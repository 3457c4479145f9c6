"""`storyforge copy-project`: one project as it was, beside itself (W-115 to W-117)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pycrdt
import pytest
from typer.testing import CliRunner

from actors.commands import CreateAccessLink, CreateProject, CreateScene, Envelope, GenerateScene, NameVersion
from actors.project.actor import project_id
from actors.runtime.home import Home
from actors.views import ProjectView, SceneView
from collab.text import insert
from gpu.steps import Step
from serve_app.cli import app
from serve_app.config import Settings
from serve_app.pasts import Pasts
from serve_app.story_host import StoryHostCore
from serve_app.studio import StudioCore
from storage.ledger.dump import dump
from tests.unit.actors.scene.worker import SmallWorker

pytestmark = pytest.mark.unit

HOME = project_id("owner", "k")
SCRIPT = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n\nEDWARD\nSoup!\n"
ALL_STEPS = (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)


def run(*argv: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in argv])
    return done.exit_code, done.output


@dataclass
class Host:
    """A host on a data directory, and the few words tests speak to it."""

    core: StoryHostCore
    keys: int = 0

    async def ask(self, home: str, command: object, key: str | None = None) -> dict[str, str]:
        self.keys += 1
        target = getattr(command, "scene", home)
        envelope = Envelope(home, target, "owner", key or f"key-{self.keys}", command)  # type: ignore[arg-type]
        return (await self.core.runtime.command(envelope)).ids

    async def home(self, id: str) -> Home:
        return await self.core.runtime.open(id)

    async def type(self, home: str, scene: str, words: str) -> int:
        room = await (await self.home(home)).room(f"scene:{scene}")
        return await room.edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), 0, words), "anna")

    async def generate(self, home: str, scene: str, *steps: Step) -> None:
        worker = SmallWorker(self.core.ledger)  # type: ignore[arg-type]
        await self.ask(home, GenerateScene(scene, auto_pick=True))
        for step in steps:
            while (attempt := await worker.once(step)) is not None and attempt.home != home:
                pass  # another project's
            assert attempt is not None, step
            await self.core.runtime.attempt_changed(home, attempt.id)
            await (await self.home(home)).activation(scene).idle()

    async def rows(self, home: str) -> list[dict[str, object]]:
        return [row async for row in dump(self.core.ledger, home)]


@asynccontextmanager
async def started(data: Path) -> AsyncIterator[Host]:
    core = StoryHostCore(Settings.from_args({"data_dir": str(data)}))
    await core.start()
    try:
        yield Host(core)
    finally:
        await core.stop()


@dataclass
class Life:
    data: Path
    scene: str
    at: int
    text: str
    link: str


async def _live(data: Path) -> Life:
    async with started(data) as host:
        await host.ask(HOME, CreateProject("Heat", "SHORT"), "k")
        scene = (await host.ask(HOME, CreateScene("INT. KITCHEN - NIGHT", SCRIPT)))["scene"]
        await host.ask(HOME, CreateScene("EXT. PIER - DUSK", f"Gulls over {scene}."))
        link = (await host.ask(HOME, CreateAccessLink("Ben", "EDITOR")))["access"]
        await host.ask(HOME, NameVersion(scene, "First", None))
        await host.generate(HOME, scene, *ALL_STEPS)
        await host.generate(HOME, scene, Step.ENHANCE)  # one is under way
        await host.type(HOME, scene, "THE BIG ")
        at = await host.core.ledger.head(HOME)
        text = await Pasts(host.core.ledger).ask(HOME, f"scene:{scene}", lambda past: past.text(at))
        await host.type(HOME, scene, "LATER ")
        await host.ask(HOME, CreateScene("INT. LATER", None))
    return Life(data, scene, at, text, link)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return asyncio.run(_live(tmp_path / "data"))


def test_w115_a_copy_is_the_project_as_it_was(life: Life) -> None:
    """W-115: text as history tells it, title, takes and versions; ids of its own; the original untouched."""

    async def original() -> list[dict[str, object]]:
        async with started(life.data) as host:
            rows = await host.rows(HOME)
        return rows

    before = asyncio.run(original())
    code, words = run("copy-project", HOME, "--at", str(life.at), "--data-dir", life.data)
    assert code == 0, words
    copy = words.splitlines()[-1]

    async def look() -> None:
        async with started(life.data) as host:
            ledger = host.core.ledger
            assert await host.rows(HOME) == before
            row = await ledger.view("project", copy)
            assert row is not None
            assert ProjectView.from_blob(row.body or b"").title.startswith("Heat (copy as of 2")
            scenes = [SceneView.from_blob(view.body or b"") for view in await ledger.views("scene", parent=copy)]
            assert len(scenes) == 2
            assert life.scene not in {scene.id for scene in scenes}
            mine = scenes[0]
            asked = Pasts(ledger)
            assert mine.script == life.text
            for seq in (life.at, await ledger.head(copy)):
                assert await asked.ask(copy, f"scene:{mine.id}", lambda past, seq=seq: past.text(seq)) == life.text
            assert scenes[1].script.endswith(f"Gulls over {life.scene}.")  # words are words, not names
            assert (mine.status, mine.bible_version) == ("COMPLETE", 1)
            for kind, count in (("take", 1), ("version", 1), ("job", 2), ("open_job", 0), ("access", 0)):
                assert await ledger.count_views(kind, home=copy) == count, kind
            states = sorted(
                json.loads(json.dumps(row["type"])) for row in await host.rows(copy) if "cancel" in str(row["type"])
            )
            assert states == ["job.cancelled"]
            rows = await host.rows(copy)
            assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
            assert [row["at_ms"] for row in rows[: life.at]] == [row["at_ms"] for row in before[: life.at]]
            told = next(row["body"] for row in rows if row["type"] == "project.copied")
            assert isinstance(told, dict)
            assert (told["source"], told["sequence"], told["by"]) == (HOME, life.at, "owner")
            everything = json.dumps(rows).replace(f"Gulls over {life.scene}.", "")
            assert life.link not in everything

    asyncio.run(look())
    code, words = run("verify", "--data-dir", life.data)
    assert (code, words[:5]) == (0, "sound"), words


def test_w116_a_copy_is_lived_in(life: Life) -> None:
    """W-116: it is opened, edited, generated and shown like any other; what was under way is not."""
    code, words = run("copy-project", HOME, "--at", str(life.at), "--data-dir", life.data)
    assert code == 0, words
    copy = words.splitlines()[-1]

    async def use() -> None:
        async with started(life.data) as host:
            scene = (await host.core.ledger.views("scene", parent=copy))[0].id
            home = await host.home(copy)
            assert home.waits_for() == {}
            live, outline = await home.room("live"), await home.room("outline")
            assert set(live.map("scenes")) == set(outline.map("order"))
            assert outline.map("meta")["title"].startswith("Heat (copy")
            assert len(live.map("jobs")) == 2
            await host.type(copy, scene, "ANEW ")
            assert (await home.room(f"scene:{scene}")).text("script") == f"ANEW {life.text}"
            await host.generate(copy, scene, *ALL_STEPS)
            assert await host.core.ledger.count_views("take", home=copy) == 2
            assert await host.core.ledger.count_views("take", home=HOME) == 1
            first = (await host.home(HOME)).rooms
            assert first is not home.rooms
            await host.ask(copy, CreateScene("INT. MORE", None))

    asyncio.run(use())
    code, words = run("ledger", "verify", copy, "--data-dir", life.data)
    assert (code, words.strip()) == (0, "sound")


def test_w116_a_copy_out_of_a_backup(life: Life, tmp_path: Path) -> None:
    """W-116: the project as it was, in a ledger that has lost it, at a moment instead of a sequence."""
    assert run("backup", tmp_path / "backups", "--data-dir", life.data)[0] == 0
    other = tmp_path / "other"
    again = ("copy-project", HOME, "--from", tmp_path / "backups", "--data-dir", other, "--at")
    asyncio.run(_empty(other))
    code, words = run(*again, "2999-01-01T00:00Z")
    assert code == 0, words
    copy = words.splitlines()[-1]
    code, words = run("ledger", "dump", copy, "--data-dir", other)
    assert code == 0
    types = [json.loads(line)["type"] for line in words.splitlines()]
    assert types.count("scene.created") == 3
    code, words = run(*again, "2001-01-01T00:00Z")
    assert (code, "did not exist yet" in words) == (2, True), words


async def _empty(data: Path) -> None:
    async with started(data) as host:
        assert host.core.runtime.homes == ()


def test_w117_asked_again_it_is_the_same_copy_and_refusals_leave_nothing(life: Life) -> None:
    """W-117: a key is one copy; another request under it, a point that is not there and an unknown project are refused
    and leave no row; a copy that was cut off is begun anew."""
    again = ("copy-project", HOME, "--at", str(life.at), "--data-dir", life.data, "--key", "once")
    (one, first), (two, second) = run(*again), run(*again)
    assert (one, two) == (0, 0), (first, second)
    assert first.splitlines()[-1] == second.splitlines()[-1]
    with closing(sqlite3.connect(life.data / "ledger.db")) as db:
        names = [name for (name,) in db.execute("SELECT name FROM homes ORDER BY num")]
    refused = (
        (("copy-project", HOME, "--at", "7", "--data-dir", life.data, "--key", "once"), "IDEMPOTENCY_KEY_REUSED"),
        (("copy-project", HOME, "--at", "99999", "--data-dir", life.data), "BAD_SEQUENCE"),
        (("copy-project", HOME, "--at", "1", "--data-dir", life.data), "NOT_FOUND"),
        (("copy-project", "prj_" + "a" * 26, "--data-dir", life.data), "NOT_FOUND"),
        (("copy-project", HOME, "--at", "yesterday", "--data-dir", life.data), "neither a sequence nor a time"),
    )
    for words, code in refused:
        status, said = run(*words)
        assert (status, code in said.replace("\n", " ")) == (2, True), said
    with closing(sqlite3.connect(life.data / "ledger.db")) as db:
        assert [name for (name,) in db.execute("SELECT name FROM homes ORDER BY num")] == names
        counted = db.execute("SELECT count(DISTINCT home) FROM events").fetchone()[0]
        assert counted == len(names)
        half = first.splitlines()[-1]
        db.execute("DELETE FROM views WHERE home = ?", (half,))
        db.execute("DELETE FROM responses WHERE home = ?", (half,))
        db.execute("DELETE FROM events WHERE seq > 5 AND home = (SELECT num FROM homes WHERE name = ?)", (half,))
        db.execute("UPDATE homes SET seq = 5 WHERE name = ?", (half,))
        db.commit()
    status, said = run(*again)
    assert (status, said.splitlines()[-1]) == (0, half)
    status, said = run("ledger", "verify", half, "--data-dir", life.data)
    assert (status, said.strip()) == (0, "sound")


COPY = """mutation Copy($id: ID!, $at: String, $key: String!) {
  copyProject(projectId: $id, atSequence: $at, idempotencyKey: $key) {
    project { id title scenes { script } } sequence userErrors { code path }
  }
}"""


async def test_w117_the_owner_copies_by_graphql_beside_the_running_host(tmp_path: Path) -> None:
    """W-117: asked of the running installation, made beside it, shown like any project; for the owner alone."""
    life = await asyncio.to_thread(lambda: asyncio.run(_live(tmp_path / "data")))
    settings = Settings.from_args({"data_dir": str(life.data)})

    async def runs() -> bool:
        return True

    studio = StudioCore(settings, runs)
    await studio.start()
    async with (
        started(life.data) as host,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=studio.app), base_url="http://studio.test") as client,
    ):

        async def ask(at: str | None, key: str, token: str = settings.owner_token) -> dict[str, Any]:
            headers = {"authorization": f"Bearer {token}"}
            variables = {"id": HOME, "at": at, "key": key}
            answer = await client.post("/graphql", json={"query": COPY, "variables": variables}, headers=headers)
            found: dict[str, Any] = answer.json()["data"]["copyProject"]
            return found

        first, again = await ask(str(life.at), "one"), await ask(str(life.at), "one")
        assert first == again
        assert first["userErrors"] == []
        assert first["project"]["scenes"][0]["script"] == life.text
        assert first["project"]["title"].startswith("Heat (copy as of")
        assert first["sequence"] == str(await host.core.ledger.head(first["project"]["id"]))
        assert (await ask("7", "one"))["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
        assert (await ask("999999", "two"))["userErrors"][0]["path"][-1] == "atSequence"
        link = host.core.gate.link_token(HOME, life.link)
        denied = await client.post(
            "/graphql",
            json={"query": COPY, "variables": {"id": HOME, "key": "three"}},
            headers={"authorization": f"Bearer {link}"},
        )
        assert [error["extensions"]["code"] for error in denied.json()["errors"]] == ["FORBIDDEN"]
    await studio.stop()


def test_w117_a_copy_that_would_lack_its_beginning_is_refused(life: Life) -> None:
    """W-117: rows that left the ledger are not passed over in silence."""
    with closing(sqlite3.connect(life.data / "ledger.db")) as db:
        db.execute("DELETE FROM events WHERE seq < 4")
        db.commit()
    code, words = run("copy-project", HOME, "--data-dir", life.data)
    assert (code, "ARCHIVED" in words) == (2, True), words
