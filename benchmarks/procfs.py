"""What Linux tells about processes: CPU time, memory, ports. Read-only; a process that is gone counts as nothing.

Invariant: only pids that the caller names are read, so a neighbour on the same machine is never measured as ours.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

LISTENING, ESTABLISHED = "0A", "01"


def cpu_s(pids: Iterable[int]) -> float:
    """User and system seconds of the processes, all threads."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_mb(pids: Iterable[int]) -> float:
    """Proportional set size in MiB: a page shared by n processes counts 1/n to each."""
    total_kb = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total_kb += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return total_kb / 1024


def rss_mb(pids: Iterable[int]) -> float:
    """Resident set size in MiB, shared pages counted for each process: cheap enough to sample."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1024 * 1024)


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def listening_ports(pid: int) -> list[int]:
    """TCP ports the process listens on, IPv4, ascending."""
    inodes = _socket_inodes(pid)
    return sorted(port for port, state, inode in _tcp_rows() if state == LISTENING and inode in inodes)


def accepted_on(port: int) -> int:
    """Established connections whose local end is this port."""
    return sum(1 for local, state, _ in _tcp_rows() if local == port and state == ESTABLISHED)


def _socket_inodes(pid: int) -> set[str]:
    found: set[str] = set()
    try:
        entries = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return found
    for entry in entries:
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def _tcp_rows() -> list[tuple[int, str, str]]:
    """(local port, state, inode) of every IPv4 TCP socket."""
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return []
    rows = []
    for line in lines:
        fields = line.split()
        rows.append((int(fields[1].rpartition(":")[2], 16), fields[3], fields[9]))
    return rows
