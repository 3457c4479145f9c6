"""One row of the scoreboard on one server: the load, its bound in time, memory meanwhile, a stock client afterwards.

Invariant: a run counts only when the load process ended well; what could not run raises `PartFailed` with a reason and
never becomes a number. Results are dictionaries as in scoreboard.json.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from benchmarks import procfs
from benchmarks.children import Children, PartFailed
from benchmarks.servers import PEERS, Loaded, Room, Server, node

CHECK_S_MAX = 60.0
END_S_MAX = 20.0
WATCH_S = 0.02

Row = dict[str, Any]


class RssWatch:
    """The greatest sum of the processes' resident memory while it watches, and in a window of time."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids, self._seen = list(pids), [(time.monotonic(), procfs.rss_mb(pids))]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> RssWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(WATCH_S):
            self.look()

    def look(self) -> None:
        self._seen.append((time.monotonic(), procfs.rss_mb(self._pids)))

    def told(self, window: Sequence[float] | None) -> dict[str, float]:
        inside = [mb for at, mb in self._seen if window is None or window[0] <= at <= window[1]]
        return {
            "rss_start_mb": round(self._seen[0][1], 1),
            "rss_peak_mb": round(max(mb for _, mb in self._seen), 1),
            "rss_peak_window_mb": round(max(inside, default=self._seen[-1][1]), 1),
        }


def run_load(server: Server, rooms: Sequence[Room], row: Row) -> dict[str, Any]:
    """One run and its check. Raises `PartFailed`."""
    rest = server.rest_pids()
    rest_before = procfs.cpu_s(rest)
    with Children() as children, RssWatch(server.pids()) as watch:
        load, result = start_load(children, server, rooms, row["load"], row["args"], row["bound_s"])
        result |= watch.told(result.pop("window", None))
        result["rest_cpu_s"] = round(procfs.cpu_s(rest) - rest_before, 3)
        result["rest_pss_mb"] = round(procfs.pss_mb(rest), 1)
        if row["load"] == "typing":
            result["check"] = check(children, server, rooms, row["args"])
        children.finish(load, END_S_MAX)
    return result


def start_load(
    children: Children, server: Loaded, rooms: Sequence[Room], kind: str, args: dict[str, Any], bound_s: float
) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """The load process, still connected, and what it told. Raises `PartFailed`."""
    plan = {
        "rooms": [{"url": room.url, "path": room.path, "name": room.name} for room in rooms],
        "dialect": server.dialect,
        "token": server.token,
        "groups": server.groups(),
        "args": args,
    }
    load = children.start([sys.executable, "-m", "benchmarks.load", kind], piped=True)
    assert load.stdin is not None
    assert load.stdout is not None
    load.stdin.write(json.dumps(plan) + "\n")
    load.stdin.flush()
    if not select.select([load.stdout], [], [], bound_s)[0]:
        raise PartFailed(f"the load did not end within {bound_s:g} s")
    line = load.stdout.readline()
    if not line:
        children.finish(load, END_S_MAX)
        raise PartFailed("the load process said nothing")
    return load, json.loads(line)


def check(children: Children, server: Server, rooms: Sequence[Room], args: dict[str, Any]) -> dict[str, Any]:
    """What a stock client found: {"ok", …}."""
    typists = args["typists"]
    plan = {
        "dialect": server.dialect,
        "token": server.token,
        "edits": max(1, int(args["seconds"] * args["rate"])),
        "rooms": [
            {"url": room.stock_url, "name": room.name, "typists": list(range(r * typists, (r + 1) * typists))}
            for r, room in enumerate(rooms)
        ],
    }
    try:
        client = children.start([node(), "check.mjs", json.dumps(plan)], cwd=PEERS, piped=True)
        out, _ = children.finish(client, CHECK_S_MAX)
    except PartFailed as failed:
        return {"ok": False, "why": str(failed)}
    return {"ok": True, **json.loads(out)}


def idle(server: Server, seconds: float = 4.0) -> dict[str, float]:
    """Shares of one core that a server takes with nobody connected."""
    own, rest = server.pids(), server.rest_pids()
    began, before = time.monotonic(), (procfs.cpu_s(own), procfs.cpu_s(rest))
    time.sleep(seconds)
    wall = time.monotonic() - began
    return {
        "collab_cpu_share": round((procfs.cpu_s(own) - before[0]) / wall, 4),
        "rest_cpu_share": round((procfs.cpu_s(rest) - before[1]) / wall, 4),
    }
