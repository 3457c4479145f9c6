"""`storyforge ledger`: a real project's log in words."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.commands import CreateProject, Envelope
from actors.project.actor import project_id
from serve_app.cli import app
from serve_app.config import Settings
from serve_app.story_host import StoryHostCore

pytestmark = pytest.mark.unit


@pytest.fixture
def project(tmp_path: Path) -> str:
    async def make() -> str:
        host = StoryHostCore(Settings.from_args({"data_dir": str(tmp_path)}))
        await host.start()
        home = project_id("owner", "k")
        await host.runtime.command(Envelope(home, home, "owner", "k", CreateProject("Dumped", "SHORT")))
        await host.stop()
        return home

    return asyncio.run(make())


def test_s56_a_dump_is_one_json_object_a_row_beginning_with_the_owner(tmp_path: Path, project: str) -> None:
    """S-56: every row is there, in order, readable."""
    done = CliRunner().invoke(app, ["ledger", "dump", project, "--data-dir", str(tmp_path)])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.output.splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0]["kind"] == "ownership"
    assert any(row["type"] == "project.created" and row["body"]["title"] == "Dumped" for row in rows)


def test_s57_a_sound_project_is_called_sound(tmp_path: Path, project: str) -> None:
    """S-57: verification names faults, or says that there are none."""
    done = CliRunner().invoke(app, ["ledger", "verify", project, "--data-dir", str(tmp_path)])
    assert (done.exit_code, done.output.strip()) == (0, "sound")


@pytest.mark.parametrize("command", ["dump", "verify"])
def test_s57_a_database_that_is_away_is_a_sentence(tmp_path: Path, command: str) -> None:
    """S-57: with its code, whether to try again, and no password."""
    away = {"DATABASE_URL": "postgresql://ann:hush@127.0.0.1:9/story"}
    done = CliRunner().invoke(app, ["ledger", command, "prj_00000000", "--data-dir", str(tmp_path)], env=away)
    assert done.exit_code == 2
    assert "(LEDGER_UNAVAILABLE); try again" in done.output
    assert "hush" not in done.output
