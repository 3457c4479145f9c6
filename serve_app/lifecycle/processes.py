"""Which processes belong to one running StoryForge, and how to end exactly those.

Two signs: the terminal session that `ray start` was given (everything it starts stays in it), and a mark in the
environment (for what left the session). Neither suffices: Ray's processes overwrite their environment with their
title. Invariant: a process with neither sign is never signalled, so a neighbour's cluster on the same machine is safe;
`ray stop` would end every Ray on the machine and leave HAProxy alive, holding its ports.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

MARK_ENV = "STORYFORGE_INSTANCE"
GRACE_S = 3.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells an instance's processes from all others. `session` is 0 before `ray start`."""

    instance: str
    scratch: str
    session: int = 0

    def fit(self, pid: int, command: bytes) -> bool:
        """Whether this process is one of the instance's; `command` is its command line."""
        if f"{MARK_ENV}={self.instance}".encode() in _environment(pid).split(b"\0"):
            return True
        if not self.session or _session_of(pid) != self.session:
            return False
        # A session number may come round again on a machine that has been up for long: ask for a second sign.
        return command.startswith(b"ray::") or self.scratch.encode() in command


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _commands() -> dict[int, bytes]:
    """Command lines of the living processes of this machine, by pid."""
    told = subprocess.run(["ps", "-axww", "-o", "pid=,stat=,command="], capture_output=True, check=True).stdout
    found: dict[int, bytes] = {}
    for row in told.splitlines():
        pid, state, *command = row.split(None, 2)
        if not state.startswith(b"Z"):
            found[int(pid)] = b"".join(command)
    return found


def _commands_of_proc() -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found[int(entry.name)] = (entry / "cmdline").read_bytes()
        except OSError:
            continue
    return found


def belonging(signs: Signs) -> list[int]:
    """Pids of the instance's living processes, ourselves excluded."""
    commands = _commands_of_proc() if sys.platform == "linux" else _commands()
    return [pid for pid, command in commands.items() if pid != os.getpid() and signs.fit(pid, command)]


def reap(signs: Signs, *, grace_s: float = GRACE_S) -> list[int]:
    """End what belongs to the instance: SIGTERM, then SIGKILL after `grace_s`. Returns what had to be ended."""
    ended = left = belonging(signs)
    _signal(ended, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while left and time.monotonic() < deadline:
        time.sleep(POLL_S)
        left = belonging(signs)
    # The raylet restarts what dies under it, so look again until a look finds nobody.
    deadline = time.monotonic() + grace_s
    while left and time.monotonic() < deadline:
        _signal(left, signal.SIGKILL)
        time.sleep(POLL_S)
        left = belonging(signs)
    return ended


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue
