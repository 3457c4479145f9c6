"""R-54..R-58: the real command on a real Ray: starts, says one address, refuses a second start, leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from serve_app.lifecycle import cluster, environment, instance, ports, processes
from tests.conftest import Stack, wait_until
from tests.ports import free_port

pytestmark = pytest.mark.serve

COMMAND = [sys.executable, "-m", "serve_app.cli"]
ROOT = Path(__file__).parents[2]
READY_S = 120.0
STOP_S = 60.0
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=STOP_S, check=False, cwd=ROOT)


def ask_about(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return ask(*arguments, "--data-dir", str(stack.data_dir))


def listening(pids: list[int]) -> list[str]:
    """Local addresses (kernel's hex) of all listening TCP sockets of these processes."""
    inodes = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.add(os.readlink(entry))
            except OSError:
                continue
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in Path(table).read_text().splitlines()[1:]:
            columns = row.split()
            if columns[3] == "0A" and f"socket:[{columns[9]}]" in inodes:
                found.append(columns[1])
    return found


def status_of(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


def test_r54_it_says_one_address_and_is_healthy(stack: Stack) -> None:
    said = stack.log.read_text()
    assert said.count("token=") == 1
    assert f"{stack.url}/?token={stack.token}" in said.splitlines()
    assert status_of(f"{stack.url}/healthz") == 200
    assert ask_about(stack, "token").stdout.strip() == f"{stack.url}/?token={stack.token}"


def test_r54_status_tells_machines_and_people(stack: Stack) -> None:
    def told() -> dict[str, Any] | None:
        answer = ask_about(stack, "status", "--json")
        found: dict[str, Any] = json.loads(answer.stdout)
        return found if answer.returncode == 0 and found["hosts"] == 2 else None  # other tests kill hosts

    found = wait_until(told, READY_S, "status says that it is healthy, with two hosts")
    assert found["healthy"]
    assert found["ingress"] == environment.ingress_mode()
    assert {name: app["status"] for name, app in found["applications"].items()} == {
        "collab": "RUNNING",
        "studio": "RUNNING",
        "generation": "RUNNING",
    }
    people = ask_about(stack, "status").stdout
    assert "healthy" in people
    assert "StoryHost" in people


def test_r54_a_second_start_is_one_sentence(stack: Stack) -> None:
    again = ask_about(stack, "serve", "--port", str(free_port()))
    assert again.returncode == 2
    assert again.stderr.strip().splitlines() == [again.stderr.strip()]
    assert f"already runs on {stack.data_dir}" in again.stderr


def test_r54_its_port_is_refused_to_another_data_dir(stack: Stack, tmp_path: Path) -> None:
    other = ask("serve", "--port", str(stack.port), "--data-dir", str(tmp_path))
    assert other.returncode == 2
    assert other.stderr.strip().startswith(f"Port {stack.port} on 127.0.0.1 is in use")


def test_r58_every_listening_socket_is_on_loopback(stack: Stack) -> None:
    addresses = listening([*processes.belonging(instance.signs_of(stack.data_dir)), stack.process.pid])
    assert f"{stack.port:04X}" in {address.partition(":")[2] for address in addresses}
    assert {address.partition(":")[0] for address in addresses} <= LOOPBACK


def test_r56_ctrl_c_ends_everything_it_started(ending: Stack) -> None:
    signs = instance.signs_of(ending.data_dir)
    assert processes.belonging(signs)
    ending.process.send_signal(signal.SIGINT)
    assert ending.process.wait(timeout=STOP_S) == 0
    assert processes.belonging(signs) == []
    ports.require_free("127.0.0.1", ending.port)
    assert not Path(signs.scratch).exists()
    assert instance.read_run(ending.data_dir) is None
    assert "not running" in ask_about(ending, "status").stdout


def ends_after_kill_9(stack: Stack) -> None:
    """R-56: the command is gone at once; `storyforge stop` ends what it left."""
    signs = instance.signs_of(stack.data_dir)
    stack.process.kill()
    stack.process.wait(timeout=STOP_S)
    assert processes.belonging(signs)
    stopped = ask_about(stack, "stop")
    assert stopped.returncode == 0, stopped.stderr
    assert processes.belonging(signs) == []
    ports.require_free("127.0.0.1", stack.port)


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore:Using extra keyword arguments on `Field`")  # inside ray.serve.schema
def test_r58_the_same_file_works_with_plain_serve_deploy(tmp_path: Path) -> None:
    """R-58: by Ray's tool on a cluster of ours, behind HAProxy. In `make test` the file is held by every stack, and
    Ray's tool by R-59; both together are rolled in test_rolling.py."""
    data_dir, scratch = tmp_path / "data", instance.scratch_dir(instance.instance_name(tmp_path))
    chosen, port = ports.choose(), free_port()
    token = environment.new_ray_token()
    base = {**os.environ, "STORYFORGE_DATA_DIR": str(data_dir)}
    variables = environment.cluster_environment(
        instance=instance.instance_name(tmp_path),
        scratch=scratch,
        ports=chosen,
        ray_token=token,
        ingress=environment.ingress_mode(),
        fd_limit=environment.raise_fd_limit(),
        base=base,
    )
    config = cluster.load_config(Path(os.environ.get("STORYFORGE_CONFIG", ROOT / "serve_config.yaml")))
    config["http_options"]["port"] = port  # the one change: 8000 may be taken on a developer's machine
    file = tmp_path / "serve_config.yaml"
    file.write_text(yaml.safe_dump(config))
    sessions: list[int] = []
    try:
        cluster.start_ray(variables, chosen, scratch, dashboard=True, session=sessions.append)
        deployed = subprocess.run(
            [
                str(Path(sys.executable).parent / "serve"),
                "deploy",
                str(file),
                "-a",
                f"http://127.0.0.1:{chosen.dashboard}",
            ],
            env=variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        deadline = time.monotonic() + READY_S
        while not cluster.healthy(f"http://127.0.0.1:{port}"):
            assert time.monotonic() < deadline, "not healthy in time"
            time.sleep(0.2)
    finally:
        signs = processes.Signs(instance.instance_name(tmp_path), str(scratch), *sessions)
        processes.reap(signs)
        instance.clear_scratch(signs.instance)
    assert processes.belonging(signs) == []
