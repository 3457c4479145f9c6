"""`python -m benchmarks.scoreboard` (`make bench-collab`): every row, peers beside us in the same run.

Owns the order of rows and servers, and scoreboard.json: a row that is run again replaces what stood there, the others
stay, each with its own date and commit. Invariant: rows whose memory is measured get servers started for them alone;
whatever was started is ended, and what could not run is an entry with its reason.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks import board_report, collab, machine, report
from benchmarks.children import Children, PartFailed, end
from benchmarks.collab import Row
from benchmarks.servers import PEER_SCRIPTS, WAYS, Ours, Peer, Placement, Room, Server
from benchmarks.stack import STOP_S_MAX, Stack

HERE = Path(__file__).resolve().parent
WAYS_USUAL = ("haproxy", "direct")
NO_DISK = "it keeps documents in memory only: after a restart there is nothing to open"
EXIT_INTERRUPTED = 130


def say(sentence: str) -> None:
    print(f"bench-collab: {sentence}", file=sys.stderr, flush=True)


class Scoreboard:
    """The rows to run, the servers to run them on, and the runs so far."""

    def __init__(self, rows: list[Row], ways: list[str], peers: list[str], found: dict[str, Any], quick: bool) -> None:
        self.rows, self.ways, self.peers, self.quick = rows, ways, peers, quick
        again = {row["name"] for row in rows}
        self.facts = machine.facts()
        self.told: dict[str, Any] = {
            "machine": self.facts,
            "before": {name: told for name, told in found.get("before", {}).items() if name not in again},
            "runs": [run for run in found.get("runs", ()) if run["workload"] not in again],
            "stack": found.get("stack", {}),
        }

    def run(self) -> None:
        shared = [row for row in self.rows if not row.get("fresh")]
        if shared:
            with Children() as children, tempfile.TemporaryDirectory(prefix="sf-bench-") as folder:
                self._shared(children, Path(folder), shared)
        for row in self.rows:
            if row["load"] == "cold":
                self._cold(row)
            elif row.get("fresh"):
                self._alone(row)

    def _shared(self, children: Children, folder: Path, rows: list[Row]) -> None:
        """Servers that stay up from row to row, loaded in turns."""
        servers: list[Server | tuple[str, str]] = []
        for name in self.peers:
            with self._server(name, servers):
                servers.append(Peer(children, name))
        placement: Placement | None = None
        for way in self.ways:
            with self._server(Ours.name_of(way), servers):
                placement = placement or Placement(Stack(children, folder))
                servers.append(Ours(placement, way))
        if placement is not None and not self.quick:
            self.told["stack"] = {
                "started_s": round(placement.stack.started_s, 2),
                **collab.idle(Ours(placement, "haproxy")),
            }
        for row in rows:
            self._look(row)
            for _ in range(row["repeats"]):
                for server in servers:
                    self._one(row, server)
        if placement is not None:
            self.told["stack"] |= {"projects": placement.made, "projects_crossed": placement.made_crossed}
            placement.stack.close()

    @contextmanager
    def _server(self, name: str, servers: list[Server | tuple[str, str]]) -> Iterator[None]:
        """What stops a server from starting becomes its reason."""
        try:
            yield
        except (PartFailed, httpx.HTTPError) as failed:
            say(f"{name}: {failed}")
            servers.append((name, str(failed)))

    def _alone(self, row: Row) -> None:
        """Each server started for this row, with no other beside it."""
        self._look(row)
        starts: dict[str, Callable[[Children, Path], Server]] = {
            **{name: lambda children, _folder, name=name: Peer(children, name) for name in self.peers},
            **{
                Ours.name_of(way): lambda children, folder, way=way: Ours(Placement(Stack(children, folder)), way)
                for way in self.ways
            },
        }
        for name, start in starts.items():
            for _ in range(row["repeats"]):
                with tempfile.TemporaryDirectory(prefix="sf-bench-") as folder, Children() as children:
                    try:
                        server: Server | tuple[str, str] = start(children, Path(folder))
                    except (PartFailed, httpx.HTTPError) as failed:
                        server = (name, str(failed))
                    self._one(row, server)

    def _cold(self, row: Row) -> None:
        """Write the documents, stop everything, start again, open them."""
        self._look(row)
        for name in self.peers:
            self._add(row, name, {"not_run": NO_DISK})
        with tempfile.TemporaryDirectory(prefix="sf-bench-") as folder:
            try:
                rooms = self._written(row, Path(folder))
                with Children() as children:
                    placement = Placement(Stack(children, Path(folder)))
                    for way in self.ways:
                        ours = Ours(placement, way)
                        self._one(row, ours, [ours.again(rooms.pop()) for _ in range(row["rooms"])])
            except (PartFailed, httpx.HTTPError) as failed:
                for way in self.ways:
                    self._add(row, Ours.name_of(way), {"not_run": str(failed)})

    def _written(self, row: Row, folder: Path) -> list[Room]:
        """Documents for every way, on the disk of a stack that has been stopped."""
        with Children() as children:
            stack = Stack(children, folder)
            ours = Ours(Placement(stack), "haproxy")
            rooms = ours.rooms(row["rooms"] * len(self.ways), False)
            load, _ = collab.start_load(children, ours, rooms, "seed", row["args"], row["bound_s"])
            children.finish(load, collab.END_S_MAX)
            end(stack.process, STOP_S_MAX)
        return rooms

    def _one(self, row: Row, server: Server | tuple[str, str], rooms: list[Room] | None = None) -> None:
        name = server[0] if isinstance(server, tuple) else server.name
        if isinstance(server, tuple):
            self._add(row, name, {"not_run": server[1]})
            return
        try:
            if rooms is None:
                rooms = server.rooms(row.get("rooms", 1), row.get("one_project", False))
            self._add(row, name, {"result": collab.run_load(server, rooms, row)})
        except (PartFailed, httpx.HTTPError) as failed:
            self._add(row, name, {"not_run": str(failed)})

    def _add(self, row: Row, server: str, outcome: dict[str, Any]) -> None:
        told = {"workload": row["name"], "server": server, "load_average": machine.load_average()}
        told |= {"commit": self.facts["commit"], "date": self.facts["date"], "quick": self.quick}
        self.told["runs"].append(told | outcome)
        say(f"{row['name']} · {server}: {board_report.in_short(row['load'], outcome)}")

    def _look(self, row: Row) -> None:
        self.told["before"][row["name"]] = machine.quiet_check()


def chosen(given: argparse.Namespace, config: dict[str, Any]) -> list[Row]:
    rows: list[Row] = [row for row in config["row"] if given.only is None or row["name"] in given.only]
    for row in rows:
        if given.quick:
            row["repeats"] = config["run"]["repeats_quick"]
            if "seconds" in row["args"]:
                row["args"]["seconds"] = config["run"]["seconds_quick"]
        if given.repeats:
            row["repeats"] = given.repeats
        if given.seconds and "seconds" in row["args"]:
            row["args"]["seconds"] = given.seconds
    return rows


def parse(config: dict[str, Any], arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoreboard", description=__doc__)
    names = [row["name"] for row in config["row"]]
    parser.add_argument("--only", "--workload", help=f"rows of {','.join(names)}")
    parser.add_argument("--without-peers", action="store_true", help="ratios then stay as they were: not run")
    parser.add_argument("--peers", default=",".join(PEER_SCRIPTS))
    parser.add_argument("--ways", default=",".join(WAYS_USUAL), help=f"of {','.join(WAYS)}")
    parser.add_argument("--repeats", type=int, help="of each row")
    parser.add_argument("--seconds", type=float, help="of typing or presence")
    parser.add_argument("--quick", action="store_true", help="once, few seconds: does it work at all")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of RESULTS.md and scoreboard.json")
    given = parser.parse_args(arguments)
    given.only = given.only.split(",") if given.only else None
    given.ways = given.ways.split(",")
    given.peers = [] if given.without_peers else given.peers.split(",")
    for kind, asked, known in (
        ("row", given.only or [], names),
        ("way", given.ways, WAYS),
        ("peer", given.peers, PEER_SCRIPTS),
    ):
        if unknown := sorted(set(asked) - set(known)):
            parser.error(f"no such {kind}: {', '.join(unknown)}")
    return given


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def main() -> int:
    config = tomllib.loads((HERE / "workloads.toml").read_text())
    given = parse(config)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    given.out.mkdir(parents=True, exist_ok=True)
    kept = given.out / report.SCOREBOARD
    found = json.loads(kept.read_text()) if kept.exists() else {}
    board = Scoreboard(chosen(given, config), given.ways, given.peers, found, given.quick)
    began = time.monotonic()
    try:
        board.run()
    except KeyboardInterrupt:
        say("interrupted: everything that was started has been ended, nothing is written")
        return EXIT_INTERRUPTED
    kept.write_text(json.dumps(board.told, indent=1) + "\n")
    report.write(given.out)
    say(f"wrote {given.out / report.TEXT} after {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
