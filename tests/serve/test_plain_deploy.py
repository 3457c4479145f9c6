"""R-59, W-107: `serve deploy serve_config.yaml` on a cluster that the operator started, with nothing of our command
line, and again with another release while somebody types. Behind Serve's Python proxy: the rolls behind HAProxy are in
test_rolling.py.

Only what the documentation says is set: STORYFORGE_DATA_DIR, Ray's token, and ports, since other clusters may run on
the machine. Everything this test started is found by the mark in its environment and ended by its process id.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from serve_app.lifecycle import ports
from tests.conftest import ROOT, wait_until
from tests.ports import free_port
from tests.serve.rolling import Stock

pytestmark = pytest.mark.serve
BIN = Path(sys.executable).parent
MARK = "STORYFORGE_TEST_MARK"
READY_S = 120


def marked(mark: str) -> list[int]:
    """Processes that were born with our mark."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with suppress(OSError):
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def end(mark: str) -> None:
    def gone() -> bool:
        for pid in marked(mark):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not marked(mark)

    wait_until(gone, 30, "every process of the cluster has ended")


def tool(name: str, *arguments: str, env: dict[str, str]) -> None:
    done = subprocess.run(
        [str(BIN / name), *arguments], env=env, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[dict[str, str], int]]:
    """A two-CPU cluster by `ray start`: (its environment, its dashboard's port)."""
    with cluster_with(tmp_path, "--num-cpus", "2") as made:
        yield made


@contextmanager
def cluster_with(tmp_path: Path, *resources: str) -> Iterator[tuple[dict[str, str], int]]:
    """As `cluster`; `resources`: what `ray start` is told the machine has."""
    chosen, mark = ports.choose(), secrets.token_hex(8)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "STORYFORGE_"))} | {
        MARK: mark,
        "STORYFORGE_DATA_DIR": str(tmp_path / "data"),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        # Ports, for machines where another cluster runs; alone, none of these is needed.
        "AUTOSCALER_METRIC_PORT": str(chosen.autoscaler_metrics),
        "DASHBOARD_METRIC_PORT": str(chosen.dashboard_metrics),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(chosen.replicas_first),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(chosen.replicas_last),
    }
    with tempfile.TemporaryDirectory(prefix="sft-", dir="/tmp", ignore_cleanup_errors=True) as scratch:
        env["SFT_SCRATCH"] = scratch  # where the logs are
        try:
            tool(
                "ray",
                *("start", "--head", *resources, "--node-ip-address", "127.0.0.1", "--port", str(chosen.gcs)),
                *("--ray-client-server-port", str(chosen.ray_client), "--dashboard-port", str(chosen.dashboard)),
                *("--dashboard-agent-listen-port", str(chosen.dashboard_agent)),
                *("--metrics-export-port", str(chosen.metrics_export), "--disable-usage-stats"),
                *("--object-store-memory", str(256 * 1024 * 1024), "--temp-dir", scratch),
                env=env,
            )
            yield env, chosen.dashboard
        finally:
            end(mark)


def ask(url: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}
    except OSError:
        return 0, {}


def test_r59_plain_serve_deploy_serves(cluster: tuple[dict[str, str], int], tmp_path: Path) -> None:
    """R-59: the file of the repository, deployed by Ray's own tool on two CPUs, is healthy; the token that it made in
    the data directory opens it, and a project made with it is there. W-107: a second release rolls under somebody."""
    env, dashboard = cluster
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    port = free_port()
    config["http_options"]["port"] = port
    file = tmp_path / "serve_config.yaml"
    file.write_text(yaml.safe_dump(config))
    tool("serve", "deploy", str(file), "-a", f"http://127.0.0.1:{dashboard}", env=env)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: ask(f"{url}/healthz")[0] == 200, READY_S, "/healthz answers 200")
    token = (tmp_path / "data" / "owner-token").read_text().strip()
    made = "mutation($i: CreateProjectInput!) { createProject(input: $i) { project { id title } } }"
    given = {"title": "Deployed", "type": "SHORT", "idempotencyKey": secrets.token_hex(8)}
    assert ask(f"{url}/graphql", {"query": made, "variables": {"i": given}})[0] == 401
    project = mutate(url, token, made, given)["createProject"]["project"]
    assert project["title"] == "Deployed"
    status, found = ask(f"{url}/graphql", {"query": f'{{ project(id: "{project["id"]}") {{ title }} }}'}, token)
    assert (status, found["data"]["project"]["title"]) == (200, "Deployed")
    made = "mutation($i: CreateSceneInput!) { createScene(input: $i) { scene { id } } }"
    given = {"projectId": project["id"], "heading": "INT. HALL - DAY", "idempotencyKey": secrets.token_hex(8)}
    scene = mutate(url, token, made, given)["createScene"]["scene"]["id"]

    def next_release() -> None:
        next(app for app in config["applications"] if app["name"] == "collab")["args"]["release"] = "two"
        file.write_text(yaml.safe_dump(config))
        tool("serve", "deploy", str(file), "-a", f"http://127.0.0.1:{dashboard}", env=env)

    address = f"ws://127.0.0.1:{port}/collab/{project['id']}/scene:{scene}"
    asyncio.run(rolled(Stock(address, token, "Ada"), next_release))


def mutate(url: str, token: str, query: str, given: dict[str, Any]) -> Any:
    status, answer = ask(f"{url}/graphql", {"query": query, "variables": {"i": given}}, token)
    assert status == 200, answer
    return answer["data"]


async def rolled(ada: Stock, deploy: Callable[[], None]) -> None:
    """W-107: behind Serve's Python proxy too, a new release closes her socket with our code, and she is back within
    5 s with everything."""
    async with ada:
        deployed = asyncio.create_task(asyncio.to_thread(deploy))
        async with asyncio.timeout(READY_S):
            while not ada.away_s:
                await ada.type(f" <{len(ada.typed):04d}>")
                await asyncio.sleep(0.05)
        await deployed
        await ada.until_acknowledged()
        await ada.until(lambda: all(str(ada.text).count(word) == 1 for word in ada.typed))
        print(f"\nrolled behind Serve's own proxy: back after {max(ada.away_s):.2f} s")
        assert ada.close_codes == [4510]
        assert max(ada.away_s) <= 5.0
