"""`python -m benchmarks.hosts`: what a deploy and a death cost people, and what more hosts give. Writes hosts.json.

One `storyforge serve` on a data directory of its own, changed as an operator changes it, by `serve deploy`:
1. 100 projects, one person typing in each; a new release rolls under them;
2. the same people, one of two hosts gets SIGKILL, Serve replaces it, the survivor's projects are looked at;
3. the same load on 1, 2 and 4 hosts.
Invariant: every part is bounded, a part that failed says so in the results, and no process outlives this one.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import yaml

from benchmarks import machine, procfs, report
from benchmarks.children import ROOT, Children, PartFailed
from benchmarks.collab import END_S_MAX, start_load
from benchmarks.servers import Room
from benchmarks.stack import Stack
from serve_app.lifecycle.instance import read_run

PARTS = ("roll", "recovery", "full")
HERE = Path(__file__).resolve().parent
WINDOW_S = 10
"""Draining period of the cluster; Serve's default is 30, that of `storyforge serve` 2, for a quick Ctrl-C."""
SETTLED_S_MAX = 60.0
INGRESS_S = 3.0
"""After another number of hosts: HAProxy has reloaded, and the process that will carry the sockets is there."""
POLL_S = 0.25
EXIT_INTERRUPTED = 130


def say(sentence: str) -> None:
    print(f"bench-hosts: {sentence}", file=sys.stderr, flush=True)


class Running:
    """`benchmarks.servers.Loaded`: the processes of this moment."""

    dialect = "y-websocket"

    def __init__(self, stack: Stack) -> None:
        self._stack, self.token = stack, stack.token

    def groups(self) -> dict[str, list[int]]:
        return {"hosts": self._stack.story_hosts(), "haproxy": self._stack.haproxies()}


class Operator:
    """`serve deploy` of the repository's file with another number of hosts or another release, and what came of it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        run = read_run(stack.data_dir)
        if run is None:
            raise PartFailed("the stack says nothing of itself")
        self._stack, self._file, self._releases = stack, folder / "deployed.yaml", 0
        self._url = f"http://127.0.0.1:{run.ports['dashboard']}"
        self._token = run.ray_token
        self._http = httpx.Client(
            base_url=self._url, headers={"authorization": f"Bearer {run.ray_token}"}, timeout=30, trust_env=False
        )

    def deploy(self, children: Children, hosts: int, *, new_release: bool = False) -> None:
        self._releases += new_release
        config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
        config["http_options"]["port"] = self._stack.port
        for app in config["applications"]:
            app["args"] |= {"data_dir": str(self._stack.data_dir), "host": "127.0.0.1", "port": self._stack.port}
            if app["name"] == "collab":
                app["args"]["release"] = f"bench {self._releases}"
                app["deployments"][0]["num_replicas"] = hosts
        self._file.write_text(yaml.safe_dump(config))
        command = [str(Path(sys.executable).parent / "serve"), "deploy", str(self._file), "-a", self._url]
        env = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self._token}
        children.finish(children.start(command, env=env, piped=True), SETTLED_S_MAX)

    def hosts(self) -> dict[str, int]:
        """Replica → pid of those that run."""
        return {each["replica_id"]: each["pid"] for each in self._replicas() if each["state"] == "RUNNING"}

    def until(self, hosts: int, without: frozenset[str] = frozenset()) -> dict[str, int]:
        """So many run, none of `without`, nothing starts or stops. Raises `PartFailed`."""
        deadline = time.monotonic() + SETTLED_S_MAX
        while True:
            replicas, running = self._replicas(), self.hosts()
            if len(replicas) == len(running) == hosts and not without & set(running):
                return running
            if time.monotonic() > deadline:
                raise PartFailed(f"not {hosts} hosts within {SETTLED_S_MAX:g} s")
            time.sleep(POLL_S)

    def _replicas(self) -> list[dict[str, Any]]:
        told = self._http.get("/api/serve/applications/").json()
        deployments = told["applications"].get("collab", {}).get("deployments", {})
        found: list[dict[str, Any]] = deployments.get("StoryHost", {}).get("replicas", [])
        return found

    def close(self) -> None:
        self._http.close()


class Bench:
    def __init__(self, quick: bool, parts: set[str]) -> None:
        self._parts = parts
        self._knobs: dict[str, Any] = tomllib.loads((HERE / "workloads.toml").read_text())["hosts"]
        self._quick, self._typists = quick, 0
        self.results: dict[str, Any] = {"machine": machine.facts(), "quick": quick, "before": machine.quiet_check()}

    def knob(self, name: str) -> Any:
        return self._knobs[f"{name}_quick" if self._quick and f"{name}_quick" in self._knobs else name]

    def run(self) -> None:
        with tempfile.TemporaryDirectory(prefix="sf-bench-") as folder, Children() as children:
            say("starting StoryForge …")
            env = {"RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": str(WINDOW_S)}
            stack = Stack(children, Path(folder), arguments=("--dashboard",), env=env)
            operator = Operator(stack, Path(folder))
            try:
                rooms = self._rooms(stack, self.knob("projects"))
                if "roll" in self._parts:
                    self._part("roll", lambda: self._roll(children, stack, operator, rooms))
                if "recovery" in self._parts:
                    self._part("recovery", lambda: self._recovery(stack, operator, rooms))
                self.results["full"] = {}
                for hosts in self.knob("scales") if "full" in self._parts else ():
                    self._part(str(hosts), lambda n=hosts: self._full(children, stack, operator, n), "full")
            finally:
                operator.close()
                stack.close()

    def _part(self, name: str, measure: Callable[[], dict[str, Any]], under: str | None = None) -> None:
        say(f"{under or ''} {name} …".strip())
        into = self.results if under is None else self.results[under]
        try:
            into[name] = measure()
        except (PartFailed, httpx.HTTPError) as failed:
            say(f"{name}: not run: {failed}")
            into[name] = {"not_run": f"{type(failed).__name__}: {failed}"}

    def _rooms(self, stack: Stack, count: int) -> list[Room]:
        made = []
        for number in range(count):
            project = stack.new_project(f"hosts {number}")
            path = f"/collab/{project}/scene:{stack.new_scene(project)}"
            made.append(Room(stack.url, path, path.rpartition("/")[2], f"ws{stack.url[4:]}{path}", project))
        return made

    def _load(self, stack: Stack, rooms: list[Room], kind: str, **args: Any) -> dict[str, Any]:
        with Children() as children:
            load, told = start_load(children, Running(stack), rooms, kind, args, args["seconds"] + 60.0)
            children.finish(load, END_S_MAX)
        return told

    def _people(self, stack: Stack, rooms: list[Room], seconds: float, kill_pid: int = 0) -> dict[str, Any]:
        rate, after_s = self.knob("people_rate"), self.knob("kill_after_s")
        first, self._typists = self._typists, self._typists + len(rooms)
        args = {"rate": rate, "seconds": seconds, "kill_pid": kill_pid, "kill_after_s": after_s, "first": first}
        return self._load(stack, rooms, "people", **args)

    def _roll(self, children: Children, stack: Stack, operator: Operator, rooms: list[Room]) -> dict[str, Any]:
        before = frozenset(operator.hosts())
        with ThreadPoolExecutor(1) as pool:
            people = pool.submit(self._people, stack, rooms, self.knob("roll_s"))
            began = time.monotonic()
            operator.deploy(children, 2, new_release=True)
            operator.until(2, without=before)
            rolled_s = time.monotonic() - began
            told = people.result()
        proxies = stack.haproxies()
        return {**told, "rolled_s": round(rolled_s, 1), "haproxies": len(proxies),
                "haproxy_pss_mb": round(procfs.pss_mb(proxies), 1)}  # fmt: skip

    def _owners(self, stack: Stack, rooms: list[Room]) -> dict[str, tuple[int, int]]:
        found = {}
        for room in rooms:
            answer = stack.http.get(f"/api/owner/{room.project}")
            if answer.status_code == 200:
                found[room.project] = (answer.json()["pid"], answer.json()["epoch"])
        return found

    def _recovery(self, stack: Stack, operator: Operator, rooms: list[Room]) -> dict[str, Any]:
        """Kill the host that has more, then see what its replacement changed for the other's projects."""
        self._people(stack, rooms, 2)  # everybody is where the ingress sends them
        hosts, before = operator.until(2), self._owners(stack, rooms)
        has = {pid: sum(owned[0] == pid for owned in before.values()) for pid in hosts.values()}
        victim = max(has, key=lambda pid: has[pid])
        told = self._people(stack, rooms, self.knob("recovery_s"), victim)
        operator.until(2, without=frozenset(name for name, pid in hosts.items() if pid == victim))
        after_kill = self._owners(stack, rooms)
        again = self._people(stack, rooms, 2)  # their sockets come anew, past the replacement
        after = self._owners(stack, rooms)
        survivors = {project: owned for project, owned in before.items() if owned[0] != victim}
        return {
            **told,
            "victims_projects": has[victim],
            "survivors_projects": len(survivors),
            "survivors_moved": sum(
                after.get(p) != owned or after_kill.get(p) != owned for p, owned in survivors.items()
            ),
            "lost": told["lost"] + again["lost"],
        }

    def _full(self, children: Children, stack: Stack, operator: Operator, hosts: int) -> dict[str, Any]:
        operator.deploy(children, hosts)
        operator.until(hosts)
        time.sleep(INGRESS_S)
        rooms = self._rooms(stack, self.knob("full_projects"))
        seconds, window = self.knob("full_s"), self.knob("full_window")
        told = self._load(stack, rooms, "full", sockets=4, typists=4, window=window, seconds=seconds)
        owners = [owned[0] for owned in self._owners(stack, rooms).values()]
        return {**told, "projects_on_hosts": sorted((owners.count(pid) for pid in set(owners)), reverse=True)}

    def write(self, folder: Path) -> None:
        (folder / report.HOSTS).write_text(json.dumps(self.results, indent=1) + "\n")
        report.write(folder)
        say(f"wrote {folder / report.TEXT}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hosts", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few people, few seconds: does it work at all")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of RESULTS.md and hosts.json")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts of {','.join(PARTS)}; the rest says not run")
    given = parser.parse_args()
    parts = set(given.only.split(","))
    if unknown := parts - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    bench = Bench(given.quick, parts)
    try:
        bench.run()
    except KeyboardInterrupt:
        say("interrupted: everything that was started has been ended, nothing is written")
        return EXIT_INTERRUPTED
    except PartFailed as failed:
        say(f"not run: {failed}")
        bench.results["not_run"] = str(failed)
    bench.write(given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
