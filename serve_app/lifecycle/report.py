"""What `storyforge status` says, as plain data: the run, its health, and Serve's own view of the applications."""

import os
from pathlib import Path
from typing import Any

from serve_app.lifecycle import cluster
from serve_app.lifecycle.instance import Run, is_running, read_run


def status(data_dir: Path) -> dict[str, Any]:
    """{"running", "healthy", "url", "pid", "ingress", "hosts", "applications", "data_dir"}; never raises.

    `hosts` is the number of running StoryHost replicas.
    """
    run = read_run(data_dir)
    if run is None or not is_running(data_dir):
        return {"running": False, "healthy": False, "data_dir": str(data_dir), "applications": {}, "hosts": 0}
    applications = _applications(run)
    hosts = sum(
        application["deployments"].get("StoryHost", {}).get("replicas", {}).get("RUNNING", 0)
        for application in applications.values()
    )
    return {
        "running": True,
        "healthy": cluster.healthy(run.url),
        "url": run.url,
        "pid": run.pid,
        "ingress": run.ingress,
        "hosts": hosts,
        "data_dir": str(data_dir),
        "applications": applications,
    }


def _applications(run: Run) -> dict[str, Any]:
    """Ask Serve, as a short-lived driver with the cluster's own token."""
    os.environ.update(
        {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": run.ray_token, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    )
    import ray

    try:
        cluster.connect(run.ray_address)
        return cluster.applications()
    except Exception:  # noqa: BLE001 - a cluster that does not answer is a finding of status, not a fault of it
        return {}
    finally:
        ray.shutdown()
