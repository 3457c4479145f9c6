"""Processes of the benchmark end with it, and what /proc tells about them is theirs alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from benchmarks import procfs
from benchmarks.children import Children, PartFailed
from benchmarks.run import parse

pytestmark = pytest.mark.unit

DEAF = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("up", flush=True)
while True:
    signal.pause()
"""


def test_children_end_with_their_owner_even_deaf_ones() -> None:
    """Nothing that was started outlives the benchmark, whatever it does with SIGINT."""
    started: list[subprocess.Popen[str]] = []

    def interrupted() -> None:
        with Children() as children:
            started.append(children.start([sys.executable, "-c", DEAF], piped=True, grace_s=0.1))
            assert started[0].stdout is not None
            assert started[0].stdout.readline() == "up\n"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert started[0].returncode is not None


def test_a_child_that_fails_says_why() -> None:
    with Children() as children:
        process = children.start([sys.executable, "-c", "raise SystemExit('no disk')"], piped=True)
        with pytest.raises(PartFailed, match="no disk"):
            children.finish(process, 20)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not run: reads /proc")
def test_ports_and_connections_of_a_process_are_found() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert port in procfs.listening_ports(os.getpid())
        assert procfs.accepted_on(port) == 0
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            with accepted:
                assert procfs.accepted_on(port) == 1
    assert procfs.cpu_s([os.getpid()]) > 0
    assert procfs.pss_mb([os.getpid()]) > 1
    assert procfs.cpu_s([2**22 + 1]) == 0


def test_unknown_parts_are_refused() -> None:
    assert parse(["--only", "ledger,render"]).only == {"ledger", "render"}
    with pytest.raises(SystemExit):
        parse(["--only", "ledgr"])
