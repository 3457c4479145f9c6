"""The disk is full while people type: *sending* stays, nothing unsaved is shown, refusals can be retried, it heals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Stack, start_stack, stop_stack
from tests.serve import replicas
from tests.serve.database import postgres
from tests.serve.load import are_together, check_closes
from tests.serve.peer import Person
from tests.serve.stories import project_with_scene

pytestmark = [pytest.mark.serve, pytest.mark.proof]

DISK_MIB = 48
REFUSED_S = 30
LEASES_END_S = 30
PAGE = " every page is as long as this one is and says as little" * 40


@contextlib.contextmanager
def small_disk(where: Path) -> Iterator[None]:
    """A file system of its own in memory; *not run* where mounting is not allowed."""
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(where)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("not run: a small disk must be mounted, which is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def fill(where: Path) -> Path:
    """The last byte is taken."""
    ballast = where / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    return ballast


def asked(stack: Stack, project: str) -> dict[str, Any]:
    """What a partner's mutation is answered."""
    given = {"projectId": project, "heading": "EXT. PIER - DAY", "idempotencyKey": stack.key()}
    mutation = "mutation($i: CreateSceneInput!) { createScene(input: $i) { userErrors { code retryable } } }"
    status, answer = stack.request("/graphql", {"query": mutation, "variables": {"i": given}})
    if status == 200 and "errors" not in answer:
        errors = answer["data"]["createScene"]["userErrors"]
        return errors[0] if errors else {}
    found: dict[str, Any] = answer["errors"][0]["extensions"] if isinstance(answer, dict) else {"code": status}
    return found


async def test_a105_a_full_disk_loses_nothing_and_heals(tmp_path: Path) -> None:
    """A-105: with no byte left, words wait with their writer, others do not see them, a command is refused as
    retryable; with room again all is committed and no host was restarted."""
    disk = tmp_path / "disk"
    with small_disk(disk):
        stack = await asyncio.to_thread(start_stack, disk / "data")
        try:
            await _fills_and_heals(stack, disk, leases_end=True)
        finally:
            await asyncio.to_thread(stop_stack, stack)


async def test_a105_a_full_tablespace_of_postgres_loses_nothing_and_heals(tmp_path: Path) -> None:
    """A-105: as on SQLite; heartbeats find room in their own page, so leases go on."""
    with postgres() as server, small_disk(server.folder / "disk"):
        disk = server.folder / "disk"
        server.give(disk)
        server.sql(f"CREATE TABLESPACE small LOCATION '{disk}'")
        server.sql("ALTER DATABASE postgres SET default_tablespace = small")
        stack = await asyncio.to_thread(start_stack, tmp_path / "data", settings={"database_url": server.url})
        try:
            await _fills_and_heals(stack, disk, leases_end=False)
        finally:
            await asyncio.to_thread(stop_stack, stack)


async def _fills_and_heals(stack: Stack, disk: Path, *, leases_end: bool) -> None:
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Full")
    url = f"ws://127.0.0.1:{stack.port}/collab/{project}/scene:{scene}"
    async with Person(url, stack.token, "Ada") as ada, Person(url, stack.token, "Bo") as bo:
        await ada.type(" <before>")
        await ada.until_acknowledged()
        pids = {host.pid for host in await replicas.hosts(stack)}
        ballast = await asyncio.to_thread(fill, disk)
        began = asyncio.get_running_loop().time()
        refused = 0
        while not refused:  # the log of SQLite may still have room inside
            assert asyncio.get_running_loop().time() - began < REFUSED_S, "nothing was ever refused"
            await ada.type(f" <page{len(ada.typed):04d}>{PAGE}")
            with contextlib.suppress(TimeoutError):
                await ada.until_acknowledged(2)
                continue
            refused = len(ada.missing())
        answer = await asyncio.to_thread(asked, stack, project)
        assert answer.get("retryable") is True, f"a command on a full disk is answered {answer}"
        assert not [word for word in ada.missing() if word in str(bo.text)], "what is not saved was shown"
        async with asyncio.timeout(LEASES_END_S):  # nor can a heartbeat be written: every lease ends
            while leases_end and await replicas.hosts(stack):  # noqa: ASYNC110 (a fact in other processes)
                await asyncio.sleep(0.1)
        ballast.unlink()
        took = await are_together((ada, bo))
        check_closes((ada, bo))
        assert {host.pid for host in await replicas.hosts(stack)} == pids, "a host was restarted"
        print(f"\n{refused} pages waited, all saved {took:.2f} s after there was room; a command was told {answer}")
    replicas.check_one_writer(await replicas.rows(stack, project))
