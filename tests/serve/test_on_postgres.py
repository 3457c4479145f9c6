"""The whole product on PostgreSQL: a project, people who type, a killed owner, its log looked into (S-83, S-84)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, start_stack, stop_stack
from tests.postgres import Server
from tests.serve.kills import kill_again_and_again
from tests.serve.test_lifecycle import ends_after_kill_9

pytestmark = pytest.mark.serve

SECRET = "password-of-tests"


async def test_s83_a_killed_owner_loses_nothing_on_postgres(
    tmp_path: Path, postgres_url: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-83: `storyforge serve` with DATABASE_URL: the ledger is there and nowhere else, and survives its owner; the
    command line looks into it; S-84: the password is in no log. R-56: killed itself, `stop` ends the rest."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    stack = await asyncio.to_thread(start_stack, tmp_path / "data")
    try:
        print(f"\n{await kill_again_and_again(stack, 1)}")
        found = await asyncio.to_thread(postgres_server.run, "SELECT name FROM storyforge.homes", "ledger")
        project = next(str(name) for (name,) in found if str(name).startswith("prj_"))
        for command, said in (("verify", "sound"), ("dump", "home.claimed")):
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "serve_app.cli", "ledger", command, project, "--data-dir", str(stack.data_dir)],
                capture_output=True, text=True, timeout=60, check=True, cwd=ROOT,
            )  # fmt: skip
            assert said in done.stdout
        await asyncio.to_thread(ends_after_kill_9, stack)
    finally:
        await asyncio.to_thread(stop_stack, stack)
    assert not (stack.data_dir / "ledger.db").exists()
    assert "password" not in "".join(logs(tmp_path))


def logs(folder: Path) -> list[str]:
    """Every file of text that was left, the secret itself (of tests alone) marked."""
    paths = [path for kind in ("*.log", "*.out", "*.err") for path in folder.rglob(kind) if path.is_file()]
    assert paths
    return ["password" for path in paths if SECRET in path.read_text(errors="replace")]
