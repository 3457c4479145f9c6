"""Part (a): the same load on every server, in turns, and a stock client's look into the rooms afterwards.

Invariant: a run counts only when the load process ended well; what could not run is an entry with a reason, never a
number. Results are dictionaries as in results.json.
"""

from __future__ import annotations

import json
import select
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import machine, procfs
from benchmarks.children import Children, PartFailed
from benchmarks.servers import PEERS, Ours, Peer, Placement, Room, Server, node
from benchmarks.stack import Stack

LOAD_S_EXTRA = 90.0
CHECK_S_MAX = 60.0
IDLE_S = 4.0

WAYS = ("haproxy", "direct", "tunnelled")
PEER_SCRIPTS = {
    "hocuspocus": ("hocuspocus.mjs", "hocuspocus"),
    "y-websocket-server": ("y-websocket-server.mjs", "y-websocket"),
}

Say = Callable[[str], None]


def run_load(server: Server, rooms: Sequence[Room], workload: dict[str, Any], seconds: float) -> dict[str, Any]:
    """One run and its check. Raises `PartFailed`."""
    told = [{"url": room.url, "path": room.path, "name": room.name} for room in rooms]
    command = [sys.executable, "-m", "benchmarks.collab_load", "--hold", "--dialect", server.dialect]
    for option in ("sockets", "typists", "rate"):
        command += [f"--{option}", str(workload[option])]
    command += ["--seconds", str(seconds), "--rooms", json.dumps(told), "--pids", *map(str, server.pids())]
    rest_before = procfs.cpu_s(rest := server.rest_pids())
    with Children() as children:
        load = children.start(command, env={"BENCH_TOKEN": server.token}, piped=True)
        assert load.stdout is not None
        if not select.select([load.stdout], [], [], seconds + LOAD_S_EXTRA)[0]:
            raise PartFailed(f"the load process did not end within {seconds + LOAD_S_EXTRA:g} s")
        line = load.stdout.readline()
        if not line:
            children.finish(load, LOAD_S_EXTRA)
            raise PartFailed("the load process said nothing")
        result: dict[str, Any] = json.loads(line)
        result["rest_cpu_s"] = round(procfs.cpu_s(rest) - rest_before, 3)
        result["rest_pss_mb"] = round(procfs.pss_mb(rest), 1)
        result["check"] = check(children, server, rooms, workload, seconds)
        children.finish(load, LOAD_S_EXTRA)
    return result


def check(
    children: Children, server: Server, rooms: Sequence[Room], workload: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """What a stock client found: {"ok", …}."""
    typists = workload["typists"]
    plan = {
        "dialect": server.dialect,
        "token": server.token,
        "edits": max(1, int(seconds * workload["rate"])),
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


def start_servers(children: Children, stack: Stack | PartFailed, say: Say) -> list[Server | tuple[str, str]]:
    """Servers, or (name, why not) for those that could not start."""
    servers: list[Server | tuple[str, str]] = []
    for name, (script, dialect) in PEER_SCRIPTS.items():
        try:
            servers.append(Peer(children, name, script, dialect))
        except PartFailed as failed:
            say(f"{name}: {failed}")
            servers.append((name, str(failed)))
    if isinstance(stack, PartFailed):
        return [*servers, ("storyforge", str(stack))]
    placement = Placement(stack)
    return [*servers, *(Ours(placement, way) for way in WAYS)]


def measure(
    children: Children,
    stack: Stack | PartFailed,
    workloads: Sequence[dict[str, Any]],
    seconds: float,
    repeats: int,
    say: Say,
) -> dict[str, Any]:
    """{"runs": [{"workload", "server", "load_average", "result" | "not_run"}], "idle": shares of a core, …}."""
    servers = start_servers(children, stack, say)
    ours = next((server for server in servers if isinstance(server, Ours)), None)
    told: dict[str, Any] = {"seconds": seconds, "repeats": repeats, "idle": idle(ours) if ours else None}
    told["runs"] = [
        _one(server, workload, seconds, say) for workload in workloads for _ in range(repeats) for server in servers
    ]
    if ours:
        told |= {"projects": ours.placement.made, "projects_crossed": ours.placement.made_crossed}
    return told


def idle(server: Server) -> dict[str, float]:
    """Shares of one core that a server takes with nobody connected."""
    own, rest = server.pids(), server.rest_pids()
    began, before = time.monotonic(), (procfs.cpu_s(own), procfs.cpu_s(rest))
    time.sleep(IDLE_S)
    wall = time.monotonic() - began
    return {
        "collab_cpu_share": round((procfs.cpu_s(own) - before[0]) / wall, 4),
        "rest_cpu_share": round((procfs.cpu_s(rest) - before[1]) / wall, 4),
    }


def _one(server: Server | tuple[str, str], workload: dict[str, Any], seconds: float, say: Say) -> dict[str, Any]:
    name = server[0] if isinstance(server, tuple) else server.name
    entry: dict[str, Any] = {"workload": workload["name"], "server": name, "load_average": machine.load_average()}
    if isinstance(server, tuple):
        return {**entry, "not_run": server[1]}
    try:
        rooms = server.rooms(workload["rooms"], workload.get("one_project", False))
        entry["result"] = result = run_load(server, rooms, workload, seconds)
    except PartFailed as failed:
        say(f"{workload['name']} · {name}: not run: {failed}")
        return {**entry, "not_run": str(failed)}
    say(
        f"{workload['name']} · {name}: p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms, "
        f"CPU {result['server_cpu_s']} s, delivered {result['delivered']}/{result['expected']}, "
        f"stock client {'ok' if result['check']['ok'] else result['check'].get('why', 'missing edits')}"
    )
    return entry
