"""The servers of the collab part: both peers and StoryForge by three ways, each as rooms to join and pids to watch.

Invariant: every server gets fresh rooms for each run, and its pids are processes that this benchmark started.
"""

from __future__ import annotations

import base64
import os
import select
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks import procfs
from benchmarks.children import ROOT, Children, PartFailed
from benchmarks.stack import Stack, free_port

PEERS = ROOT / "benchmarks" / "peers"
PEER_SCRIPTS = {
    "hocuspocus": ("hocuspocus.mjs", "hocuspocus"),
    "y-websocket-server": ("y-websocket-server.mjs", "y-websocket"),
}
"""Name → script and dialect."""

WAYS = ("haproxy", "direct", "tunnelled")
READY_S_MAX = 20.0
PROJECTS_MAX = 60
"""How many projects are made at most to find enough that lie where a server of ours wants them."""


@dataclass(frozen=True, slots=True)
class Room:
    """`path` is the raw client's; a stock client gets `stock_url` and `name`."""

    url: str
    path: str
    name: str
    stock_url: str
    project: str = ""


class Loaded(Protocol):
    """What a load has to know of a server."""

    @property
    def dialect(self) -> str: ...
    @property
    def token(self) -> str: ...
    def groups(self) -> dict[str, list[int]]:
        """Its pids, by what they are."""
        ...


class Server(Loaded, Protocol):
    name: str

    def rooms(self, count: int, one_project: bool) -> list[Room]: ...
    def pids(self) -> list[int]: ...

    def rest_pids(self) -> list[int]:
        """Processes that come with the server and take no part in the collab path (none for the peers)."""
        ...


def node() -> str:
    """Node with the peers installed. Raises `PartFailed` where there is none."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        raise PartFailed("there is no Node on this machine")
    if not (PEERS / "node_modules" / "@hocuspocus" / "server").exists():
        done = subprocess.run([npm, "ci", "--silent"], cwd=PEERS, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PartFailed(f"npm ci failed: {done.stderr.strip()[-300:]}")
    return found


class Peer:
    """One of the peers, one Node process, in memory."""

    token = ""

    def __init__(self, children: Children, name: str) -> None:
        script, self.dialect = PEER_SCRIPTS[name]
        self.name = name
        self.port = free_port()
        self._made = 0
        self._process = children.start([node(), script, str(self.port)], cwd=PEERS, piped=True)
        out = self._process.stdout
        assert out is not None
        if not select.select([out], [], [], READY_S_MAX)[0] or "ready" not in out.readline():
            raise PartFailed(f"{name} did not get ready within {READY_S_MAX:g} s")

    def rooms(self, count: int, one_project: bool) -> list[Room]:
        made = []
        for _ in range(count):
            self._made += 1
            name = f"bench-{self._made}"
            path = "/" if self.dialect == "hocuspocus" else f"/{name}"
            made.append(Room(f"http://127.0.0.1:{self.port}", path, name, f"ws://127.0.0.1:{self.port}"))
        return made

    def pids(self) -> list[int]:
        return [self._process.pid]

    def groups(self) -> dict[str, list[int]]:
        return {"node": self.pids()}

    def rest_pids(self) -> list[int]:
        return []


@dataclass
class Placement:
    """Where projects of one stack live and where HAProxy sends their sockets; shared by the three ways to it."""

    stack: Stack
    aligned: list[str] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    made: int = 0
    made_crossed: int = 0

    def take(self, count: int, crossed: bool) -> list[str]:
        """Projects whose owner is (or, `crossed`, is not) the replica that HAProxy picks for their sockets."""
        wanted = self.crossed if crossed else self.aligned
        for _ in range(PROJECTS_MAX):
            if len(wanted) >= count:
                break
            self._make()
        if len(wanted) < count:
            raise PartFailed(f"no {count} projects that lie {'across' if crossed else 'straight'} in {PROJECTS_MAX}")
        taken = wanted[:count]
        del wanted[:count]
        return taken

    def _make(self) -> None:
        project = self.stack.new_project(f"bench {self.made}")
        self.made += 1
        owner, landed = self.stack.owner_pid(project), self._landing(project)
        if owner is not None and landed is not None:
            (self.aligned if owner == landed else self.crossed).append(project)
            self.made_crossed += owner != landed

    def _landing(self, project: str) -> int | None:
        """Pid of the replica to which HAProxy sends a socket of this project: that one's port has one more."""
        ports = {pid: self.stack.replica_port(pid) for pid in self.stack.story_hosts()}
        before = {pid: procfs.accepted_on(port) for pid, port in ports.items() if port is not None}
        key = base64.b64encode(os.urandom(16)).decode()
        with socket.create_connection(("127.0.0.1", self.stack.port), 10) as probe:
            probe.sendall(
                f"GET /collab/{project}/outline HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Authorization: Bearer {self.stack.token}\r\n\r\n".encode()
            )
            if b" 101 " not in probe.recv(4096):
                return None
            more = [pid for pid, count in before.items() if procfs.accepted_on(ports[pid] or 0) > count]
        time.sleep(0.05)  # the closed probe leaves the table before the next one counts
        return more[0] if len(more) == 1 else None


class Ours:
    """StoryForge by one way: "haproxy" (as it ships), "direct" (the owner's own port), "tunnelled" (wrong replica)."""

    dialect = "y-websocket"

    def __init__(self, placement: Placement, way: str) -> None:
        self.name = self.name_of(way)
        self.token = placement.stack.token
        self.placement, self._stack, self._way = placement, placement.stack, way

    def rooms(self, count: int, one_project: bool) -> list[Room]:
        projects = self.placement.take(1 if one_project else count, self._way == "tunnelled")
        made = []
        for project in projects * count if one_project else projects:
            made.append(self._room(project, f"/collab/{project}/scene:{self._stack.new_scene(project)}"))
        return made

    def again(self, room: Room) -> Room:
        """A room of an earlier run of the same data directory."""
        return self._room(room.project, room.path)

    def _room(self, project: str, path: str) -> Room:
        url = self._url(project)
        stock, _, name = f"ws{url.removeprefix('http')}{path}".rpartition("/")
        return Room(url, path, name, stock, project)

    def _url(self, project: str) -> str:
        if self._way != "direct":
            return self._stack.url
        pid = self._stack.owner_pid(project) or self._stack.story_hosts()[0]
        port = None if pid is None else self._stack.replica_port(pid)
        if port is None:
            raise PartFailed("the owning replica's own port was not found")
        return f"http://127.0.0.1:{port}"

    @staticmethod
    def name_of(way: str) -> str:
        return "storyforge" if way == "haproxy" else f"storyforge, {way}"

    def pids(self) -> list[int]:
        return [pid for group in self.groups().values() for pid in group]

    def groups(self) -> dict[str, list[int]]:
        hosts = {"hosts": self._stack.story_hosts()}
        return hosts if self._way == "direct" else {**hosts, "haproxy": self._stack.haproxies()}

    def rest_pids(self) -> list[int]:
        own = set(self.pids())
        return [pid for pid in self._stack.pids() if pid not in own]
