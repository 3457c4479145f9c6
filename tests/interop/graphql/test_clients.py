"""Our endpoint beside other people's: the `graphql-http` audits, and stock `graphql-ws` and `graphql-sse` clients."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.serve_app.conftest import TOKEN, World, served, world

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
AUDITS = 61
__all__ = ["served", "world"]  # fixtures


async def node(script: str, *args: str) -> Any:
    """The JSON line a script prints."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("not run: no Node on this machine")
    if not (HERE / "node_modules" / "graphql-http").is_dir():
        npm = shutil.which("npm")
        assert npm is not None
        install = await asyncio.create_subprocess_exec(npm, "ci", "--no-audit", "--no-fund", cwd=HERE)
        assert await install.wait() == 0
    process = await asyncio.create_subprocess_exec(
        found, str(HERE / script), *args, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return json.loads(out.decode().strip().splitlines()[-1])


async def test_q18_the_graphql_over_http_audits_find_no_fault(served: str) -> None:
    """Q-18: no audit errs and none warns; notices are tolerated where the specification leaves a choice."""
    found = await node("audit.mjs", f"http://{served}/graphql", TOKEN)
    counts = found["counts"]
    print(counts, found["remarks"])
    assert sum(counts.values()) == AUDITS
    assert (counts["error"], counts["warn"]) == (0, 0), found["remarks"]


async def test_q18_stock_streaming_clients_read_a_project(world: World, served: str) -> None:
    """Q-18: `graphql-ws` and `graphql-sse` as published get events; a wrong token gets 4401."""
    project = await world.project()
    found = await node("clients.mjs", served, TOKEN, project)
    event = {"sequence": "1", "kind": "home.claimed"}
    assert found == {"socket": event, "events": event, "refused": 4401}
