"""A Ray cluster of our own with the Serve applications on it, from `ray start` to the last process gone.

Invariant: between `start` and `stop` this process is the cluster's owner and driver; everything started carries the
instance's mark, so `stop` leaves nothing behind however far `start` came.
"""

import logging
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from serve_app.lifecycle import processes
from serve_app.lifecycle.ports import Ports
from serve_app.lifecycle.processes import Signs
from serve_app.lifecycle.refusal import Refusal

OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""No result travels through the object store, so it needs little; Ray's default takes 30 % of the memory."""

RAY_START_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 120.0
POLL_S = 0.1

logger = logging.getLogger("storyforge.cluster")


def load_config(path: Path) -> dict[str, Any]:
    """A Serve config file as data. Raises Refusal when it is missing or not one."""
    try:
        config = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise Refusal(f"Cannot read the Serve config {path}: {_first_line(error)}.") from None
    if not isinstance(config, dict) or not isinstance(config.get("applications"), list):
        raise Refusal(f"{path} is not a Serve config: it has no list of applications.")
    return cast(dict[str, Any], config)


def fill_config(
    config: Mapping[str, Any], *, host: str, port: int, args: Mapping[str, Any], hosts: int | None
) -> dict[str, Any]:
    """The config with the address to bind, the arguments every application gets, and the number of StoryHosts."""
    filled = dict(config)
    filled["http_options"] = {**(config.get("http_options") or {}), "host": host, "port": port}
    filled["applications"] = [_fill_application(app, args, hosts) for app in config["applications"]]
    return filled


def _fill_application(app: Mapping[str, Any], args: Mapping[str, Any], hosts: int | None) -> dict[str, Any]:
    filled = dict(app)
    filled["args"] = {**(app.get("args") or {}), **args}
    deployments = [dict(deployment) for deployment in app.get("deployments") or []]
    for deployment in deployments:
        if hosts is not None and deployment.get("name") == "StoryHost":
            deployment["num_replicas"] = hosts
    filled["deployments"] = deployments
    return filled


def start_ray(
    environment: Mapping[str, str],
    ports: Ports,
    scratch: Path,
    *,
    dashboard: bool,
    session: Callable[[int], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """`ray start` a head on loopback. Raises Refusal with Ray's own last words.

    `session` is told the id of the session everything runs in, before anything can go wrong; `meanwhile` runs while
    Ray starts.
    """
    command = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head"),
        *("--node-ip-address", "127.0.0.1"),
        *("--port", str(ports.gcs)),
        *("--ray-client-server-port", str(ports.ray_client)),
        *("--include-dashboard", "true" if dashboard else "false"),
        *("--include-log-monitor", "false"),
        "--no-monitor",
        *("--dashboard-host", "127.0.0.1"),
        *("--dashboard-port", str(ports.dashboard)),
        *("--dashboard-agent-listen-port", str(ports.dashboard_agent)),
        *("--metrics-export-port", str(ports.metrics_export)),
        *("--num-cpus", str(max(2, os.cpu_count() or 2))),
        *("--object-store-memory", str(OBJECT_STORE_BYTES)),
        *("--temp-dir", str(scratch / "ray")),
        "--disable-usage-stats",
    ]
    started = subprocess.Popen(
        command,
        env=dict(environment),
        start_new_session=True,  # a Ctrl-C at the terminal is ours to handle, in order
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    session(started.pid)
    meanwhile()

    try:
        said, _ = started.communicate(timeout=RAY_START_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        started.kill()
        raise Refusal(f"Ray did not start within {RAY_START_TIMEOUT_S:.0f} s: see {scratch}/ray.") from None
    if started.returncode != 0:
        last = [line for line in said.splitlines() if line.strip()][-1:]
        raise Refusal(f"Ray did not start: {' '.join(last) or 'no reason given'} (logs in {scratch}/ray).")


def connect(address: str) -> None:
    """Make this process a driver of the cluster. The caller has put the cluster's token into `os.environ`."""
    import ray
    from ray import serve  # noqa: F401 - sets up the logger that is quietened below

    for name in ("ray", "ray.serve"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    ray.init(
        address=address,
        namespace="serve",
        log_to_driver=False,
        configure_logging=False,
        _node_ip_address="127.0.0.1",
    )


def wait_ready(url: str, stopping: Callable[[], bool]) -> None:
    """Return when `GET /healthz` answers 200. Raises Refusal when an application fails or time runs out."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    looked_at = time.monotonic()
    while not stopping():
        if healthy(url):
            return
        now = time.monotonic()
        if now - looked_at > 2.0:
            looked_at = now
            _raise_if_failed()
        if now > deadline:
            raise Refusal(f"The applications were not ready within {READY_TIMEOUT_S:.0f} s.")
        time.sleep(POLL_S)


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2.0) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _raise_if_failed() -> None:
    from ray import serve

    for name, application in serve.status().applications.items():
        if application.status == "DEPLOY_FAILED":
            raise Refusal(f"Application {name} did not start: {_cause(application.message)}")


def _cause(message: str) -> str:
    """The last line of a traceback, which is the one that says what happened."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    errors = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception", "Refusal"))]
    return (errors or lines or ["no reason given"])[-1]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def stop(signs: Signs) -> list[int]:
    """Serve first (actors drain and let their leases go), then Ray, then whatever still carries the mark.

    Returns the processes that had to be ended one by one. Safe however far the start came, and twice.
    """
    import ray

    if ray.is_initialized():
        try:
            from ray import serve

            serve.shutdown()
        except Exception as error:  # noqa: BLE001 - whatever Serve says, the processes go next
            logger.warning("serve did not shut down in order", extra={"error": type(error).__name__})
        ray.shutdown()
    return processes.reap(signs)


def applications() -> dict[str, Any]:
    """What Serve reports of the applications, as plain data. This process must be connected."""
    from ray import serve

    report = serve.status()
    return {
        name: {
            "status": str(application.status.value),
            "message": application.message,
            "deployments": {
                deployment: {
                    "status": str(details.status.value),
                    "replicas": {str(state): count for state, count in details.replica_states.items()},
                    "message": details.message,
                }
                for deployment, details in application.deployments.items()
            },
        }
        for name, application in report.applications.items()
    }
