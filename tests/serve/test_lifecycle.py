"""R-54..R-58: the real command on a real Ray: starts, says one address, refuses a second start, leaves nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from serve_app.lifecycle import cluster, environment, instance, ports, processes
from tests.ports import free_port

pytestmark = pytest.mark.serve

COMMAND = [sys.executable, "-m", "serve_app.cli"]
ROOT = Path(__file__).parents[2]
READY_S = 120.0
STOP_S = 60.0
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


@dataclass
class Running:
    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    url: str
    said: str

    @property
    def signs(self) -> processes.Signs:
        return instance.signs_of(self.data_dir)

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return ask(*arguments, "--data-dir", str(self.data_dir))


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=STOP_S, check=False, cwd=ROOT)


def start(data_dir: Path) -> Running:
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port), "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:  # ends when the process does, so a failed start does not hang here
        said += line
        if found := re.fullmatch(r"(http://127\.0\.0\.1:\d+/\?token=\S+)\n", line):
            return Running(process, data_dir, port, found.group(1), said)
    _, why = process.communicate()
    pytest.fail(f"storyforge serve ended with {process.returncode}: {why}")


def end(running: Running) -> None:
    """Whatever a test left: nothing of it may outlive the module."""
    signs = running.signs
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            running.process.kill()
    processes.reap(signs)
    for stream in (running.process.stdout, running.process.stderr):
        if stream is not None:
            stream.close()


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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start(tmp_path_factory.mktemp("data"))
    yield running
    end(running)


def test_r54_it_says_one_address_and_is_healthy(running: Running) -> None:
    assert running.said.count("token=") == 1
    assert running.url.startswith(f"http://127.0.0.1:{running.port}/?token=")
    assert status_of(f"http://127.0.0.1:{running.port}/healthz") == 200
    assert running.ask("token").stdout.strip() == running.url


def test_r54_status_tells_machines_and_people(running: Running) -> None:
    told = running.ask("status", "--json")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["healthy"]
    assert found["hosts"] == 2
    assert found["ingress"] == environment.ingress_mode()
    assert {name: app["status"] for name, app in found["applications"].items()} == {
        "collab": "RUNNING",
        "studio": "RUNNING",
        "generation": "RUNNING",
    }
    people = running.ask("status").stdout
    assert "healthy" in people
    assert "StoryHost" in people


def test_r54_a_second_start_is_one_sentence(running: Running) -> None:
    again = running.ask("serve", "--port", str(free_port()))
    assert again.returncode == 2
    assert again.stderr.strip().splitlines() == [again.stderr.strip()]
    assert f"already runs on {running.data_dir}" in again.stderr


def test_r54_its_port_is_refused_to_another_data_dir(running: Running, tmp_path: Path) -> None:
    other = ask("serve", "--port", str(running.port), "--data-dir", str(tmp_path))
    assert other.returncode == 2
    assert other.stderr.strip().startswith(f"Port {running.port} on 127.0.0.1 is in use")


def test_r58_every_listening_socket_is_on_loopback(running: Running) -> None:
    addresses = listening([*processes.belonging(running.signs), running.process.pid])
    assert f"{running.port:04X}" in {address.partition(":")[2] for address in addresses}
    assert {address.partition(":")[0] for address in addresses} <= LOOPBACK


def test_r56_ctrl_c_ends_everything_it_started(running: Running) -> None:
    signs = running.signs
    assert processes.belonging(signs)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=STOP_S) == 0
    assert processes.belonging(signs) == []
    ports.require_free("127.0.0.1", running.port)
    assert not Path(signs.scratch).exists()
    assert instance.read_run(running.data_dir) is None
    assert "not running" in running.ask("status").stdout


def test_r56_after_kill_9_stop_ends_what_was_left(tmp_path: Path) -> None:
    running = start(tmp_path)
    try:
        signs = running.signs
        running.process.kill()
        running.process.wait(timeout=STOP_S)
        assert processes.belonging(signs)
        stopped = running.ask("stop")
        assert stopped.returncode == 0, stopped.stderr
        assert processes.belonging(signs) == []
        ports.require_free("127.0.0.1", running.port)
    finally:
        end(running)


@pytest.mark.filterwarnings("ignore:Using extra keyword arguments on `Field`")  # inside ray.serve.schema
def test_r58_the_same_file_works_with_plain_serve_deploy(tmp_path: Path) -> None:
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
