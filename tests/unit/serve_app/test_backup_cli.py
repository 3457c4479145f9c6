"""`storyforge backup | restore | verify` on a real project (W-110)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.commands import CreateProject, CreateScene, Envelope
from actors.project.actor import project_id
from serve_app.cli import app
from serve_app.config import Settings
from serve_app.story_host import StoryHostCore

pytestmark = pytest.mark.unit
HOME = project_id("owner", "k")


def run(*argv: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in argv])
    return done.exit_code, done.output


async def _write(data: Path) -> None:
    host = StoryHostCore(Settings.from_args({"data_dir": str(data)}))
    await host.start()
    await host.runtime.command(Envelope(HOME, HOME, "owner", "k", CreateProject("Kept", "SHORT")))
    await host.runtime.command(Envelope(HOME, HOME, "owner", "k2", CreateScene("INT. SHED - DAY", "A lamp.")))
    await host.stop()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(_write(tmp_path / "data"))
    return tmp_path / "data"


def test_w110_back_up_verify_restore_and_go_on(data: Path, tmp_path: Path) -> None:
    """W-110: a restored installation opens its projects, under a new owner token unless the secrets were asked for."""
    code, words = run("backup", tmp_path / "backups", "--data-dir", data)
    assert code == 0, words
    assert "1 projects" in words
    for where in (("verify", tmp_path / "backups"), ("verify", "--data-dir", data)):
        code, words = run(*where)
        assert (code, words[:5]) == (0, "sound"), words
    code, words = run("restore", tmp_path / "backups", "--data-dir", tmp_path / "again")
    assert code == 0, words
    assert "1 projects as of" in words
    assert "holds no secrets" in words
    code, words = run("verify", "--data-dir", tmp_path / "again")
    assert (code, words[:5]) == (0, "sound"), words

    async def reopened() -> str:
        settings = Settings.from_args({"data_dir": str(tmp_path / "again")})
        assert settings.owner_token != (data / "owner-token").read_text()
        host = StoryHostCore(settings)
        await host.start()
        home = await host.runtime.open(HOME)
        scene = (await host.ledger.views("scene", parent=HOME))[0].id
        text = (await home.room(f"scene:{scene}")).text("script")
        await host.stop()
        return text

    assert "A lamp." in asyncio.run(reopened())
    code, words = run("ledger", "verify", HOME, "--data-dir", tmp_path / "again")
    assert (code, words.strip()) == (0, "sound")


def test_w110_secrets_are_kept_only_when_asked_for(data: Path, tmp_path: Path) -> None:
    """W-110: and only their owner can read them."""
    assert run("backup", tmp_path / "plain", "--data-dir", data)[0] == 0
    assert run("backup", tmp_path / "full", "--data-dir", data, "--secrets")[0] == 0
    token = (data / "owner-token").read_text()
    kept = [path for path in (tmp_path / "plain").rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert kept == []
    (secrets,) = (tmp_path / "full").rglob("secrets.json")
    assert json.loads(secrets.read_text())["owner-token"] == token
    assert secrets.stat().st_mode & 0o077 == 0
    assert run("restore", tmp_path / "full", "--data-dir", tmp_path / "again")[0] == 0
    assert (tmp_path / "again" / "owner-token").read_text() == token


def test_w111_a_restore_over_something_is_refused_with_the_fix(data: Path, tmp_path: Path) -> None:
    """W-111: over a ledger, over objects, from a damaged backup, from no backup: one sentence, nothing changed."""
    assert run("backup", tmp_path / "backups", "--data-dir", data)[0] == 0
    before = (data / "ledger.db").read_bytes()
    code, words = run("restore", tmp_path / "backups", "--data-dir", data)
    assert (code, "name a new data directory" in words.replace("\n", " ")) == (2, True), words
    assert (data / "ledger.db").read_bytes() == before
    stored = tmp_path / "stored"
    (stored / "objects" / "data" / "assets").mkdir(parents=True)
    code, words = run("restore", tmp_path / "backups", "--data-dir", stored)
    assert (code, "holds objects" in words) == (2, True), words
    (ledger,) = (tmp_path / "backups").rglob("ledger.sfb")
    raw = bytearray(ledger.read_bytes())
    raw[40] ^= 1
    ledger.write_bytes(raw)
    code, words = run("restore", tmp_path / "backups", "--data-dir", tmp_path / "again")
    assert (code, "damaged" in words, "ledger.sfb" in words) == (2, True, True), words
    assert not (tmp_path / "again" / "ledger.db").exists()
    code, words = run("verify", tmp_path / "backups")
    assert (code, "its checksum does not hold" in words) == (1, True), words
    for command in (
        ("restore", data, "--data-dir", tmp_path / "x"),
        ("backup", data, "--data-dir", data),
        ("backup", tmp_path / "y", "--data-dir", tmp_path / "nowhere"),
        ("verify", "--data-dir", tmp_path / "nowhere"),
    ):
        code, words = run(*command)
        assert (code, words.count("\n")) == (2, 1), words
