"""The gpu profile's file deployed on Ray, all of it, with a tiny diffusion model.

What is real: the file and its resource demands, Ray's placing of them, every process, a film from words to a take. What
is not: the accelerator. Ray is told of one GPU that is not there (`--num-gpus 1`), so it places and hands over a device
by number, and PyTorch, which finds none, computes on the CPU. Nothing here says that the profile runs on a GPU.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import av
import pytest
import yaml

from tests.conftest import ROOT, wait_until
from tests.models import tiny
from tests.ports import free_port
from tests.serve.test_plain_deploy import BIN, ask, cluster_with, mutate, tool

pytestmark = pytest.mark.models
GIVEN = r"renderer on (\S+), accelerators given: (\S+)"
READY_S, FILM_S = 240, 240
SCRIPT = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n\nEDWARD\nSoup!\n"
JOB = """{ job(id: "%s") { state error { code message }
  take { backend degraded videoUrl durationS recipe } } }"""


def profile(port: int, model: dict[str, Any]) -> dict[str, Any]:
    """The file with another model and address, and one replica of each deployment; demands as they stand."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "deploy/serve_config.gpu.yaml").read_text())
    config["http_options"] = {"host": "127.0.0.1", "port": port}
    for application in config["applications"]:
        application["args"] |= {"video_models": [model], "host": "127.0.0.1", "port": port}
        for deployment in application["deployments"]:
            deployment["num_replicas"] = 1
    return config


def test_the_gpu_profile_deploys_on_a_logical_gpu_and_films_on_the_cpu(tmp_path: Path) -> None:
    """G-320: every deployment of the file is healthy under the demands the file states, the renderer alone is given the
    accelerator, by number, and a film goes from words through all of them to a take."""
    port, folder = free_port(), tmp_path / "animatediff"
    tiny.animatediff(folder)
    config = profile(port, tiny.model({"animatediff": folder}, "animatediff", 2))
    file = tmp_path / "serve_config.yaml"
    file.write_text(yaml.safe_dump(config))
    with cluster_with(tmp_path, "--num-cpus", "12", "--num-gpus", "1") as (env, dashboard):
        tool("serve", "deploy", str(file), "-a", f"http://127.0.0.1:{dashboard}", env=env)
        url = f"http://127.0.0.1:{port}"
        found = wait_until(lambda: healthy(dashboard, env), READY_S, "every deployment is healthy")
        assert found == {each["name"] for app in config["applications"] for each in app["deployments"]}
        assert "1.0/1.0 GPU" in said(env, "status")
        made = filmed(url, (tmp_path / "data" / "owner-token").read_text().strip())
        assert (made["backend"], made["degraded"]) == ("animatediff", False)
        assert json.loads(made["recipe"])["lineage"]["madeBy"] == "animatediff"
        film = tmp_path / "film.mp4"
        with urllib.request.urlopen(f"{url}{made['videoUrl']}", timeout=30) as answer:
            film.write_bytes(answer.read())
        with av.open(str(film)) as container:
            assert sum(1 for _ in container.decode(video=0)) == round(made["durationS"] * 24)
        logs = [each.read_text("utf-8", "replace") for each in Path(env["SFT_SCRATCH"]).rglob("*.log")]
        assert [one for text in logs for one in re.findall(GIVEN, text)] == [("cpu", "0")]


def healthy(dashboard: int, env: dict[str, str]) -> set[str] | None:
    """Names of all deployments once everything runs."""
    request = urllib.request.Request(f"http://127.0.0.1:{dashboard}/api/serve/applications/")
    request.add_header("Authorization", f"Bearer {env['RAY_AUTH_TOKEN']}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        applications = json.loads(answer.read())["applications"].values()
    told = {name: each["status"] for app in applications for name, each in app["deployments"].items()}
    running = [app["status"] for app in applications] == ["RUNNING"] * 3
    return set(told) if running and set(told.values()) == {"HEALTHY"} else None


def said(env: dict[str, str], *command: str) -> str:
    done = subprocess.run([str(BIN / "ray"), *command], env=env, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def filmed(url: str, token: str) -> dict[str, Any]:
    """One scene's take, asked for as a partner does."""

    def do(name: str, selection: str, **fields: Any) -> Any:
        query = f"mutation($i: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $i) {{ {selection} }} }}"
        return mutate(url, token, query, {**fields, "idempotencyKey": secrets.token_hex(8)})[name]

    project = do("createProject", "project { id }", title="Kitchen", type="SHORT")["project"]["id"]
    heading, script = SCRIPT.splitlines()[0], SCRIPT
    scene = do("createScene", "scene { id }", projectId=project, heading=heading, script=script)["scene"]["id"]
    asked = do("generateScene", "job { id } userErrors { code message }", sceneId=scene, autoPick=True, seed="7")
    assert asked["userErrors"] == []

    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = ask(f"{url}/graphql", {"query": JOB % asked["job"]["id"]}, token)[1]["data"]["job"]
        assert job["state"] != "FAILED", job["error"]
        return job["take"]

    take: dict[str, Any] = wait_until(ended, FILM_S, "the job has its take")
    return take
