"""Where and when a benchmark ran: machine, versions, commit, load."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.children import ROOT

PACKAGES = ("ray", "pycrdt", "uvicorn", "starlette", "strawberry-graphql", "av", "numpy")
WATCH_S = 2.0


def load_average() -> float:
    """Of the last minute: processes that ran or wanted to."""
    return round(os.getloadavg()[0], 2)


def quiet_check() -> dict[str, float]:
    """How busy the machine is right now, in cores, over two seconds; `stolen` is what the hypervisor took.

    The load average remembers our own last part for a minute; this does not.
    """
    before, began = _ticks(), time.monotonic()
    time.sleep(WATCH_S)
    spent, wall = _ticks(), time.monotonic() - began
    per_core = wall * os.sysconf("SC_CLK_TCK")
    busy, stolen = ((after - earlier) / per_core for after, earlier in zip(spent, before, strict=True))
    return {"load_average": load_average(), "busy_cores": round(busy, 2), "stolen_cores": round(stolen, 2)}


def _ticks() -> tuple[int, int]:
    """(busy, stolen) clock ticks of all cores since boot; zeros where /proc/stat is absent."""
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    except OSError:
        return 0, 0
    user, nice, system, _idle, _iowait, irq, softirq, stolen = fields[:8]
    return user + nice + system + irq + softirq, stolen


def facts() -> dict[str, Any]:
    return {
        "cpu": _line_of("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int((_line_of("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 1e6, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "versions": {"python": platform.python_version(), "node": _told("node", "--version"), **_packages()},
    }


def commit() -> str:
    """The commit, with "+changes" when tracked files differ from it (the report itself aside)."""
    found = _told("git", "rev-parse", "--short=12", "HEAD")
    changed = _told("git", "status", "--porcelain", "--untracked-files=no")
    own = ("benchmarks/RESULTS.md", "benchmarks/results.json")
    dirty = [line for line in changed.splitlines() if line.strip() and not line.endswith(own)]
    return f"{found or 'unknown'}{'+changes' if dirty else ''}"


def _told(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _line_of(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
