"""Which processes belong to one running StoryForge, and how to end exactly those.

Owns the mark: an environment variable with the instance's name, which every process that Ray starts inherits, HAProxy
included. Invariant: a process without the mark is never signalled, so a neighbour's cluster on the machine is safe
(`ray stop` ends every Ray on the machine, and leaves HAProxy alive and holding its ports).
"""

import importlib
import os
import signal
import sys
import time
from pathlib import Path

MARK_ENV = "STORYFORGE_INSTANCE"
GRACE_S = 3.0
POLL_S = 0.05


def marked(instance: str) -> list[int]:
    """Pids that carry the instance's mark, ourselves excluded."""
    needle = f"{MARK_ENV}={instance}"
    if sys.platform != "linux":
        return _marked_by_psutil(instance)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if needle.encode() in environment.split(b"\0") and state != "Z":
            found.append(int(entry.name))
    return found


def _marked_by_psutil(instance: str) -> list[int]:
    importlib.import_module("ray")  # puts its own copy of psutil on the path
    psutil = importlib.import_module("psutil")
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK_ENV) == instance and process.pid != os.getpid():
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def reap(instance: str, *, grace_s: float = GRACE_S) -> list[int]:
    """End every marked process: SIGTERM, then SIGKILL after `grace_s`. Returns what had to be ended."""
    ended = marked(instance)
    _signal(ended, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while (left := marked(instance)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    # The raylet restarts what dies under it, so look again until a look finds nobody.
    deadline = time.monotonic() + grace_s
    while left and time.monotonic() < deadline:
        _signal(left, signal.SIGKILL)
        time.sleep(POLL_S)
        left = marked(instance)
    return ended


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
