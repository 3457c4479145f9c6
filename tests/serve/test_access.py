"""Access links on the deployed stack: a stock client, through the ingress, while its link is narrowed and revoked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conftest import Stack
from tests.interop.test_y_websocket import node, run_node, talk
from tests.serve.stories import SCRIPT, project_with_scene

pytestmark = pytest.mark.serve
__all__ = ["node"]
FRESH = "query($id: ID!) { scene(id: $id) { script(fresh: true) } }"
AT_ONCE_MS = 1_000


async def test_w98_a_stock_client_follows_its_link(stack: Stack, node: str) -> None:
    """W-98: an editor made viewer cannot write (4403) and reads on; revoked, it is closed 4401 within a second of the
    answer and stops coming back."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Shared")
    shown = "token accessLink { id }"
    given = {"projectId": project, "role": "EDITOR", "label": "Ben"}
    made = await asyncio.to_thread(stack.mutate, "createAccessLink", shown, **given)
    link = made["accessLink"]["id"]

    async def act(name: str, **fields: Any) -> None:
        await asyncio.to_thread(stack.mutate, name, "accessLink { id }", accessLinkId=link, **fields)

    url = f"ws://127.0.0.1:{stack.port}/collab/{project}"
    options = ("--url", url, "--doc", f"scene:{scene}", "--token", made["token"])
    async with asyncio.timeout(90):
        narrowed, reads, revoked = await talk(
            await run_node(node, "access.mjs", *options),
            {"narrow": lambda: act("changeAccessLink", role="VIEWER"), "revoke": lambda: act("revokeAccessLink")},
        )
    assert narrowed == {"step": "narrowed", "code": 4403, "retries": False}
    assert reads["text"] == SCRIPT
    assert (revoked["code"], revoked["retries"]) == (4401, False)
    assert revoked["ms"] < AT_ONCE_MS
    answer = await asyncio.to_thread(stack.graphql, FRESH, id=scene)
    assert answer["scene"]["script"] == SCRIPT
