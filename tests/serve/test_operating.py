"""What operators use, on the deployed stack: readiness, metrics, a backup of it while it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT, Stack
from tests.serve.stories import project_with_scene

pytestmark = pytest.mark.serve


def command(*words: str | Path) -> tuple[int, str]:
    argv = [sys.executable, "-m", "serve_app.cli", *map(str, words)]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.returncode, done.stdout + done.stderr


def test_w112_the_running_stack_is_ready(stack: Stack) -> None:
    """W-112: every live host says what it can do."""
    status, body = stack.request("/readyz")
    assert (status, body["ready"]) == (200, True), body
    assert body["hosts"]["ready"] == body["hosts"]["live"] >= 1
    assert all(all(can.values()) for can in body["each"].values())
    assert "each" not in stack.request("/readyz", token="")[1]


def test_w113_prometheus_reads_the_running_stack(stack: Stack) -> None:
    """W-113: with the token the command line prints, through the ingress, on every host."""
    project_with_scene(stack, "Measured")
    code, words = command("token", "--metrics", "--data-dir", stack.data_dir)
    assert code == 0, words
    assert stack.request("/metrics", token="nobody")[0] == 401
    status, text = stack.request("/metrics", token=words.strip())
    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(text)}
    answers = families["storyforge_host_answers"].samples
    assert {sample.value for sample in answers} == {1.0}
    hosts = {sample.labels["host"] for sample in answers}
    for name in ("lease_age_seconds", "sockets", "rooms", "tail_updates", "appends_waiting", "writer_operations"):
        assert {sample.labels["host"] for sample in families[f"storyforge_{name}"].samples} == hosts
    commits = [s.value for s in families["storyforge_commit_seconds"].samples if s.name.endswith("_count")]
    assert sum(commits) >= 2
    assert any(s.value for s in families["storyforge_loop_lag_seconds"].samples if s.name.endswith("_count"))


def test_w110_a_backup_of_the_running_stack_is_whole(stack: Stack, tmp_path: Path) -> None:
    """W-110: taken and verified beside the running hosts; the living installation is sound too."""
    project_with_scene(stack, "Backed up")
    code, words = command("backup", tmp_path / "backups", "--data-dir", stack.data_dir)
    assert code == 0, words
    for where in ((tmp_path / "backups",), ("--data-dir", stack.data_dir)):
        code, words = command("verify", *where)
        assert (code, words.startswith("sound")) == (0, True), words


def test_w117_a_project_is_copied_beside_the_running_hosts(stack: Stack) -> None:
    """W-117: the owner's host hands it to a helper; the copy is listed, read and edited like any project."""
    project, _ = project_with_scene(stack, "Copied")
    ask = "mutation($id: ID!, $key: String!) { copyProject(projectId: $id, idempotencyKey: $key) { %s } }"
    shown = "project { id title scenes { id script } } sequence userErrors { code message }"
    made = stack.graphql(ask % shown, id=project, key=stack.key())["copyProject"]
    assert made["userErrors"] == []
    copy = made["project"]
    assert copy["title"].startswith("Copied (copy as of")
    before = stack.graphql("query($id: ID!) { project(id: $id) { scenes { script } } }", id=project)["project"]
    assert [scene["script"] for scene in copy["scenes"]] == [scene["script"] for scene in before["scenes"]]
    scene = copy["scenes"][0]["id"]
    lock = "mutation($id: ID!, $key: String!) { lockScene(sceneId: $id, idempotencyKey: $key) { scene { status } } }"
    assert stack.graphql(lock, id=scene, key=stack.key())["lockScene"]["scene"]["status"] == "LOCKED"
