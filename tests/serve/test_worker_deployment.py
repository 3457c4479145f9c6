"""R-76: the gpu profile's `Worker` deployment, asked by a StoryHost of the same cluster."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, wait_until
from tests.ports import free_port
from tests.serve.peer import Person
from tests.serve.test_plain_deploy import READY_S, ask, cluster, tool

__all__ = ["cluster"]
pytestmark = pytest.mark.serve


def gpu_config(port: int) -> dict[str, Any]:
    """The gpu profile's own file, without what needs a GPU, at the size of a test machine."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "deploy/serve_config.gpu.yaml").read_text())
    config["http_options"] = {"host": "127.0.0.1", "port": port}
    config["applications"] = [each for each in config["applications"] if each["name"] != "generation"]
    for application in config["applications"]:
        for deployment in application["deployments"]:
            deployment["num_replicas"] = 1
            deployment["ray_actor_options"] = {"num_cpus": 0.1}
            deployment["logging_config"] = {"enable_access_log": deployment["name"] == "Worker"}
    return config


def test_r76_large_folds_go_to_the_worker_deployment(cluster: tuple[dict[str, str], int], tmp_path: Path) -> None:
    """R-76: the snapshot of a large document is made through it, and the host had to do nothing by itself."""
    env, dashboard = cluster
    port = free_port()
    file = tmp_path / "serve_config.yaml"
    file.write_text(yaml.safe_dump(gpu_config(port)))
    tool("serve", "deploy", str(file), "-a", f"http://127.0.0.1:{dashboard}", env=env)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: ask(f"{url}/healthz")[0] in (200, 207), READY_S, "/healthz answers")
    token = (tmp_path / "data" / "owner-token").read_text().strip()
    project, scene = made(url, token)
    asyncio.run(_typed(f"ws://127.0.0.1:{port}/collab/{project}/scene:{scene}", token))
    ledger = tmp_path / "data" / "ledger.db"
    wait_until(lambda: snapshots(ledger, f"scene:{scene}") > 0, 60, "the host has kept a snapshot")
    logs = {each.name: each.read_text(errors="replace") for each in Path(env["SFT_SCRATCH"]).rglob("*.log")}
    assert not [name for name, text in logs.items() if "the folding worker is gone" in text]
    assert [name for name, text in logs.items() if "Worker" in name and "ask" in text]


def made(url: str, token: str) -> tuple[str, str]:
    query = "mutation($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }"
    given = {"title": "Deployed", "type": "SHORT", "idempotencyKey": secrets.token_hex(8)}
    _, answer = ask(f"{url}/graphql", {"query": query, "variables": {"input": given}}, token)
    project = answer["data"]["createProject"]["project"]["id"]
    query = "mutation($input: CreateSceneInput!) { createScene(input: $input) { scene { id } } }"
    given = {"projectId": project, "heading": "INT. A - DAY", "idempotencyKey": secrets.token_hex(8)}
    status, answer = ask(f"{url}/graphql", {"query": query, "variables": {"input": given}}, token)
    assert status == 200, json.dumps(answer)
    return project, answer["data"]["createScene"]["scene"]["id"]


async def _typed(url: str, token: str) -> None:
    async with Person(url, token, "ana") as ana:
        for at in range(12):
            await ana.type(f"{at:02}" * 50_000)
        await ana.until_acknowledged()


def snapshots(ledger: Path, doc: str) -> int:
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as database:
        count: int = database.execute("SELECT count(*) FROM snapshots WHERE doc = ?", (doc,)).fetchone()[0]
    database.close()
    return count
