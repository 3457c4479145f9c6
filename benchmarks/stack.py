"""A StoryForge that the benchmark starts as a user does, and talks to as a partner does.

Owns one `storyforge serve` on a data directory of its own. Invariant: pids are those of this instance only, found by
the same signs by which `storyforge stop` finds them.
"""

from __future__ import annotations

import itertools
import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from benchmarks import procfs
from benchmarks.children import Children, PartFailed
from serve_app.lifecycle.instance import signs_of
from serve_app.lifecycle.processes import belonging

START_S_MAX = 120.0
STOP_S_MAX = 60.0
POLL_S = 0.02
REPLICA_PORTS = range(30_000, 31_000)
"""Where Ray Serve puts replicas' own HTTP ports when HAProxy is in front."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """`started_s`: seconds from the command to the first 200 of /healthz."""

    def __init__(
        self, children: Children, folder: Path, arguments: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> None:
        self.port, self.token = free_port(), secrets.token_urlsafe(24)
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = folder / "data"
        self.log = folder / "serve.log"
        self._keys = itertools.count()
        self.http = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {self.token}"}, timeout=60, trust_env=False
        )
        command = [str(Path(sys.executable).parent / "storyforge"), "serve", "--port", str(self.port)]
        command += ["--data-dir", str(self.data_dir), *arguments]
        began = time.monotonic()
        with self.log.open("w") as log:
            self.process = children.start(
                command, env={**(env or {}), "STORYFORGE_OWNER_TOKEN": self.token}, log=log, grace_s=STOP_S_MAX
            )
        self._wait_healthy(began)
        self.started_s = time.monotonic() - began

    def _wait_healthy(self, began: float) -> None:
        while True:
            if self.process.poll() is not None:
                raise PartFailed(f"storyforge serve ended: {self.log.read_text()[-400:].strip()}")
            try:
                if self.http.get("/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() - began > START_S_MAX:
                raise PartFailed(f"storyforge serve was not healthy within {START_S_MAX:g} s")
            time.sleep(POLL_S)

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = self.http.post("/graphql", json={"query": query, "variables": variables})
        told = answer.json()
        if answer.status_code != 200 or "errors" in told:
            raise PartFailed(f"GraphQL answered {answer.status_code}: {str(told)[:300]}")
        data: dict[str, Any] = told["data"]
        return data

    def mutate(self, name: str, selection: str, **fields: Any) -> dict[str, Any]:
        kind = name[0].upper() + name[1:] + "Input"
        given = {"idempotencyKey": f"bench-{os.getpid()}-{next(self._keys)}", **fields}
        query = f"mutation($i: {kind}!) {{ {name}(input: $i) {{ {selection} userErrors {{ code message }} }} }}"
        answer: dict[str, Any] = self.graphql(query, i=given)[name]
        if answer["userErrors"]:
            raise PartFailed(f"{name} was refused: {answer['userErrors']}")
        return answer

    def new_project(self, title: str) -> str:
        found = self.mutate("createProject", "project { id }", title=title, type="SHORT")["project"]["id"]
        return str(found)

    def new_scene(self, project: str, script: str = "INT. ROOM - DAY\n") -> str:
        heading = script.split("\n", 1)[0]
        made = self.mutate("createScene", "scene { id }", projectId=project, heading=heading, script=script)
        return str(made["scene"]["id"])

    def owner_pid(self, project: str) -> int | None:
        answer = self.http.get(f"/api/owner/{project}")
        return int(answer.json()["pid"]) if answer.status_code == 200 else None

    def pids(self) -> list[int]:
        """All processes of this instance, the command itself included."""
        return [self.process.pid, *belonging(signs_of(self.data_dir))]

    def story_hosts(self) -> list[int]:
        return [pid for pid in self.pids() if "StoryHost" in procfs.command_of(pid)]

    def haproxies(self) -> list[int]:
        return [pid for pid in self.pids() if "haproxy" in procfs.command_of(pid).split(" ")[0].lower()]

    def replica_port(self, pid: int) -> int | None:
        """The replica's own HTTP port, or None without HAProxy."""
        return next((port for port in procfs.listening_ports(pid) if port in REPLICA_PORTS), None)

    def close(self) -> None:
        self.http.close()
