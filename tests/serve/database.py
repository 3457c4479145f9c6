"""A real PostgreSQL for tests: its own cluster in a folder, on loopback, to be killed, cut off, restarted.

Owns one server and its files. Invariant: durable as in production (fsync on), and nothing of it outlives the test.
Unlike the server of `tests.postgres`, which is fast and forgets.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.postgres import binaries

START_S = 60
USER = "storyforge"
CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
log_min_messages = warning
"""


class Postgres:
    """`url` is what a client connects with. The server refuses to run as root, so root runs it as somebody else."""

    def __init__(self, folder: Path) -> None:
        found = binaries()
        if found is None:
            pytest.skip("not run: no PostgreSQL server on this machine")
        self.folder, self.port = folder, free_port()
        self._bin, self._data = found, folder / "pg"
        self._user = next((name for name in ("postgres", "nobody") if os.geteuid() == 0 and _is_user(name)), None)
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"
        self._data.mkdir()
        folder.chmod(0o711)
        self.give(self._data)
        self._run("initdb", "-D", str(self._data), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C")
        with (self._data / "postgresql.conf").open("a") as config:
            config.write(CONFIG + f"port = {self.port}\n")

    def give(self, folder: Path) -> None:
        """Make it the server's own."""
        if self._user is not None:
            shutil.chown(folder, self._user)

    def _run(self, name: str, *arguments: str) -> str:
        command = [str(self._bin / name), *arguments]
        done = subprocess.run(
            command, user=self._user, capture_output=True, text=True, timeout=START_S, check=False, cwd="/"
        )
        assert done.returncode == 0, f"{name}: {done.stderr or done.stdout}"
        return done.stdout

    def start(self) -> None:
        log = self._data / "server.log"
        command = [str(self._bin / "pg_ctl"), "-D", str(self._data), "-w", "-t", str(START_S), "-l", str(log), "start"]
        done = subprocess.run(
            command, user=self._user, stdout=subprocess.DEVNULL, timeout=START_S, check=False, cwd="/"
        )
        assert done.returncode == 0, log.read_text()[-2000:]

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is a crash: no checkpoint, every connection cut."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def restart(self) -> None:
        self.stop("immediate")
        self.start()

    def sql(self, text: str) -> str:
        return self._run("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text, self.url).strip()

    def terminate_backends(self) -> int:
        """Cut every client's connection; how many."""
        cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        return int(self.sql(f"{cut} AND backend_type = 'client backend'"))


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """In a folder of its own: what pytest gives is closed to other users, also later and by other runs of it."""
    with tempfile.TemporaryDirectory(prefix="storyforge-postgres-") as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):
                server.stop("immediate")
