"""`storyforge serve` from first check to last process: the order in which things start and stop.

Invariant: nothing is started before everything that can be refused has been checked, and whatever was started is
ended by the same call, however it leaves.
"""

import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from serve_app.config import ENV_PREFIX, TOKEN_FILE, Settings, prepare_data_dir, store_secret
from serve_app.lifecycle import cluster, deploying, environment, ports, processes
from serve_app.lifecycle.editor_build import ensure_built
from serve_app.lifecycle.instance import (
    Run,
    clear_scratch,
    forget_run,
    instance_name,
    is_running,
    only_one,
    read_run,
    scratch_dir,
    signs_of,
    write_run,
)
from serve_app.lifecycle.refusal import Refusal

STOP_TIMEOUT_S = 60.0
CONFIG_NAME = "serve_config.yaml"
DRIVER_LOG = "driver.log"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `storyforge serve` was asked for."""

    host: str
    port: int
    data_dir: Path
    token: str | None = None
    config: Path | None = None
    hosts: int | None = None
    dashboard: bool = False


class Stopping:
    """Ctrl-C and SIGTERM as a fact to wait for. The first one asks; later ones change nothing."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def asked(self) -> bool:
        return self._asked.is_set()

    def wait(self) -> None:
        while not self._asked.wait(0.5):
            pass

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()


def find_config(given: Path | None) -> Path:
    """The Serve config: the one named, else the one here, else the one that came with the package."""
    if given is not None:
        return given
    package = Path(__file__).resolve().parents[1]
    for candidate in (Path.cwd() / CONFIG_NAME, package.parent / CONFIG_NAME, package / CONFIG_NAME):
        if candidate.is_file():
            return candidate
    raise Refusal(f"There is no {CONFIG_NAME} here: name one with --config.")


def serve(options: ServeOptions, *, say: Callable[[str], None], ready: Callable[[Settings, Run], None]) -> None:
    """Run StoryForge until asked to stop. Raises Refusal or SettingsError before anything has started, or when a start
    fails (everything already started is ended first).
    """
    data_dir = prepare_data_dir(options.data_dir)
    with only_one(data_dir):
        _end_leftovers(data_dir, say)
        ports.require_free(options.host, options.port)
        config = cluster.load_config(find_config(options.config))
        if options.token is not None:
            store_secret(data_dir, TOKEN_FILE, options.token)
            os.environ.pop(f"{ENV_PREFIX}OWNER_TOKEN", None)  # the file is the one truth, and no process shows it
        settings = Settings.from_args({"data_dir": str(data_dir), "host": options.host, "port": options.port})
        ensure_built(say)
        _run(options, settings, config, say, ready)


def _end_leftovers(data_dir: Path, say: Callable[[str], None]) -> None:
    """A process of ours that was killed cannot tidy up; the next start on its data directory does."""
    signs = signs_of(data_dir)
    if processes.belonging(signs):
        say("ending what an earlier run left behind")
        processes.reap(signs)
    clear_scratch(signs.instance)
    forget_run(data_dir)


def _run(
    options: ServeOptions,
    settings: Settings,
    config: dict[str, Any],
    say: Callable[[str], None],
    ready: Callable[[Settings, Run], None],
) -> None:
    stopping = Stopping()
    stopping.listen()
    run, variables, chosen = _prepare(instance_name(settings.data_dir), settings)
    write_run(settings.data_dir, run)
    failed = True
    terminal = sys.stdout
    # Ray's listener threads print what they hear of the cluster to stdout, which is for the one line with the address.
    with open(Path(run.scratch) / DRIVER_LOG, "a") as log, redirect_stdout(log):
        try:
            os.environ.update(variables)
            if _start(options, settings, config, _Start(run, variables, chosen, stopping), say):
                with redirect_stdout(terminal):
                    ready(settings, run)
                stopping.wait()
            failed = False
            say("stopping")
        finally:
            cluster.stop(signs_of(settings.data_dir))
            forget_run(settings.data_dir)
    if not failed:
        clear_scratch(run.instance)


@dataclass(frozen=True, slots=True)
class _Start:
    run: Run
    variables: dict[str, str]
    ports: ports.Ports
    stopping: Stopping


def _start(
    options: ServeOptions, settings: Settings, config: dict[str, Any], start: _Start, say: Callable[[str], None]
) -> bool:
    """Cluster, then applications, then healthy. False when a stop was asked for in between."""
    say("starting the cluster")
    session = functools.partial(_note_session, settings.data_dir, start.run)
    scratch = Path(start.run.scratch)
    cluster.start_ray(
        start.variables,
        start.ports,
        scratch,
        dashboard=options.dashboard,
        session=session,
        meanwhile=functools.partial(deploying.preload, config),
    )
    if start.stopping.asked():
        return False
    cluster.connect(start.run.ray_address)
    start.stopping.listen()  # Ray puts its own SIGTERM handler in place when a driver connects
    say("starting the applications")
    args = {"data_dir": str(settings.data_dir), "host": settings.host, "port": settings.port}
    deploying.deploy(cluster.fill_config(config, host=options.host, port=options.port, args=args, hosts=options.hosts))
    cluster.wait_ready(_loopback_url(settings), start.stopping.asked)
    return not start.stopping.asked()


def _note_session(data_dir: Path, run: Run, session: int) -> None:
    write_run(data_dir, replace(run, session=session))


def _prepare(instance: str, settings: Settings) -> tuple[Run, dict[str, str], ports.Ports]:
    scratch = scratch_dir(instance)
    chosen = ports.choose()
    token = environment.new_ray_token()
    ingress = environment.ingress_mode()
    variables = environment.cluster_environment(
        instance=instance,
        scratch=scratch,
        ports=chosen,
        ray_token=token,
        ingress=ingress,
        fd_limit=environment.raise_fd_limit(),
        base=os.environ,
    )
    run = Run(
        instance=instance,
        pid=os.getpid(),
        url=settings.url,
        ingress=ingress,
        ray_address=f"127.0.0.1:{chosen.gcs}",
        ray_token=token,
        scratch=str(scratch),
        started_at=time.time(),
        ports=chosen.as_dict(),
    )
    return run, variables, chosen


def _loopback_url(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://{host}:{settings.port}"


def stop(data_dir: Path, *, say: Callable[[str], None]) -> bool:
    """End the instance on this data directory and everything it left; False when there was nothing."""
    run = read_run(data_dir)
    signs = signs_of(data_dir)
    was_running = is_running(data_dir)
    if was_running and run is not None:
        say(f"stopping process {run.pid}")
        os.kill(run.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while is_running(data_dir) and time.monotonic() < deadline:
            time.sleep(0.1)
        if is_running(data_dir):
            say("it does not answer: ending its processes")
            os.kill(run.pid, signal.SIGKILL)
    left = processes.reap(signs)
    if not was_running:
        forget_run(data_dir)
        clear_scratch(signs.instance)
    return was_running or bool(left)


def running(data_dir: Path) -> Run:
    """The run on this data directory. Raises Refusal when there is none."""
    run = read_run(data_dir)
    if run is None or not is_running(data_dir):
        raise Refusal(f"StoryForge is not running on {data_dir}: start it with `storyforge serve`.")
    return run
