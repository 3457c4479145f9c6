"""R-54..R-57: what a start checks first, what it tells Ray, and what a stop may touch."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serve_app import cli
from serve_app.lifecycle import cluster, editor_build, environment, instance, ports, processes, serving
from serve_app.lifecycle.refusal import Refusal

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def run_on(data_dir: Path, **changed: object) -> instance.Run:
    given: dict[str, object] = {
        "instance": instance.instance_name(data_dir),
        "pid": os.getpid(),
        "url": "http://127.0.0.1:1",
        "ingress": "python",
        "ray_address": "127.0.0.1:1",
        "ray_token": "t",
        "scratch": str(data_dir / "scratch"),
        "started_at": 0.0,
        "ports": {},
    }
    return instance.Run(**{**given, **changed})  # type: ignore[arg-type]


def test_r54_a_second_start_on_the_same_data_dir_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with instance.only_one(tmp_path):
        instance.write_run(tmp_path, run_on(tmp_path))
        assert instance.is_running(tmp_path)
        with pytest.raises(Refusal, match=r"already runs on .* at http://127\.0\.0\.1:1"), instance.only_one(tmp_path):
            pytest.fail("locked twice")
    assert not instance.is_running(tmp_path)


def test_r54_a_busy_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(cli.app, ["serve", "--port", str(port), "--data-dir", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr.strip().splitlines()[-1].startswith(f"Port {port} on 127.0.0.1 is in use")
    assert not (tmp_path / instance.RUN_FILE).exists()


def test_r54_an_unwritable_data_dir_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(cli.app, ["serve", "--data-dir", str(tmp_path / "file" / "x")])
    assert done.exit_code == 2
    assert "cannot write in" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["applications: 3", "- a list", "{", None])
def test_r54_a_config_that_is_none_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Refusal):
        cluster.load_config(path)


@pytest.mark.parametrize("command", [["status"], ["token"], ["owner", "prj_1"], ["import", __file__]])
def test_r54_asking_when_nothing_runs_is_answered_in_words(tmp_path: Path, command: list[str]) -> None:
    done = CliRunner().invoke(cli.app, [*command, "--data-dir", str(tmp_path)])
    assert done.exit_code in (1, 2)
    assert "not running" in done.stdout + done.stderr
    assert CliRunner().invoke(cli.app, ["stop", "--data-dir", str(tmp_path)]).stdout.strip() == "nothing was running"


def test_r55_the_cluster_is_told_everything_before_it_is_born(tmp_path: Path) -> None:
    chosen = ports.Ports(30_000, *range(1, 12))
    told = environment.cluster_environment(
        instance="abc",
        scratch=tmp_path,
        ports=chosen,
        ray_token="secret",
        ingress="haproxy",
        fd_limit=20_000,
        base={"RAY_SERVE_HAPROXY_NBTHREAD": "7", "RAY_ADDRESS": "elsewhere", "HOME": "/h"},
    )
    assert told["RAY_SERVE_ENABLE_HA_PROXY"] == "1"
    assert told["RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD"] == "0"
    assert told["RAY_worker_niceness"] == "0", "hosts go before a backup"
    assert told["RAY_SERVE_HAPROXY_MAXCONN"] == "7692"
    assert told["RAY_SERVE_HAPROXY_BALANCE_ALGORITHM"].splitlines()[0] == "hash path,field(3,/)"
    assert (told["RAY_AUTH_MODE"], told["RAY_AUTH_TOKEN"]) == ("token", "secret")
    assert told["RAY_SERVE_HAPROXY_NBTHREAD"] == "7", "what the operator set wins"
    assert "RAY_ADDRESS" not in told
    launcher = Path(told["RAY_SERVE_HAPROXY_BINARY_PATH"])
    assert os.access(launcher, os.X_OK)
    assert subprocess.run([launcher, "-v"], capture_output=True, check=True, timeout=20).stdout.startswith(b"HAProxy")


def test_r55_maxconn_stays_well_under_the_descriptor_limit() -> None:
    assert environment.connections_max(1024) == 393
    assert environment.connections_max(10**6) == environment.MAXCONN_CAP
    assert environment.connections_max(10) == 100


def test_r55_ports_of_two_instances_never_meet() -> None:
    first = ports.choose()
    numbers = list(first.as_dict().values())
    assert len(set(numbers)) == len(numbers)
    with socket.create_server(("127.0.0.1", first.replicas_first)):
        assert ports.choose().replicas_first != first.replicas_first


def test_r55_the_config_gets_address_arguments_and_hosts_and_the_file_stays_as_it_is() -> None:
    config = cluster.load_config(ROOT / "serve_config.yaml")
    filled = cluster.fill_config(config, host="127.0.0.1", port=9, args={"data_dir": "/d"}, hosts=3)
    assert filled["http_options"] == {"host": "127.0.0.1", "port": 9}
    assert [app["args"] for app in filled["applications"]] == [
        {"release": "", "profile": "embedded", "data_dir": "/d"}
    ] * 3
    assert filled["applications"][0]["deployments"][0]["num_replicas"] == 3
    assert config["applications"][0]["deployments"][0]["num_replicas"] == 2
    assert "data_dir" not in config["applications"][0]["args"]


@pytest.mark.filterwarnings("ignore:Using extra keyword arguments on `Field`")  # inside ray.serve.schema
@pytest.mark.parametrize("name", ["serve_config.yaml", "deploy/serve_config.gpu.yaml"])
def test_r55_the_shipped_configs_are_what_serve_accepts(name: str) -> None:
    from ray.serve.schema import ServeDeploySchema

    config = cluster.load_config(ROOT / name)
    schema = ServeDeploySchema.model_validate(config)
    assert [app.name for app in schema.applications] == ["collab", "studio", "generation"]
    assert [app.route_prefix for app in schema.applications] == ["/collab", "/", None]
    assert "request_timeout_s" not in config["http_options"], "it cuts WebSockets"


def test_r55_the_embedded_profile_fits_two_cpus() -> None:
    config = cluster.load_config(ROOT / "serve_config.yaml")
    wanted = sum(
        deployment["ray_actor_options"]["num_cpus"] * deployment["num_replicas"]
        for app in config["applications"]
        for deployment in app["deployments"]
    )
    assert wanted <= 1.0


def test_r56_only_marked_processes_are_ended(tmp_path: Path) -> None:
    signs = processes.Signs("test-r56", str(tmp_path))
    ours = subprocess.Popen(SLEEPER, env={**os.environ, processes.MARK_ENV: "test-r56"})
    other = subprocess.Popen(SLEEPER, env={**os.environ, processes.MARK_ENV: "test-r56-not"})
    try:
        assert processes.belonging(signs) == [ours.pid]
        assert processes.reap(signs) == [ours.pid]
        assert ours.wait(timeout=5) == -signal.SIGTERM
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_r56_a_process_that_lost_its_mark_is_known_by_session_and_a_second_sign(tmp_path: Path) -> None:
    command = [*SLEEPER[:2], f"{SLEEPER[2]} # {tmp_path}"]
    ours = subprocess.Popen(command, start_new_session=True)
    stranger = subprocess.Popen(SLEEPER, start_new_session=True)
    try:
        assert processes.belonging(processes.Signs("x", str(tmp_path), ours.pid)) == [ours.pid]
        assert processes.belonging(processes.Signs("x", str(tmp_path), stranger.pid)) == []
        assert processes.belonging(processes.Signs("x", str(tmp_path))) == []
    finally:
        for process in (ours, stranger):
            process.kill()
            process.wait()


def test_r56_without_proc_the_session_is_found_through_ps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = subprocess.Popen([*SLEEPER[:2], f"{SLEEPER[2]} # {tmp_path}"], start_new_session=True)
    try:
        monkeypatch.setattr(sys, "platform", "darwin")
        assert processes.belonging(processes.Signs("x", str(tmp_path), ours.pid)) == [ours.pid]
    finally:
        ours.kill()
        ours.wait()


def test_r56_one_that_ignores_sigterm_is_ended_too(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    stubborn = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, processes.MARK_ENV: "test-stubborn"}, stdout=subprocess.PIPE
    )
    assert stubborn.stdout is not None
    assert stubborn.stdout.readline() == b"1\n"
    processes.reap(processes.Signs("test-stubborn", str(tmp_path)), grace_s=0.3)
    assert stubborn.wait(timeout=5) == -signal.SIGKILL
    stubborn.stdout.close()


def test_r56_stop_after_a_crash_ends_what_was_left(tmp_path: Path) -> None:
    name = instance.instance_name(tmp_path)
    left = subprocess.Popen(SLEEPER, env={**os.environ, processes.MARK_ENV: name})
    instance.write_run(tmp_path, run_on(tmp_path, pid=999_999_999))
    assert serving.stop(tmp_path, say=lambda _sentence: None)
    assert left.wait(timeout=5) == -signal.SIGTERM
    assert instance.read_run(tmp_path) is None


def test_r56_the_run_file_is_private_and_a_broken_one_reads_as_none(tmp_path: Path) -> None:
    instance.write_run(tmp_path, run_on(tmp_path))
    path = tmp_path / instance.RUN_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert instance.read_run(tmp_path) == run_on(tmp_path)
    for broken in ("", "{", "[]", '{"pid": 1}'):
        path.write_text(broken)
        assert instance.read_run(tmp_path) is None


def test_r56_a_scratch_folder_of_someone_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert stat.S_IMODE(instance.scratch_dir("mine").stat().st_mode) == 0o700
    (tmp_path / "sf-open").mkdir(mode=0o755)
    (tmp_path / "sf-link").symlink_to(tmp_path / "sf-mine")
    for name in ("open", "link"):
        with pytest.raises(Refusal, match="belongs to someone else"):
            instance.scratch_dir(name)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A package with an editor beside it, not built; returns the package folder."""
    editor = tmp_path / "editor"
    (editor / "src").mkdir(parents=True)
    (editor / "src" / "main.ts").write_text("export {}")
    (editor / "package.json").write_text("{}")
    package = tmp_path / "serve_app"
    package.mkdir()
    return package


def test_r57_an_editor_that_is_newer_than_its_build_is_not_current(checkout: Path) -> None:
    assert not editor_build.is_current(checkout)
    static = editor_build.static_dir(checkout)
    static.mkdir()
    (static / "index.html").write_text("")
    assert editor_build.is_current(checkout)
    later = (static / "index.html").stat().st_mtime + 10
    os.utime(checkout.parent / "editor" / "src" / "main.ts", (later, later))
    assert not editor_build.is_current(checkout)


def test_r57_an_installed_wheel_never_looks_for_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not editor_build.ensure_built(lambda _sentence: None, tmp_path / "site-packages" / "serve_app")


@pytest.mark.parametrize(("version", "found"), [(None, "Node was not found"), ("v18.20.1", "only Node 18 was found")])
def test_r57_a_missing_or_old_node_is_one_sentence(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, found: str
) -> None:
    folder = checkout.parent / "bin"
    folder.mkdir()
    if version is not None:
        (folder / "node").write_text(f"#!/bin/sh\necho {version}\n")
        (folder / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(editor_build, "bundled_node", lambda: None)
    with pytest.raises(Refusal, match=found):
        editor_build.ensure_built(lambda _sentence: None, checkout)


def test_r57_a_failing_build_says_what_failed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = checkout.parent / "bin"
    folder.mkdir()
    for name, body in (("node", "echo v22.1.0"), ("npm", "echo 'error: no such file'; exit 3")):
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    with pytest.raises(Refusal, match="installing the editor's packages: error: no such file"):
        editor_build.ensure_built(lambda _sentence: None, checkout)
